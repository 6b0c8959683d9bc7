"""On a real cluster: a fault reaches the right team, the second line hears of what nobody took, a drill reaches everybody."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from model.environment import load
from sandbox import drill
from sandbox.engine import ROOT
from tests.conftest import Platform
from tests.e2e.test_platform import scale
from tests.waiting import until

pytestmark = pytest.mark.cluster

ALERTMANAGER = "/api/v1/namespaces/observability/pods/alertmanager-0:9093/proxy"
FORGOTTEN, SILENCED = "orchestrator", "guardrails"
"""A service of team delivery and one of team security."""


def received(platform: Platform, kind: str) -> list[dict[str, Any]]:
    """What came to a part of the sandbox's receiver."""
    found = cast("list[dict[str, Any]]", platform.kube.service("dharma-demo", "alert-receiver", "8080", kind))
    return [item["notification"] for item in found]


def channels(platform: Platform, service: str) -> set[str]:
    """The Slack channels that were told that a service is down."""
    return {
        message["channel"]
        for message in received(platform, "slack")
        if f"[FIRING 1] ServiceDown on {service} (dev)" in message["attachments"][0]["title"]
    }


def test_a_fault_reaches_its_team_and_the_second_line_unless_it_is_silenced(platform: Platform) -> None:
    for service in (FORGOTTEN, SILENCED):
        scale(platform.kube, "dharma", service, 0)
    try:
        until(lambda: channels(platform, FORGOTTEN), seconds=180, what="the first team is told")
        until(lambda: channels(platform, SILENCED), seconds=60, what="the other team is told")
        silence(platform, SILENCED)
        until(lambda: "#incident-leads" in channels(platform, FORGOTTEN), seconds=120, what="the second line is told")
        assert channels(platform, FORGOTTEN) == {"#team-delivery", "#incident-leads"}
        assert channels(platform, SILENCED) == {"#team-security"}
    finally:
        for service in (FORGOTTEN, SILENCED):
            scale(platform.kube, "dharma", service, 1)
    pages = [page for page in received(platform, "pagerduty") if page["payload"]["component"] == FORGOTTEN]
    assert len({page["routing_key"] for page in pages}) == 2, "the team's pager and the second line's"
    assert {page["payload"]["severity"] for page in pages} == {"critical"}


def silence(platform: Platform, service: str) -> None:
    """What the button in the message does."""
    now = datetime.now(UTC)
    matcher = {"name": "service", "value": service, "isRegex": False, "isEqual": True}
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(minutes=10)).isoformat()}
    body = {"matchers": [matcher], "createdBy": "test", "comment": "taken", **times}
    platform.kube.call("POST", f"{ALERTMANAGER}/api/v2/silences", body=body)


def test_a_drill_reaches_everybody_and_says_that_it_is_one(platform: Platform) -> None:
    outcomes = drill.run(load(ROOT, "dev"), platform.kube, print)
    assert {outcome.state for outcome in outcomes} == {"taken"}, "\n".join(map(str, outcomes))
    drills = [message for message in received(platform, "slack") if message["attachments"][0]["title"].startswith("[DRILL]")]
    assert {message["channel"] for message in drills} >= {f"#team-{team}" for team in load(ROOT, "dev").routing.teams} | {"#incident-leads"}
    pages = [page for page in received(platform, "pagerduty") if page["payload"]["summary"].startswith("[DRILL]")]
    assert {page["payload"]["severity"] for page in pages} == {"info"}
    assert [mail for mail in received(platform, "mail") if mail["subject"].startswith("[DRILL]")]
