"""An incident on a real cluster: each team hears of its fault, the second line of what nobody took, and no trace is lost.

Everything breaks at once, so that all wait for their alerts together; `test_incidents.py` has twelve alerts, until the last is over.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from components.routing_tree import SECOND_LINE
from model.environment import load
from sandbox import drill, serving
from sandbox.engine import ROOT
from sandbox.kube import KubeError
from tests.conftest import Platform
from tests.e2e.incident import ALERTMANAGER, DEAD_SECONDS, FAILING_JOB, JOBS, SPACE, Incident, burst, failing_job, received, scale, team
from tests.e2e.outage import Outage
from tests.e2e.tracing import Sender, Storage
from tests.waiting import until

pytestmark = pytest.mark.cluster

FORGOTTEN, SILENCED = "orchestrator", "guardrails"
"""A service of team delivery and one of team security."""

STOPPED = (FORGOTTEN, SILENCED, "redis")

FAULTS = {
    ("ServiceDown", FORGOTTEN): "delivery-critical",
    ("ServiceDown", SILENCED): "security-critical",
    ("RedisDown", "redis"): "database-critical",
    ("KubernetesJobFailed", FAILING_JOB): "infrastructure-warning",
    ("LogErrorBurst", "blueprint"): "platform-warning",
}
"""What must be told, the last by Loki's ruler, and by which receiver."""

OVER = [("ServiceDown", FORGOTTEN), ("RedisDown", "redis")]
"""What was critical and not silenced: of its end people hear within a minute. Of a warning's they hear within five."""


@pytest.fixture(scope="module")
def outage(platform: Platform) -> Iterator[Outage]:
    """One of the trace storage, in which the collector is killed once."""
    outage = Outage(platform.kube)
    try:
        yield outage
    finally:
        outage.heal()


@pytest.fixture(scope="module")
def incident(platform: Platform, outage: Outage) -> Iterator[Incident]:
    """All faults, of services and of the trace storage."""
    began = time.time()
    try:
        burst(platform, "blueprint", 3001)
        platform.kube.call("POST", JOBS, body=failing_job())
        for service in STOPPED:
            scale(platform.kube, SPACE, service, 0)
        outage.begin(kills=1)
        yield Incident(platform=platform, began=began)
    finally:
        heal(platform)
        outage.heal()
        serving.wait(platform.kube, timeout_seconds=300, say=print)


def heal(platform: Platform) -> None:
    """Ends what there is of the services' faults."""
    for service in STOPPED:
        scale(platform.kube, SPACE, service, 1)
    with contextlib.suppress(KubeError):
        platform.kube.call("DELETE", f"{JOBS}/{FAILING_JOB}", query={"propagationPolicy": "Background"})


@pytest.fixture(scope="module")
def silenced(incident: Incident) -> Incident:
    """The first line was told of dead services, in time; of one of them it silences the alert."""
    incident.wait([("ServiceDown", FORGOTTEN), ("ServiceDown", SILENCED)], "firing", DEAD_SECONDS)
    silence(incident.platform, SILENCED)
    return incident


@pytest.fixture(scope="module")
def healed(silenced: Incident) -> Incident:
    """The services run again; what there was to tell was told."""
    silenced.wait(FAULTS, "firing", 180)
    until(lambda: SECOND_LINE in silenced.receivers(("ServiceDown", FORGOTTEN)), seconds=120, what="the second line is told")
    heal(silenced.platform)
    return silenced


def silence(platform: Platform, service: str) -> None:
    """What the button in the message does."""
    now = datetime.now(UTC)
    matcher = {"name": "service", "value": service, "isRegex": False, "isEqual": True}
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=10)).isoformat()}
    body = {"matchers": [matcher], "createdBy": "test", "comment": "taken", **times}
    platform.kube.call("POST", f"{ALERTMANAGER}/api/v2/silences", body=body)


def channels(platform: Platform, service: str) -> set[str]:
    """The Slack channels that were told that a service is down."""
    return {
        message["channel"]
        for message in received(platform, "slack")
        if f"[FIRING 1] ServiceDown on {service} (dev)" in message["attachments"][0]["title"]
    }


def test_spans_that_were_taken_survive_an_outage_of_the_storage_and_a_kill(silenced: Incident, outage: Outage) -> None:
    del silenced
    outage.end()
    assert outage.sender.refused, "a kill without one refusal: nobody was killed"
    until(lambda: not outage.lost(), seconds=300, what="all spans that were taken are found")


def test_a_collector_that_says_yes_too_early_would_be_noticed(platform: Platform) -> None:
    """The twin: spans that nobody took are not found, so the test above does not find whatever it looks for."""
    sender = Sender(host="127.0.0.1")
    sender.send(3)
    assert len(sender.refused) == 3
    assert Storage(kube=platform.kube).spans_of(sender.service) == set()


def test_each_fault_is_told_to_those_whom_it_concerns(healed: Incident) -> None:
    told = healed.told("firing")
    assert {fault: healed.receivers(fault) - {SECOND_LINE} for fault in FAULTS} == {fault: {name} for fault, name in FAULTS.items()}
    assert {told[fault]["labels"]["env"] for fault in FAULTS} == {"dev"}
    assert told["ServiceDown", FORGOTTEN]["labels"]["team"] == team(healed.platform.kube, FORGOTTEN) == "delivery"
    assert told["LogErrorBurst", "blueprint"]["annotations"]["runbook_url"].endswith("/LogErrorBurst.md")


def test_the_second_line_hears_of_what_nobody_silenced(healed: Incident) -> None:
    platform = healed.platform
    assert channels(platform, FORGOTTEN) == {"#team-delivery", "#incident-leads"}
    assert channels(platform, SILENCED) == {"#team-security"}
    pages = [page for page in received(platform, "pagerduty") if page["payload"]["component"] == FORGOTTEN]
    assert len({page["routing_key"] for page in pages}) == 2, "the team's pager and the second line's"
    assert {page["payload"]["severity"] for page in pages} == {"critical"}


def test_a_drill_reaches_everybody_and_says_that_it_is_one(healed: Incident) -> None:
    platform = healed.platform
    outcomes = drill.run(load(ROOT, "dev"), platform.kube, print)
    assert {outcome.state for outcome in outcomes} == {"taken"}, "\n".join(map(str, outcomes))
    drills = [message for message in received(platform, "slack") if message["attachments"][0]["title"].startswith("[DRILL]")]
    assert {message["channel"] for message in drills} >= {f"#team-{team}" for team in load(ROOT, "dev").routing.teams} | {"#incident-leads"}
    pages = [page for page in received(platform, "pagerduty") if page["payload"]["summary"].startswith("[DRILL]")]
    assert {page["payload"]["severity"] for page in pages} == {"info"}
    assert [mail for mail in received(platform, "mail") if mail["subject"].startswith("[DRILL]")]


def test_people_hear_that_it_is_over(healed: Incident) -> None:
    healed.wait(OVER, "resolved", 180)
