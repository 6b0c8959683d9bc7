"""The comment for five changes that people make, word by word, and what it is made of."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from checks.cost import total
from checks.delivery.base import NoBaseError
from checks.delivery.program import PROGRAM
from checks.delivery.proof import Delivery, compute
from checks.leaks import CANARY, canary
from checks.record import record_platform
from checks.render import INTENT, rendered, write
from model.documents import read
from model.environment import Environment, load
from model.errors import Finding
from model.prices import read_prices
from review import compare
from review.comment import LONGEST, LONGEST_LINE, MARK, EnvironmentReview, comment
from review.compare import begun, compared, names, refusals, review, told_total
from review.objects import ObjectChange, object_changes
from review.topics import TOPICS, differences, secret_changes
from sandbox.toolchain import tool
from tests.components.environments import ROOT, environment, files, resources

GOLDEN = ROOT / "tests/golden/review"

Edit = tuple[str, str, str]
"""A file, what stands there, and what is to stand there."""

CHANGES: dict[str, list[Edit]] = {
    "a-service-promises-less": [("configs/catalogues/dharma.yaml", "availability: 99.9%", "availability: 99.5%")],
    "logs-get-larger-disks": [("Pulumi.prod.yaml", "storage: 50Gi", "storage: 80Gi")],
    "logs-are-kept-for-less-long": [("Pulumi.prod.yaml", "    retention: 30d\n    classes:", "    retention: 14d\n    classes:")],
    "warnings-go-by-mail": [("Pulumi.prod.yaml", "warning: [slack]", "warning: [email]")],
    "the-bucket-is-renamed": [("Pulumi.prod.yaml", "name: dharma-observability-logs-prod", "name: dharma-logs-prod")],
}
ROLE = "manifests/rbac.yaml"


def changed(edits: list[Edit], tmp_path: Path) -> Environment:
    """prod with some files edited."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    for name, old, new in edits:
        file = tmp_path / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))
    return load(tmp_path, "prod")


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of prod as it is."""
    directory = tmp_path_factory.mktemp("before")
    write(files("prod"), directory)
    return directory


@pytest.fixture(scope="module")
def computing(before: Path) -> Callable[[Environment, Path, Sequence[str]], Delivery]:
    """What Alertmanager would do; as prod is it is worked out once for all changes, but for those of who there is."""
    known: dict[str, Delivery] = {}

    def computed(given: Environment, directory: Path, names: Sequence[str]) -> Delivery:
        if directory != before:
            return compute(given, directory, names)
        routing = given.routing.model_dump_json()
        if routing not in known:
            known[routing] = compute(given, directory, names)
        return known[routing]

    return computed


@pytest.mark.binaries
@pytest.mark.parametrize("name", CHANGES)
def test_what_people_read(
    name: str,
    before: Path,
    computing: Callable[[Environment, Path, Sequence[str]], Delivery],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{tool(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(compare, "compute", computing)
    prices, prod, after = read_prices(ROOT), environment("prod"), changed(CHANGES[name], tmp_path / "edited")
    recorded = record_platform(after)
    write(rendered(after, recorded), tmp_path / "after")
    costs = total(prod, resources("prod"), prices), total(after, recorded, prices)
    review = compared(after, before, tmp_path / "after", costs)
    text, golden = comment([review], "main"), GOLDEN / f"{name}.md"
    if os.environ.get("GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()
    assert CANARY not in text


def test_what_changes_nothing_says_so() -> None:
    objects = object_changes(files("prod"), files("prod"))
    topics = {topic: differences(of(files("prod")), of(files("prod"))) for topic, of in TOPICS.items()}
    review = EnvironmentReview(name="prod", objects=objects, topics=topics, costs=(10.0, 10.0))
    assert review.is_unchanged
    text = comment([review], "main")
    assert text.startswith(MARK)
    assert text.endswith("| prod |  |  |  |  | 10.00 | nothing wrong |\n\nNothing that is deployed changes.\n")


def edited(path: str, old: str, new: str) -> dict[str, str]:
    """The rendered files of prod with one of them changed."""
    assert old in files("prod")[path]
    return {**files("prod"), path: files("prod")[path].replace(old, new, 1)}


def test_an_object_that_must_be_made_anew_is_told_with_the_field() -> None:
    head = edited("manifests/prometheus.yaml", "serviceName: prometheus-headless", "serviceName: prometheus")
    [change] = object_changes(files("prod"), head)
    assert (change.operation, change.kind, change.is_loss) == ("replaced", "StatefulSet", True)
    assert change.reason == "`spec.serviceName` cannot change in place"


def test_what_the_engine_leaves_as_it_was_made_is_not_told_as_replaced() -> None:
    head = edited("manifests/prometheus.yaml", "storage: 200Gi", "storage: 300Gi")
    [change] = object_changes(files("prod"), head)
    assert (change.operation, change.is_loss) == ("changed", False)


def test_what_the_guard_would_refuse_is_red_with_the_way_out_and_what_is_accepted_too() -> None:
    head = edited(INTENT, '"logs.retention": "30d"', '"logs.retention": "14d"')
    [line] = refusals(environment("prod"), files("prod"), head)
    assert line.startswith("refused unless accepted: `logs.retention: 30d -> 14d`: what is older than 14d is deleted")
    assert "Way out: keep the retention" in line
    accepting = environment("prod").settings.model_copy(update={"accept": ("logs.retention: 30d -> 14d",)})
    [line] = refusals(replace(environment("prod"), settings=accepting), files("prod"), head)
    assert line.startswith("accepted: `logs.retention: 30d -> 14d`")
    assert list(refusals(environment("prod"), {path: text for path, text in files("prod").items() if path != INTENT}, head)) == []
    review = EnvironmentReview(name="prod", objects=(), topics={}, costs=(1.0, 1.0), refusals=[line])
    assert "> [!CAUTION]\n> **prod: the guard:** accepted: `logs.retention" in comment([review], "main")


def test_an_object_that_can_change_in_place_does() -> None:
    head = edited("manifests/grafana.yaml", "replicas: 2", "replicas: 3")
    [change] = object_changes(files("prod"), head)
    assert (change.operation, change.fields, change.is_loss) == ("changed", ("spec.replicas",), False)


def test_what_is_new_and_what_is_gone() -> None:
    without = {path: text for path, text in files("prod").items() if path != ROLE}
    gone = object_changes(files("prod"), without)
    assert {change.operation for change in gone} == {"deleted"}
    assert {change.operation for change in object_changes(without, files("prod"))} == {"created"}
    assert "ClusterRole" in {change.kind for change in gone}


def test_a_wider_right_is_told() -> None:
    head = edited(ROLE, "- nodes\n", "- nodes\n  - secrets\n")
    [line] = differences(TOPICS["Permissions"](files("prod")), TOPICS["Permissions"](head))
    assert "secrets" in line


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("get pods; get nodes", "get pods; get nodes,secrets", "get nodes → get nodes,secrets"),
        ("Traffic, Errors", "Traffic, Latency, Errors", "nothing → Latency"),
        ("Traffic, Errors", "Errors", "Traffic → nothing"),
        ("Errors, Traffic", "Traffic, Errors", "Errors, Traffic → Traffic, Errors"),
        ("`a(b, c)` for 5m", "`a(b, d)` for 5m", "`a(b, c)` for 5m → `a(b, d)` for 5m"),
        ("30d", "14d", "30d → 14d"),
    ],
)
def test_of_an_enumeration_only_what_differs_is_told(before: str, after: str, told: str) -> None:
    assert differences({"it": before}, {"it": after}) == (f"**changed** it: {told}",)


def test_data_that_would_go_and_what_is_wrong_are_red() -> None:
    loss = ObjectChange(operation="deleted", kind="PersistentVolumeClaim", name="observability/grafana")
    finding = Finding(file="Pulumi.prod.yaml", problem="no such thing")
    review = EnvironmentReview(name="prod", objects=[loss], topics={}, costs=(1.0, 2.0), findings=[str(finding)])
    text = comment([review], "main")
    assert "> [!CAUTION]\n> **prod: deleted, with the data that it holds:** PersistentVolumeClaim `observability/grafana`\n" in text
    assert "> [!CAUTION]\n> **prod:** Pulumi.prod.yaml: no such thing\n" in text
    assert "| 1.00 → 2.00 (+1.00) | 1 finding(s) |" in text


def test_many_and_long_lines_are_cut() -> None:
    review = EnvironmentReview(name="prod", objects=(), topics={"Alerts": ["x" * 1000] * 100}, costs=(1.0, 1.0))
    text = comment([review], "main")
    assert "- … and 60 more" in text
    assert max(map(len, text.splitlines())) < LONGEST_LINE + 10


def test_what_does_not_fit_is_cut_until_it_does() -> None:
    lines, losses = ["x" * LONGEST_LINE] * 100, [ObjectChange(operation="deleted", kind="PersistentVolume", name="y" * 900)] * 100
    reviews = [EnvironmentReview(name=name, objects=losses, topics=dict.fromkeys(TOPICS, lines), costs=(1.0, 1.0)) for name in "abc"]
    text = comment(reviews, "main")
    assert LONGEST / 4 < len(text) <= LONGEST
    assert text.count("<details") == text.count("</details>") == 18
    for name in "abc":
        assert f"> **{name}:** … and 95 more: `make pr-comment` and `make check ENV={name}` tell all" in text


def test_nothing_within_a_line_hides_what_follows() -> None:
    topics = {"Alerts": ["`a < b` for <team> <!--", "two\n</details>\nlines"]}
    review = EnvironmentReview(name="prod", objects=(), topics=topics, costs=(1.0, 1.0), findings=["it says:\n\n<b>no</b>\n## end"])
    text = comment([review], "main")
    assert "- `a < b` for &lt;team> &lt;!--\n- two &lt;/details> lines\n" in text
    assert "> [!CAUTION]\n> **prod:** it says:\n>\n> &lt;b>no&lt;/b>\n> ## end\n\n" in text


def test_what_could_not_be_compared_costs_nothing_that_anybody_knows() -> None:
    text = comment([EnvironmentReview(name="prod", objects=(), topics={}, costs=(0, 0), problem="no base")], "main")
    assert "| prod |  |  |  |  |  | not comparable |" in text


def everything(before: dict[str, str], after: dict[str, str]) -> str:
    """The comment with all that it tells of two renderings."""
    topics = {topic: differences(of(before), of(after)) for topic, of in TOPICS.items()}
    review = EnvironmentReview(name="prod", objects=object_changes(before, after), topics=topics, costs=(1.0, 1.0))
    return comment([review], "main")


def test_no_secret_is_in_it() -> None:
    """Each side is rendered with canaries of its own; the twin has one in plain text."""
    prod = environment("prod")
    here = rendered(prod, resources("prod"))
    base = rendered(prod, record_platform(prod, lambda key: f"{canary(key)}-old"))
    assert CANARY not in everything(base, here)
    path = "prometheus/rules/services.yaml"
    leaking = {**here, path: here[path].replace("alert: ServiceDown\n", f"alert: ServiceDown{CANARY}\n", 1)}
    assert CANARY in everything(base, leaking)


def test_a_secret_that_is_set_anew_is_told_by_its_name_alone() -> None:
    before = read(ROOT, "Pulumi.prod.yaml").content
    old, new = {"secure": "v1:old"}, {"secure": "v1:new"}
    config = {"a:plain": "x", "a:kept": old, "a:set": old, "a:gone": old}
    assert secret_changes(before, before) == ()
    assert secret_changes({"config": config}, {"config": {"a:plain": "y", "a:kept": old, "a:set": new, "a:new": new}}) == (
        "**gone** `a:gone`",
        "**new** `a:new`",
        "**changed** `a:set`",
    )


def test_a_new_environment_is_all_new(before: Path) -> None:
    review = begun(environment("prod"), before, 10.0, [])
    assert {change.operation for change in review.objects} == {"created"}
    assert "| 0.00 → 10.00 (+10.00) | nothing wrong |" in comment([review], "main")


def test_an_environment_that_goes_is_told_in_red(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for name in ("prod", "qa"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "base"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "Pulumi.qa.yaml").unlink()
    monkeypatch.setattr(compare, "ROOT", tmp_path)
    assert names("HEAD") == ["prod", "qa"]
    assert "> **qa:** its stack file goes, but what it deployed stays" in comment([review("qa", "HEAD")], "HEAD")


def test_the_cost_of_the_base_is_read_from_its_own_report() -> None:
    assert told_total("metrics 1.00 2.00\ntotal          690.70    350.00\ndollars a month") == 690.7
    with pytest.raises(NoBaseError, match="tells no cost"):
        told_total("nothing")
