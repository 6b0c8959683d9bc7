"""Who is told what: the routing tree, the inhibitions and the messages, as the real programs understand them."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from typing import cast

import pytest

from checks.render import write
from components.notification import SECRETS_FOLDER, alertmanager_config, receiver, secret_files
from components.platform import documents
from model.documents import each, mapping, to_yaml
from model.secrets import required
from sandbox.toolchain import tool
from tests.components.environments import NAMES, environment
from tests.waiting import until

Alert = dict[str, str]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("prod")
    write(documents(environment("prod")), directory)
    return directory / "alertmanager"


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_is_a_file_that_the_environment_has(name: str) -> None:
    given = environment(name)
    text = to_yaml(alertmanager_config(given))
    used = {line.rpartition("/")[2] for line in text.splitlines() if SECRETS_FOLDER in line}
    assert used == set(secret_files(given))
    assert used <= {secret.key for secret in required(given.settings, given.catalogues)}


@pytest.mark.parametrize("name", NAMES)
def test_every_team_is_reached_at_every_severity(name: str) -> None:
    given = environment(name)
    receivers = {str(mapping(entry)["name"]): mapping(entry) for _, entry in each(alertmanager_config(given), "receivers", "*")}
    for team in given.routing.teams:
        for severity, channels in given.settings.notifications.channels.items():
            assert set(receivers[f"{team}-{severity}"]) == {"name", *(f"{channel}_configs" for channel in channels)}


def test_a_team_is_reached_at_its_own_addresses() -> None:
    team = environment("prod").routing.teams["ai"]
    document = receiver("ai", team, "warning", ("slack", "email"))
    assert [value for _, value in each(document, "slack_configs", "*", "channel")] == [team.slack]
    assert [value for _, value in each(document, "email_configs", "*", "to")] == [team.email]


def route(directory: Path, labels: Alert) -> str:
    """The receiver that amtool finds for an alert."""
    words = [f"{name}={value}" for name, value in labels.items()]
    command = [tool("amtool"), "config", "routes", "test", f"--config.file={directory / 'alertmanager.yml'}", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.binaries
@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
@pytest.mark.parametrize("team", sorted(environment("prod").routing.teams))
def test_an_alert_reaches_its_team_at_its_severity(rendered: Path, team: str, severity: str) -> None:
    assert route(rendered, {"alertname": "Any", "team": team, "severity": severity}) == f"{team}-{severity}"


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "Watchdog", "team": "platform", "severity": "info"}, "heartbeat"),
        ({"alertname": "Any", "team": "nobody", "severity": "critical"}, "platform-critical"),
        ({"alertname": "Any", "severity": "info"}, "platform-info"),
        ({"alertname": "Any", "team": "ai"}, "ai-warning"),
        ({"alertname": "Any", "team": "ai", "severity": "page"}, "ai-warning"),
        ({"alertname": "Any"}, "platform-warning"),
    ],
)
def test_no_alert_is_lost(rendered: Path, labels: Alert, expected: str) -> None:
    assert route(rendered, labels) == expected


def message(rendered: Path, template: str, status: str, alerts: list[dict[str, object]], common: Alert) -> str:
    """A message as amtool writes it."""
    data = {"status": status, "alerts": alerts, "commonLabels": common, "groupLabels": common, "commonAnnotations": {}}
    file = rendered.parent / "data.json"
    file.write_text(json.dumps(data))
    command = [tool("amtool"), "template", "render", f"--template.glob={rendered}/templates/*.tmpl"]
    command += [f'--template.text={{{{ template "observability.{template}" . }}}}', f"--template.data={file}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


LABELS = {"alertname": "ServiceDown", "service": "costing", "env": "prod", "severity": "critical", "team": "finops"}
ANNOTATIONS = {"summary": "costing is down", "description": "No pod answers.", "runbook_url": "https://runbooks.test/ServiceDown.md"}


@pytest.mark.binaries
def test_a_title_says_what_where_and_whether_it_is_over(rendered: Path) -> None:
    alert: dict[str, object] = {"status": "firing", "labels": LABELS, "annotations": ANNOTATIONS}
    assert message(rendered, "title", "firing", [alert, alert], LABELS).strip() == "[FIRING 2] ServiceDown on costing (prod)"
    resolved = {**alert, "status": "resolved"}
    assert message(rendered, "title", "resolved", [resolved], LABELS).strip() == "[RESOLVED] ServiceDown on costing (prod)"


@pytest.mark.binaries
def test_a_text_says_what_to_do(rendered: Path) -> None:
    alert: dict[str, object] = {
        "status": "firing",
        "labels": {**LABELS, "pod": "costing-0"},
        "annotations": ANNOTATIONS,
        "startsAt": "2026-01-02T03:04:05Z",
        "generatorURL": "http://prometheus/graph",
    }
    assert message(rendered, "text", "firing", [alert], LABELS).strip().splitlines() == [
        "costing is down",
        "No pod answers.",
        "severity critical, team finops, pod costing-0, since 2026-01-02 03:04:05 UTC",
        "What to do: https://runbooks.test/ServiceDown.md",
        "Query: http://prometheus/graph",
    ]


class Server:
    """A real Alertmanager."""

    def __init__(self, port: int) -> None:
        self._port = port

    def _ask(self, method: str, body: str | None = None) -> str:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
        connection.request(method, "/api/v2/alerts", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        assert answer.status == 200, text
        return text

    def post(self, *alerts: Alert) -> None:
        now = datetime.now(UTC).isoformat()
        self._ask("POST", json.dumps([{"labels": labels, "startsAt": now} for labels in alerts]))

    def inhibited(self) -> dict[str, bool]:
        """Whether each alert is inhibited, by name."""
        alerts = cast("list[dict[str, object]]", json.loads(self._ask("GET")))
        return {str(mapping(alert["labels"])["alertname"]): bool(mapping(alert["status"])["inhibitedBy"]) for alert in alerts}

    def ready(self) -> bool:
        try:
            self.inhibited()
        except OSError:
            return False
        return True


def serve(config: Path, state: Path) -> Iterator[Server]:
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    flags = [f"--config.file={config}", f"--storage.path={state}", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    process = subprocess.Popen(
        [tool("alertmanager"), *flags, "--enable-feature=utf8-strict-mode"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        server = Server(port)
        until(server.ready)
        yield server
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def alertmanager(rendered: Path, tmp_path: Path) -> Iterator[Server]:
    yield from serve(rendered / "alertmanager.yml", tmp_path)


def alert(name: str, severity: str, **labels: str) -> Alert:
    return {"alertname": name, "severity": severity, "env": "prod", "cluster": "prod", "team": "ai", **labels}


AUTH = {"namespace": "dharma", "service": "auth"}


@pytest.mark.binaries
def test_what_breaks_a_service_silences_what_worries_about_it_and_nothing_else(alertmanager: Server) -> None:
    alertmanager.post(
        alert("Down", "critical", **AUTH),
        alert("Slow", "warning", **AUTH),
        alert("Noted", "info", **AUTH),
        alert("AlsoDown", "critical", **AUTH),
        alert("OtherService", "warning", namespace="dharma", service="costing"),
        alert("OtherNamespace", "warning", namespace="elsewhere", service="auth"),
        alert("NodeDown", "critical"),
        alert("NodeBusy", "warning"),
    )
    silenced = {"Slow", "Noted"}
    until(lambda: {name for name, inhibited in alertmanager.inhibited().items() if inhibited} == silenced)
    assert len(alertmanager.inhibited()) == 8


@pytest.mark.binaries
def test_without_the_guard_alerts_that_lack_labels_would_silence_each_other(tmp_path: Path) -> None:
    given = environment("prod")
    document = alertmanager_config(given)
    for _, rule in each(document, "inhibit_rules", "*"):
        for side in ("source_matchers", "target_matchers"):
            mapping(rule)[side] = cast("list[str]", mapping(rule)[side])[:1]
    write({**documents(replace(given)), "alertmanager/alertmanager.yml": to_yaml(document)}, tmp_path)
    for server in serve(tmp_path / "alertmanager/alertmanager.yml", tmp_path / "state"):
        server.post(alert("NodeDown", "critical"), alert("NodeBusy", "warning"))
        until(lambda server=server: server.inhibited() == {"NodeDown": False, "NodeBusy": True})
