"""A drill: one marked alert for each receiver and route through the live Alertmanager, and whether each was taken by whom it was for.

Taken is what Alertmanager itself counts: the receiver answered that it has the message. The alerts say of themselves that they are a drill,
are about a cluster and services that do not exist, so that they touch no real group and silence nothing, and are over when the drill is.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

from components.notification import receivers
from components.routing_tree import HEARTBEAT, SECOND_LINE, STRAYS
from model.environment import Environment
from model.routing import Severity
from sandbox.kube import Kube, Object

TIMEOUT_SECONDS = 120
"""Longer than the heartbeat's interval, and than a receiver may take with a second attempt."""

POD = "/api/v1/namespaces/observability/pods/alertmanager-0:9093/proxy"
"""One Alertmanager, the first: alerts that come by its API are not shared with the others, so it alone sends them."""

_COUNT = re.compile(
    r'^alertmanager_notifications(_failed)?_total\{integration="([^"]*)",(?:reason="[^"]*",)?receiver_name="([^"]*)"\} (\S+)$', re.M
)

Integration = tuple[str, str]
"""A receiver and one of its channels."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """An alert of the drill and the receivers that must get it."""

    labels: Mapping[str, str]
    receivers: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one way to people."""

    integration: Integration
    state: str
    """``taken``, ``failed``, ``missing``, or ``waits`` for working hours."""

    def __str__(self) -> str:
        receiver, channel = self.integration
        return f"{self.state:8}{receiver} by {channel}"


def plan(environment: Environment, drill: str) -> list[Exercise]:
    """The alerts: each team at each severity, each category, what is of another environment."""
    routing = environment.routing
    second = [SECOND_LINE] if environment.settings.notifications.escalate_after else []

    def alert(name: str, receivers: Iterable[str], **labels: str) -> Exercise:
        common = {"alertname": "Drill", "drill": drill, "env": environment.name, "cluster": "drill", "namespace": "drill"}
        return Exercise(labels={**common, "category": "drill", "service": f"drill-{name}", **labels}, receivers=list(receivers))

    found = [
        alert(f"{team}-{severity}", [f"{team}-{severity}", *(second if severity == "critical" else [])], team=team, severity=severity)
        for team in routing.teams
        for severity in get_args(Severity)
    ]
    for category, also in routing.categories.items():
        owner = next(team for team in routing.teams if team != also)
        found.append(
            alert(f"category-{category}", [f"{also}-warning", f"{owner}-warning"], team=owner, severity="warning", category=category)
        )
    return [*found, alert("stray", [STRAYS], team=routing.fallback_team, severity="critical", env="drill")]


def run(environment: Environment, kube: Kube, say: Callable[[str], None]) -> list[Outcome]:
    """Send the alerts, wait until all are taken or the time is over, and end them. Raises KubeError."""
    drill = uuid.uuid4().hex[:8]
    exercises = plan(environment, drill)
    expected = _integrations(environment, {HEARTBEAT, *(name for exercise in exercises for name in exercise.receivers)})
    before = counts(_metrics(kube))
    say(f"drill {drill}: {len(exercises)} alerts, {len(expected)} ways to people")
    _send(kube, exercises, started=_longest(environment))
    try:
        outcomes = _wait(kube, expected, before, drill)
    finally:
        _send(kube, exercises, started=_longest(environment), over=True)
    return outcomes


def _integrations(environment: Environment, names: set[str]) -> list[Integration]:
    return [
        (str(receiver["name"]), key.removesuffix("_configs"))
        for receiver in receivers(environment)
        if receiver["name"] in names
        for key in receiver
        if key != "name"
    ]


def _longest(environment: Environment) -> timedelta:
    """Longer than any route waits for more alerts: what began that long ago is told at once."""
    waits = [pace.group_wait.seconds for pace in environment.routing.pace.values()]
    after = environment.settings.notifications.escalate_after
    return timedelta(seconds=max([*waits, after.seconds if after else 0]) + 60)


def _send(kube: Kube, exercises: Sequence[Exercise], *, started: timedelta, over: bool = False) -> None:
    now = datetime.now(UTC)
    ends = now if over else now + timedelta(seconds=2 * TIMEOUT_SECONDS)
    alerts = [
        {
            "labels": exercise.labels,
            "annotations": {
                "summary": f"A drill: {', '.join(exercise.receivers)} should get this",
                "description": "Nothing is wrong and nothing is to be done. It ends by itself within minutes.",
            },
            "startsAt": (now - started).isoformat(),
            "endsAt": ends.isoformat(),
        }
        for exercise in exercises
    ]
    kube.call("POST", f"{POD}/api/v2/alerts", body=alerts)


def _wait(kube: Kube, expected: Sequence[Integration], before: Mapping[Integration, tuple[float, float]], drill: str) -> list[Outcome]:
    end = time.monotonic() + TIMEOUT_SECONDS
    while True:
        outcomes = judge(expected, before, counts(_metrics(kube)), _kept_back(kube, drill))
        if all(outcome.state in ("taken", "waits") for outcome in outcomes) or time.monotonic() > end:
            return outcomes
        time.sleep(1)


def judge(
    expected: Sequence[Integration],
    before: Mapping[Integration, tuple[float, float]],
    after: Mapping[Integration, tuple[float, float]],
    kept_back: set[str],
) -> list[Outcome]:
    """What became of each way, by the numbers of messages sent and failed before and after."""

    def state(integration: Integration) -> str:
        (sent, failed), (old_sent, old_failed) = after.get(integration, (0, 0)), before.get(integration, (0, 0))
        if sent - failed > old_sent - old_failed:
            return "taken"
        if integration[0] in kept_back:
            return "waits"
        return "failed" if failed > old_failed else "missing"

    return [Outcome(integration=integration, state=state(integration)) for integration in expected]


def counts(metrics: str) -> dict[Integration, tuple[float, float]]:
    """By way to people, how many messages were sent and how many of them failed."""
    found: dict[Integration, tuple[float, float]] = {}
    for failed, channel, receiver, number in _COUNT.findall(metrics):
        sent, lost = found.get((receiver, channel), (0.0, 0.0))
        found[receiver, channel] = (sent, lost + float(number)) if failed else (sent + float(number), lost)
    return found


def _metrics(kube: Kube) -> str:
    return kube.text(f"{POD}/metrics")


def _kept_back(kube: Kube, drill: str) -> set[str]:
    """The receivers that get nothing of the drill now, as it is not their time."""
    answer: object = kube.call("GET", f"{POD}/api/v2/alerts/groups", query={"filter": f'drill="{drill}"'})
    groups = cast("list[Object]", answer)
    return {group["receiver"]["name"] for group in groups if any(alert["status"].get("mutedBy") for alert in group["alerts"])}
