"""The delivery proof: it holds for our environments, sees every mistake in the tree, and says what a real Alertmanager does."""

import copy
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from checks.delivery import show
from checks.delivery.matrix import RULES, Alert, Cell, cells, moments, working
from checks.delivery.matrix import alerts as read_alerts
from checks.delivery.program import PROGRAM, Question, Route, UnansweredError, ask
from checks.delivery.proof import FILE, Delivery, compute, proof_findings
from checks.render import write
from components.platform import documents
from model.environment import Environment
from model.stack import environments, read_stack
from sandbox.toolchain import tool
from tests.alerting import alertmanager
from tests.checks.mutations import MUTATIONS, Mutation, receiver
from tests.components.environments import NAMES, ROOT, environment
from tests.waiting import until

ENVIRONMENTS = environments(ROOT)


def find(name: str) -> str:
    return str(tool(name))


def stack_secrets(name: str) -> set[str]:
    stack, _ = read_stack(ROOT, name)
    return set(stack.secrets or ())


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What our environments render, by environment."""
    found: dict[str, Path] = {}
    for name in NAMES:
        found[name] = tmp_path_factory.mktemp(name)
        write(documents(environment(name)), found[name])
    return found


@pytest.fixture(scope="module")
def few(rendered: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Production's files with one alert of each kind: as many as it takes to see every mistake, and no more."""
    directory = tmp_path_factory.mktemp("few") / "prod"
    shutil.copytree(rendered["prod"] / "alertmanager", directory / "alertmanager")
    files = {f"{folder}/{path.name}": path.read_text() for folder in RULES for path in (rendered["prod"] / folder).glob("*.yaml")}
    kinds = {
        tuple(alert.labels.get(label) for label in ("severity", "team", "category", "burn_tier")): alert for alert in read_alerts(files)
    }
    named = [
        alert
        for alert in read_alerts(files)
        if alert.name in ("Watchdog", "KubernetesNodeNotReady", "NodeDown", "KubernetesAPIErrors", "PrometheusConfigReloadFailed")
    ]
    rules = [{"alert": alert.name, "expr": "vector(1)", "labels": dict(alert.labels)} for alert in (*kinds.values(), *named)]
    (directory / "prometheus/rules").mkdir(parents=True)
    (directory / "prometheus/rules/few.yaml").write_text(json.dumps({"groups": [{"name": "few", "rules": rules}]}))
    return directory


@pytest.fixture(scope="module")
def deliveries(rendered: dict[str, Path]) -> Callable[[str], Delivery]:
    """What would become of all alerts of an environment; worked out once for all tests that ask."""

    @cache
    def of(name: str) -> Delivery:
        return compute(environment(name), rendered[name], ENVIRONMENTS, find)

    return of


def findings(name: str, directory: Path) -> list[str]:
    given = environment(name)
    delivery = compute(given, directory, ENVIRONMENTS, find)
    return [str(finding) for finding in proof_findings(given, delivery, stack_secrets(name))]


def test_working_hours_are_on_the_clock_of_the_place_in_winter_and_in_summer() -> None:
    given = environment("prod")
    hours = given.routing.hours["office"]
    at = {moment.kind: working(hours, moment.instant) for moment in moments(given) if moment.kind.startswith("office")}
    assert at == {
        "office: work": True,
        "office: before work": False,
        "office: after work": False,
        "office: weekend": False,
        "office: holiday": False,
    }
    assert {moment.instant.utcoffset() for moment in moments(given)} == {moment.instant.utcoffset() for moment in moments(given)[:40]}
    assert len({moment.instant.utcoffset() for moment in moments(given)}) == 2


def test_a_cell_is_declared_when_a_rule_has_it_so() -> None:
    alerts = [Alert(name="A", labels={"severity": "critical", "team": "ai"}), Alert(name="B", labels={"severity": "info"})]
    found = cells(alerts, teams=["ai", "finops"], environments=["prod"])
    assert len(found) == 2 * 4 * 3
    assert {(cell.alert, cell.severity, cell.team) for cell in found if cell.declared} == {
        ("A", "critical", "ai"),
        ("B", "info", "ai"),
        ("B", "info", "finops"),
    }


def test_without_the_program_nothing_is_proven(tmp_path: Path) -> None:
    write(documents(environment("dev")), tmp_path)
    with pytest.raises(UnansweredError, match=f"not checked: {PROGRAM} is not on the PATH"):
        compute(environment("dev"), tmp_path, ENVIRONMENTS, lambda _: None)


def delivery(receivers: Mapping[str, list[tuple[str, str, str]]], **told: list[str]) -> Delivery:
    """What would be told of some alerts of production, all critical ones of team ai."""

    def cell(name: str) -> Cell:
        return Cell(alert=name, severity="critical", team="ai", env="prod", category="", declared=True)

    def route(receiver: str) -> Route:
        return Route(receiver=receiver, group_by=(), group_wait=60, group_interval=1, repeat_interval=1, muted=())

    return Delivery(
        environment="prod",
        cells=[cell(name) for name in told],
        moments=[],
        hours={},
        routes=[[route(receiver) for receiver in names] for names in told.values()],
        receivers=receivers,
        pairs=[],
        sources=[],
        targets=[],
    )


def test_a_change_is_told_by_whom_it_takes_away() -> None:
    receivers = {"ai-critical": [("pagerduty", "https://x", "key")], "other": [("slack", "#other", "url")]}
    before = delivery(receivers, DiskFull=["ai-critical"], Same=["other"], Gone=["other"])
    after = delivery(receivers, DiskFull=[], Same=["other"], New=["other"])
    assert show.changes(before, after) == [
        "DiskFull, critical, prod, ai: ai-critical (pagerduty, after 1m) -> nobody",
        "Gone, critical, prod, ai: other (slack #other, after 1m) -> no such alert",
        "New, critical, prod, ai: no such alert -> other (slack #other, after 1m)",
    ]


def test_teams_that_are_told_alike_share_a_line() -> None:
    receivers = {"ai-critical": [("slack", "#team-ai", "url")], "second-line": [("slack", "#leads", "url")]}
    [row] = show.rows(delivery(receivers, Down=["second-line", "ai-critical"]))
    assert row == ("Down", "critical", "ai", "second-line (slack #leads, after 1m); ai-critical (slack #team-ai, after 1m)", "-")


@pytest.mark.binaries
@pytest.mark.parametrize("name", NAMES)
def test_everybody_is_told_as_was_meant(name: str, deliveries: Callable[[str], Delivery]) -> None:
    assert list(proof_findings(environment(name), deliveries(name), stack_secrets(name))) == []


@pytest.mark.binaries
def test_the_few_alerts_are_told_as_was_meant_too(few: Path) -> None:
    assert findings("prod", few) == []


def mutated(directory: Path, mutation: Mutation, into: Path) -> Path:
    """A copy of rendered files whose ``alertmanager.yml`` was changed."""
    shutil.copytree(directory, into)
    config = copy.deepcopy(_read(directory / FILE))
    mutation(config)
    assert config != _read(directory / FILE)
    (into / FILE).write_text(json.dumps(config))  # YAML too, and quick
    return into


@cache
def _read(file: Path) -> dict[str, Any]:
    return yaml.safe_load(file.read_text())


@pytest.mark.binaries
@pytest.mark.parametrize("mutation", MUTATIONS.values(), ids=MUTATIONS)
def test_every_mistake_in_the_tree_is_found(mutation: Mutation, few: Path, tmp_path: Path) -> None:
    assert findings("prod", mutated(few, mutation, tmp_path / "prod"))


NAMED: dict[str, tuple[Mutation, str]] = {
    "nobody": (lambda c: receiver(c, "ai-info").pop("email_configs"), "reaches nobody; allowed: a receiver with at least one channel"),
    "no secret": (
        MUTATIONS["a receiver needs a secret that is not there"],
        "ai-critical: needs the secret 'pagerdutyAiKey', which the stack does not have; allowed: ",
    ),
    "pages from elsewhere": (
        MUTATIONS["alerts of other environments wake people"],
        "pages people, but not of a production environment; allowed: pages from production alone",
    ),
    "a critical alert muted": (
        MUTATIONS["critical alerts wait for the morning"],
        "goes to second-line (after 900 s, then 60 s, 7200 s, by alertname+cluster+env+namespace+service) and ai-critical",
    ),
    "told twice": (MUTATIONS["a team is told twice of what is its own"], "is told twice to database-critical; allowed: once"),
}


@pytest.mark.binaries
@pytest.mark.parametrize(("mutation", "said"), NAMED.values(), ids=NAMED)
def test_what_is_wrong_is_named(mutation: Mutation, said: str, few: Path, tmp_path: Path) -> None:
    assert said in "\n".join(findings("prod", mutated(few, mutation, tmp_path / "prod")))


@pytest.mark.binaries
def test_a_critical_alert_that_would_wait_for_the_morning_is_named_whatever_the_data_says(few: Path, tmp_path: Path) -> None:
    def alone(config: dict[str, Any]) -> None:
        config["route"]["routes"].pop(2)  # the second line, which would be told at any hour
        MUTATIONS["critical alerts wait for the morning"](config)

    said = "\n".join(findings("prod", mutated(few, alone, tmp_path / "prod")))
    assert "is critical in production and muted at 'office: weekend'; allowed: told at any hour" in said


@pytest.mark.binaries
def test_a_rule_with_a_team_or_a_severity_that_nobody_knows_is_named(few: Path, tmp_path: Path) -> None:
    directory = tmp_path / "prod"
    shutil.copytree(few, directory)
    rule = {"alert": "Odd", "expr": "vector(1)", "labels": {"severity": "Warning", "team": "payments", "category": "x"}}
    (directory / "prometheus/rules/odd.yaml").write_text(json.dumps({"groups": [{"name": "odd", "rules": [rule]}]}))
    [said] = findings("prod", directory)
    assert "Odd, Warning" in said
    assert "has a team or a severity that nobody knows; allowed: those of configs/routing.yaml" in said


def short(path: Path) -> None:
    """Let groups form at once, so that Alertmanager says what it keeps back; nothing is sent, as the secrets are not there."""
    text = path.read_text()
    for line in {line for line in text.splitlines() if "group_wait:" in line}:
        text = text.replace(line, line.partition(":")[0] + ": 0s")
    path.write_text(text)


@pytest.mark.binaries
@pytest.mark.parametrize("name", NAMES)
def test_a_real_alertmanager_does_the_same_with_the_whole_matrix(
    name: str, rendered: dict[str, Path], deliveries: Callable[[str], Delivery], tmp_path: Path
) -> None:
    computed = deliveries(name)
    alerts = list({_text(cell.labels): cell.labels for cell in computed.cells}.values())  # an alert may have several rules
    with alertmanager(rendered[name] / FILE, tmp_path) as server:
        server.post(*alerts)
        until(lambda: len(server.alerts()) == len(alerts), seconds=60, what="all alerts are there")
        real = {_text(alert["labels"]): sorted(to["name"] for to in alert["receivers"]) for alert in server.alerts()}
    meant = {
        _text(cell.labels): sorted({route.receiver for route in routes})
        for cell, routes in zip(computed.cells, computed.routes, strict=True)
    }
    assert real == meant
    print(f"{name}: {len(alerts)} alerts, {computed.combinations} combinations")


@pytest.mark.binaries
def test_a_real_alertmanager_silences_the_same_pairs(
    rendered: dict[str, Path], deliveries: Callable[[str], Delivery], tmp_path: Path
) -> None:
    computed = deliveries("prod")
    alerts = list({_text(labels): dict(labels) for labels in (*computed.sources, *computed.targets)}.values())
    # All fire at once: so an alert is silenced if any of the others silences it.
    answer = ask(rendered["prod"] / FILE, Question(sources=alerts, targets=alerts), find)
    with alertmanager(rendered["prod"] / FILE, tmp_path) as server:
        server.post(*alerts)
        found = {_text(alert["labels"]) for alert in server.alerts() if alert["status"]["inhibitedBy"]}
    assert found == {_text(alerts[target]) for _, _, target in answer.inhibited}


def _text(labels: Mapping[str, str]) -> str:
    return json.dumps(dict(labels), sort_keys=True)


def hours_now(given: Environment, *, work: bool) -> Environment:
    """The same environment, with hours in which it is now working time, or not."""
    day = datetime.now(UTC) + timedelta(days=0 if work else 3)
    weekdays = "monday:sunday" if work else f"{day:%A}".lower()
    allday = {"weekdays": weekdays, "start": "00:00", "end": "24:00", "holidays": (), "location": "UTC"}
    always = {name: hours.model_copy(update=allday) for name, hours in given.routing.hours.items()}
    return replace(given, routing=given.routing.model_copy(update={"hours": always}))


@pytest.mark.binaries
@pytest.mark.parametrize("work", [True, False])
def test_a_real_alertmanager_keeps_the_same_back_for_the_morning(work: bool, tmp_path: Path) -> None:
    given = hours_now(environment("prod"), work=work)
    write(documents(given), tmp_path)
    short(tmp_path / FILE)
    teams = list(given.routing.teams)
    alerts = [
        {"alertname": "A", "env": "prod", "cluster": "c", "namespace": team, "service": severity, "team": team, "severity": severity}
        for team in teams
        for severity in ("critical", "warning")
    ]
    kept_back = set[str]() if work else {f"{team}-warning" for team in teams}
    with alertmanager(tmp_path / FILE, tmp_path / "state") as server:
        server.post(*alerts)

        def muted() -> set[str]:
            return {
                cast("str", group["receiver"]["name"])
                for group in server.groups()
                if any(alert["status"]["mutedBy"] for alert in group["alerts"])
            }

        until(lambda: muted() == kept_back and len(server.groups()) >= len(alerts), seconds=30, what="groups are kept back or not")
