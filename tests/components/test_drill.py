"""The drill against a real Alertmanager and real receivers: all take it, and one that does not is told."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest

from model.secrets import pager_secret
from sandbox import drill
from sandbox.kube import Kube
from tests.alerting import Alertmanager, Receiver, alertmanager, call, receiver
from tests.components.environments import environment

pytestmark = pytest.mark.binaries

KEYS = {pager_secret(pager): f"{pager:x<32}".replace("-", "x") for pager in ("operations", "product", "security", "leads")}


class Direct:
    """What the API server's proxy does, without one."""

    def __init__(self, server: Alertmanager) -> None:
        self._server = server

    def call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None) -> object:
        _ = query  # there are no alerts but those of the drill
        return json.loads(call(self._server.port, method, path.removeprefix(drill.POD), body) or "{}")

    def text(self, path: str) -> str:
        return call(self._server.port, "GET", path.removeprefix(drill.POD))


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path / "secrets", KEYS) as running:
        yield running


def run(inbox: Receiver, directory: Path) -> set[tuple[str, str]]:
    """What became of each way to people: the states, and whose they are where they are not taken."""
    given = environment("dev")
    with alertmanager(inbox.configured(given, directory / "config"), directory / "state") as server:
        server.post({"alertname": "Watchdog", "env": "dev", "severity": "info", "team": "platform"})
        outcomes = drill.run(given, cast("Kube", Direct(server)), print)
    return {(outcome.state, "" if outcome.state == "taken" else outcome.integration[1]) for outcome in outcomes}


def test_everybody_takes_it_and_sees_that_it_is_one(inbox: Receiver, tmp_path: Path) -> None:
    assert run(inbox, tmp_path) == {("taken", "")}
    drilled = [message for message in inbox.got("slack") if message["attachments"][0]["title"].startswith("[DRILL]")]
    teams = environment("dev").routing.teams.values()
    assert {message["channel"] for message in drilled} == {*(team.slack for team in teams), "#incident-leads"}
    pages = [page for page in inbox.got("pagerduty") if page["payload"]["summary"].startswith("[DRILL]")]
    assert {page["payload"]["severity"] for page in pages} == {"info"}
    assert all(mail["subject"].startswith("[DRILL]") for mail in inbox.got("mail"))


def test_who_does_not_take_it_is_told(inbox: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "TIMEOUT_SECONDS", 8)
    (inbox.secrets / "slackApiUrl").write_text(f"http://127.0.0.1:{inbox.http}/nobody")
    found = run(inbox, tmp_path) - {("missing", "webhook")}  # the heartbeat, which comes once a minute
    assert found == {("taken", ""), ("failed", "slack")}
