"""How people are reached: by which receivers and channels, with which secrets, and what silences what in a real Alertmanager."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from checks.render import write
from components.notification import SECRETS_FOLDER, alertmanager_config, receiver, secret_files
from components.platform import documents
from model.documents import each, mapping, to_yaml
from model.secrets import required
from tests.alerting import Alert, Alertmanager, alertmanager
from tests.components.environments import NAMES, environment
from tests.waiting import until


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_is_a_file_that_the_environment_has(name: str) -> None:
    given = environment(name)
    text = to_yaml(alertmanager_config(given))
    used = {line.rpartition("/")[2] for line in text.splitlines() if SECRETS_FOLDER in line}
    assert used == set(secret_files(given))
    assert used <= {secret.key for secret in required(given.settings, given.catalogues, given.routing)}


@pytest.mark.parametrize("name", NAMES)
def test_every_team_is_reached_at_every_severity(name: str) -> None:
    given = environment(name)
    receivers = {str(mapping(entry)["name"]): mapping(entry) for _, entry in each(alertmanager_config(given), "receivers", "*")}
    for team in given.routing.teams:
        for severity, channels in given.settings.notifications.channels.items():
            assert set(receivers[f"{team}-{severity}"]) == {"name", *(f"{channel}_configs" for channel in channels)}


def test_a_team_is_reached_at_its_own_addresses() -> None:
    team = environment("prod").routing.teams["ai"]
    document = receiver("ai-warning", team, ("slack", "email", "pagerduty"))
    assert [value for _, value in each(document, "slack_configs", "*", "channel")] == [team.slack]
    assert [value for _, value in each(document, "email_configs", "*", "to")] == [team.email]
    assert [value for _, value in each(document, "pagerduty_configs", "*", "routing_key_file")] == [f"{SECRETS_FOLDER}/pagerdutyProductKey"]


def test_alerts_of_another_environment_wake_nobody() -> None:
    given = environment("prod")
    channels = {**given.settings.notifications.channels, "warning": ("pagerduty", "slack")}
    notifications = given.settings.notifications.model_copy(update={"channels": channels})
    document = alertmanager_config(replace(given, settings=given.settings.model_copy(update={"notifications": notifications})))
    [strays] = [mapping(entry) for _, entry in each(document, "receivers", "*") if mapping(entry)["name"] == "strays"]
    assert set(strays) == {"name", "slack_configs"}


def alert(name: str, severity: str, **labels: str) -> Alert:
    return {"alertname": name, "severity": severity, "env": "prod", "cluster": "prod", "team": "ai", **labels}


def inhibited(server: Alertmanager) -> dict[str, bool]:
    """Whether each alert is silenced by another one, by name."""
    return {found["labels"]["alertname"]: bool(found["status"]["inhibitedBy"]) for found in server.alerts()}


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    write(documents(environment("prod")), tmp_path / "prod")
    return tmp_path / "prod/alertmanager/alertmanager.yml"


@pytest.fixture
def server(rendered: Path, tmp_path: Path) -> Iterator[Alertmanager]:
    with alertmanager(rendered, tmp_path / "state") as running:
        yield running


AUTH = {"namespace": "dharma", "service": "auth"}


@pytest.mark.binaries
def test_what_breaks_a_service_silences_what_worries_about_it_and_nothing_else(server: Alertmanager) -> None:
    server.post(
        alert("Down", "critical", **AUTH),
        alert("Slow", "warning", **AUTH),
        alert("Noted", "info", **AUTH),
        alert("AlsoDown", "critical", **AUTH),
        alert("OtherService", "warning", namespace="dharma", service="costing"),
        alert("OtherNamespace", "warning", namespace="elsewhere", service="auth"),
        alert("NoPlace", "critical"),
        alert("NoPlaceEither", "warning"),
        alert("KubernetesNodeNotReady", "critical", node="one", service="node"),
        alert("TargetDown", "critical", node="one", **AUTH),
        alert("OtherNode", "critical", node="two", **AUTH),
        alert("Watchdog", "info", node="one", **AUTH),
    )
    silenced = {"Slow", "Noted", "TargetDown"}
    until(
        lambda: {name for name, silent in inhibited(server).items() if silent} == silenced,
        seconds=20,
        what=f"just {silenced} are silenced",
    )
    assert len(inhibited(server)) == 12


@pytest.mark.binaries
def test_without_the_guard_alerts_that_lack_labels_would_silence_each_other(rendered: Path, tmp_path: Path) -> None:
    document = alertmanager_config(environment("prod"))
    for _, rule in each(document, "inhibit_rules", "*"):
        for side in ("source_matchers", "target_matchers"):
            mapping(rule)[side] = cast("list[str]", mapping(rule)[side])[:1]
    rendered.write_text(to_yaml(document))
    with alertmanager(rendered, tmp_path / "state") as server:
        server.post(alert("NoPlace", "critical"), alert("NoPlaceEither", "warning"))
        until(lambda: inhibited(server) == {"NoPlace": False, "NoPlaceEither": True}, seconds=20, what="the wrong silence is seen")
