"""Who is told when nobody reacts, and when an Alertmanager dies in the middle: real Alertmanagers, real receivers."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from model.secrets import pager_secret
from tests.alerting import Alert, Alertmanager, Receiver, alertmanager, cluster, hurried, receiver, steady
from tests.components.environments import environment
from tests.waiting import until

pytestmark = pytest.mark.binaries

KEYS = {pager_secret(pager): f"{pager:x<32}".replace("-", "x") for pager in ("operations", "product", "security", "leads")}
AFTER_SECONDS = 3
PEER_SECONDS = 10
"""How long each further Alertmanager waits for those before it, which in production is 15 seconds."""

BATCH = 5
"""Groups that are told at once. Alertmanagers tell each other of some 15 notifications a second (one packet of three every 200 ms for each
other member, each of them four times): of many more at once they would hear too late, however long they wait."""


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Receiver]:
    with receiver(tmp_path / "secrets", KEYS) as running:
        yield running


def alert(service: str, severity: str = "critical") -> Alert:
    place = {"env": "dev", "cluster": "dev", "namespace": "dharma", "service": service}
    return {"alertname": "ServiceDown", "severity": severity, "team": "ai", "category": "service", **place}


def services(inbox: Receiver, name: str) -> Counter[str]:
    """How often each service was told to a receiver, as firing."""
    found: Counter[str] = Counter()
    for message in inbox.got("alerts"):
        if message["receiver"] == name:
            found.update(told["labels"]["service"] for told in message["alerts"] if told["status"] == "firing")
    return found


def test_the_second_line_is_told_after_the_set_time_unless_somebody_took_it(inbox: Receiver, tmp_path: Path) -> None:
    config = inbox.configured(hurried(environment("dev"), escalate_after=f"{AFTER_SECONDS}s"), tmp_path / "config")
    with alertmanager(config, tmp_path / "state") as server:
        server.post(alert("forgotten"), alert("silenced"), alert("over"), alert("worry", "warning"))
        until(lambda: len(services(inbox, "ai-critical")) == 3, seconds=20, what="the first line is told of all three")
        server.silence(service="silenced")
        server.post(alert("over"), over=True)
        until(lambda: services(inbox, "second-line"), seconds=30, what="the second line is told")
        steady(lambda: dict(services(inbox, "second-line")), {"forgotten": 1}, seconds=AFTER_SECONDS)
    [escalated] = [message for message in inbox.got("slack") if message["channel"] == "#incident-leads"]
    assert escalated["attachments"][0]["title"] == "[ESCALATED] [FIRING 1] ServiceDown on forgotten (dev)"
    assert {page["routing_key"] for page in inbox.got("pagerduty")} == {KEYS["pagerdutyProductKey"], KEYS["pagerdutyLeadsKey"]}
    assert inbox.refused() == 0


def test_the_second_line_waits_as_long_as_was_set(inbox: Receiver, tmp_path: Path) -> None:
    config = inbox.configured(hurried(environment("dev"), escalate_after="1h"), tmp_path / "config")
    with alertmanager(config, tmp_path / "state") as server:
        server.post(alert("young"), started=timedelta(minutes=59))
        server.post(alert("old"), started=timedelta(minutes=61))
        until(lambda: len(services(inbox, "ai-critical")) == 2, seconds=20, what="the first line is told of both")
        until(lambda: services(inbox, "second-line"), seconds=20, what="the second line is told")
        steady(lambda: dict(services(inbox, "second-line")), {"old": 1}, seconds=2)


def test_of_three_one_may_die_in_the_middle(inbox: Receiver, tmp_path: Path) -> None:
    config = inbox.configured(hurried(environment("dev")), tmp_path / "config")
    first, second = ([alert(f"{batch}-{number}") for number in range(BATCH)] for batch in ("first", "second"))
    with cluster(config, tmp_path / "state", size=3, peer_timeout=f"{PEER_SECONDS}s") as servers:
        _to_all(servers, first)
        until(lambda: len(services(inbox, "ai-critical")) == BATCH, seconds=30, what="the first batch is told")
        _to_all(servers, second)
        servers[0].process.kill()
        servers[0].process.wait()
        # As Prometheus does, the alerts come again and again.
        until(lambda: _again(servers[1:], [*first, *second], inbox) == 2 * BATCH, seconds=90, what="all are told")
        steady(lambda: max(services(inbox, "ai-critical").values()) <= 2, True, seconds=2 * PEER_SECONDS + 2)
    print("duplicates:", sum(count - 1 for count in services(inbox, "ai-critical").values()))


def _to_all(servers: list[Alertmanager], alerts: list[Alert]) -> None:
    for server in servers:
        server.post(*alerts)


def _again(servers: list[Alertmanager], alerts: list[Alert], inbox: Receiver) -> int:
    _to_all(servers, alerts)
    return len(services(inbox, "ai-critical"))
