"""promtool as the judge of rules: many at once, as one start of the program costs more than one test."""

import os
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from model.documents import to_yaml
from tests.rules.cases import STEP, Test, cases_by_rule, given_names
from tests.rules.rulebook import Rule, needed, rule_file

_SCRATCH = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}  # noqa: S108 (each test has a database for a moment: in memory)

AT_ONCE = 60
"""Rules that one process judges."""


def write(
    folder: Path, name: str, rule: Rule, fields: Mapping[str, object] | None = None, only: Callable[[Test], bool] | None = None
) -> Path:
    """Writes a rule, with other ``fields`` if there are any, with what it needs and its tests, or ``only`` some of them."""
    every = cases_by_rule().get(rule.id, ())
    tests = tuple(test for test in every if only is None or only(test))
    needs = needed(rule, given_names(every))
    if fields is not None:
        changed = replace(rule, fields=fields)
        # What the change asks for beyond what the rule did is not made: it is a fault, not a wish.
        needs = [changed if other is rule else other for other in needs]
    (folder / f"{name}.rules.yaml").write_text(rule_file(needs))
    target = folder / f"{name}.test.yaml"
    target.write_text(_test_file(f"{name}.rules.yaml", tests))
    return target


def _test_file(rules: str, tests: tuple[Test, ...]) -> str:
    steps = {str(test.get("interval")) for test in tests}
    interval = steps.pop() if len(steps) == 1 else f"{STEP}s"
    return to_yaml({"rule_files": [rules], "evaluation_interval": interval, "tests": [dict(test) for test in tests]})


def judge(promtool: Path, targets: list[Path], jobs: int = 2) -> dict[str, str]:
    """What promtool says of each test file, by its name: "" when it passes."""
    batches = [targets[start : start + AT_ONCE] for start in range(0, len(targets), AT_ONCE)]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        verdicts: dict[str, str] = {}
        for said in pool.map(partial(_run, promtool), batches):
            verdicts |= said
    return verdicts


def _run(promtool: Path, batch: list[Path]) -> dict[str, str]:
    folder = batch[0].parent
    report = folder / f"{batch[0].name}.xml"
    command = [promtool, "test", "rules", f"--junit={report.name}", *(path.name for path in batch)]
    result = subprocess.run(command, cwd=folder, env=os.environ | _SCRATCH, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(f"promtool gave no report: {result.stdout}{result.stderr}")
    said = {str(suite.get("name")): "\n".join(suite.itertext()) + _counted(suite) for suite in ElementTree.parse(report).getroot()}  # noqa: S314 (our own)
    if missing := [path.name for path in batch if path.name not in said]:
        raise RuntimeError(f"promtool says nothing of {', '.join(missing)}")
    return said


def _counted(suite: ElementTree.Element) -> str:
    """A file that promtool cannot even read has no text, but an error."""
    return "" if suite.get("failures") == suite.get("errors") == "0" else "fails"
