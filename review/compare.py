"""One environment as it is on the base and as it would be: rendered by each side's own code, and compared."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from pathlib import Path

from checks.__main__ import findings
from checks.cost import total
from checks.delivery.base import NoBaseError, checkout, run
from checks.delivery.program import UnansweredError
from checks.delivery.proof import compute
from checks.delivery.show import changes as route_changes
from checks.record import record_platform
from checks.render import INTENT, rendered, write
from guard.changes import changes
from guard.intent import Intent
from guard.verdict import judge
from model.documents import read
from model.environment import Environment, load
from model.errors import Finding, InvalidConfiguration
from model.prices import read_prices
from model.stack import environments, stack_file
from review.comment import EnvironmentReview
from review.objects import object_changes
from review.topics import TOPICS, differences, secret_changes

ROOT = Path(__file__).resolve().parent.parent


def names(base: str) -> list[str]:
    """The environments of the checkout and those of a commit, none of which may go without a word."""
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-tree", "--name-only", base], capture_output=True, text=True, check=False)
    there = [file.split(".")[1] for file in listed.stdout.splitlines() if fnmatch(file, stack_file("*"))]
    return sorted({*environments(ROOT), *there})


def review(name: str, base: str) -> EnvironmentReview:
    """What the checkout would change of an environment, against a commit."""
    if not (ROOT / stack_file(name)).is_file():
        return _failed(name, f"its stack file goes, but what it deployed stays until `pulumi destroy -s {name}`, which needs that file")
    try:
        environment = load(ROOT, name)
        with tempfile.TemporaryDirectory(prefix="observability-review-") as directory:
            scratch = Path(directory)
            resources = record_platform(environment)
            write(rendered(environment, resources), scratch / "here")
            tree = checkout(ROOT, base, scratch)
            if not (tree / stack_file(name)).is_file():
                return begun(environment, scratch / "here", total(environment, resources, read_prices(ROOT)), findings(environment))
            secrets = secret_changes(*(read(root, stack_file(name)).content for root in (tree, ROOT)))
            run(tree, base, "render", "--env", name, "--out", str(scratch / "base"))
            costs = told_total(run(tree, base, "cost", "--env", name)), total(environment, resources, read_prices(ROOT))
            found = compared(environment, scratch / "base", scratch / "here", costs, findings(environment))
            return replace(found, topics={**found.topics, "Secrets": secrets})
    except InvalidConfiguration as invalid:
        return _failed(name, "; ".join(str(finding) for finding in invalid.findings))
    except (NoBaseError, UnansweredError) as error:
        return _failed(name, str(error))


def begun(environment: Environment, after: Path, cost: float, wrong: Iterable[Finding]) -> EnvironmentReview:
    """An environment that the base does not have: all of its objects are new, and whatever else it has is no difference."""
    return EnvironmentReview(
        name=environment.name, objects=object_changes({}, _files(after)), topics={}, costs=(0.0, cost), findings=tuple(map(str, wrong))
    )


def compared(
    environment: Environment, before: Path, after: Path, costs: tuple[float, float], wrong: Iterable[Finding] = ()
) -> EnvironmentReview:
    """What lies between two renderings of an environment, in directories, that cost so many dollars a month. Raises UnansweredError."""
    base, head = _files(before), _files(after)
    known = environments(ROOT)
    routes = route_changes(compute(environment, before, known), compute(environment, after, known))
    topics = {topic: differences(of(base), of(head)) for topic, of in TOPICS.items()}
    return EnvironmentReview(
        name=environment.name,
        objects=object_changes(base, head),
        topics={"Who is told": tuple(routes), **topics},
        costs=costs,
        findings=tuple(map(str, wrong)),
        refusals=tuple(refusals(environment, base, head)),
    )


def refusals(environment: Environment, base: Mapping[str, str], head: Mapping[str, str]) -> Iterator[str]:
    """What the guard would say of the step from one rendering to the other; nothing where the base tells no facts."""
    if INTENT in base:
        previous, new = (Intent.model_validate_json(side[INTENT]) for side in (base, head))
        verdict = judge(changes(previous, new, datetime.now(UTC).date()), environment.settings.accept)
        yield from (f"refused unless accepted: `{change.line}`: {change.why}. Way out: {change.way_out}." for change in verdict.refused)
        yield from (f"accepted: `{change.line}`: {change.why}." for change in verdict.accepted)


def told_total(report: str) -> float:
    """The dollars a month that a printed report of `make cost` ends with. Raises NoBaseError when it has no total."""
    for line in report.splitlines():
        if line.startswith("total "):
            return float(line.split()[1])
    raise NoBaseError(f"the base tells no cost: {report.strip()[-200:]}")


def _failed(name: str, problem: str) -> EnvironmentReview:
    return EnvironmentReview(name=name, objects=(), topics={}, costs=(0, 0), problem=problem)


def _files(directory: Path) -> dict[str, str]:
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}
