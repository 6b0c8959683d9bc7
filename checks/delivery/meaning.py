"""What ``configs/routing.yaml`` and the stack file mean, said without a tree: who is told, when, and what silences what.

The tree of ``components.routing_tree`` must come to the same for every alert, as Alertmanager reads it. So a mistake in it is found,
and so is one that somebody makes in the rendered file.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from checks.delivery.matrix import working
from checks.delivery.program import Labels, Route
from model import secrets
from model.environment import Environment
from model.routing import Channel, Contact, Inhibition, Pace, Severity

Integration = tuple[str, str, str]
"""A channel, the address or place within it, and the secret that opens it."""

WATCHDOG = "Watchdog"
"""The alert that always fires: it goes to who notices when it does not."""


def told(environment: Environment, labels: Labels, instants: Sequence[datetime]) -> list[Route]:
    """The routes that an alert should take."""
    routing, notifications = environment.routing, environment.settings.notifications
    pace, severity, team = routing.pace, labels.get("severity", ""), labels.get("team", "")
    if labels.get("env") != environment.name:
        return [_route("strays", pace["warning"], pace["warning"].group_wait.seconds, instants)]
    if labels["alertname"] == WATCHDOG:
        beat = _route("heartbeat", pace["warning"], 0, instants)
        return [replace(beat, group_interval=60, repeat_interval=30)]
    found: list[Route] = []
    if severity == "critical" and notifications.escalate_after:
        found.append(_route("second-line", pace["critical"], notifications.escalate_after.seconds, instants))
    also = routing.categories.get(labels.get("category", ""))
    if also and also != team:
        found.append(_to_team(environment, also, severity, instants))
    found.append(_to_team(environment, team if team in routing.teams else routing.fallback_team, severity, instants))
    return found


def _to_team(environment: Environment, team: str, severity: str, instants: Sequence[datetime]) -> Route:
    pace = environment.routing.pace
    known: Severity | None = severity if severity in pace else None
    chosen = pace[known or "warning"]
    muted = tuple(False for _ in instants)
    if known in environment.settings.notifications.working_hours:
        hours = environment.routing.hours[environment.routing.teams[team].hours]
        muted = tuple(not working(hours, instant) for instant in instants)
    return Route(
        receiver=f"{team}-{known or 'warning'}",
        group_by=tuple(sorted(chosen.group_by)),
        group_wait=chosen.group_wait.seconds,
        group_interval=chosen.group_interval.seconds,
        repeat_interval=chosen.repeat_interval.seconds,
        muted=muted,
    )


def _route(receiver: str, pace: Pace, wait: float, instants: Sequence[datetime]) -> Route:
    return Route(
        receiver=receiver,
        group_wait=wait,
        group_interval=pace.group_interval.seconds,
        repeat_interval=pace.repeat_interval.seconds,
        group_by=tuple(sorted(pace.group_by)),
        muted=tuple(False for _ in instants),
    )


def reached(environment: Environment) -> dict[str, list[Integration]]:
    """By receiver, how people are reached."""
    routing, notifications = environment.routing, environment.settings.notifications
    channels = notifications.channels
    quiet: list[Channel] = [channel for channel in channels["warning"] if channel != "pagerduty"]
    found = {
        "heartbeat": [("webhook", "", secrets.HEARTBEAT)],
        "strays": _integrations(environment, routing.teams[routing.fallback_team], quiet),
    }
    if notifications.escalate_after:
        found["second-line"] = _integrations(environment, routing.second_line, channels["critical"])
    for name, team in routing.teams.items():
        for severity, chosen in channels.items():
            found[f"{name}-{severity}"] = _integrations(environment, team, chosen)
    return found


def _integrations(environment: Environment, contact: Contact, channels: Sequence[Channel]) -> list[Integration]:
    email = environment.settings.notifications.email
    known: Mapping[Channel, tuple[str, str]] = {
        "pagerduty": (environment.settings.notifications.pagerduty_url, secrets.pager_secret(contact.pager)),
        "slack": (contact.slack, secrets.SLACK),
        "email": (contact.email, secrets.SMTP if email and email.username else ""),
        "webhook": ("", secrets.WEBHOOK),
    }
    return sorted((channel, str(known[channel][0]), known[channel][1]) for channel in channels)


def silenced(rule: Inhibition, sources: Sequence[Labels], targets: Sequence[Labels]) -> Iterator[tuple[Labels, Labels]]:
    """Each source with each target that it silences by a rule."""
    candidates: defaultdict[tuple[str, ...], list[Labels]] = defaultdict(list)
    for target in targets:
        if _fits(target, rule.target) and target.get("alertname") != WATCHDOG:
            candidates[_about(rule, target)].append(target)
    for source in sources:
        about = _about(rule, source)
        if _fits(source, rule.source) and all(about):
            # What is of both kinds silences nothing of both kinds: else two such alerts would silence each other.
            both = _fits(source, rule.target) and source.get("alertname") != WATCHDOG
            for target in candidates[about]:
                if not (both and _fits(target, rule.source)):
                    yield source, target


def _fits(labels: Labels, wanted: Mapping[str, Sequence[str]]) -> bool:
    return all(labels.get(label, "") in values for label, values in wanted.items())


def _about(rule: Inhibition, labels: Labels) -> tuple[str, ...]:
    """What an alert is about; only what is about the same silences each other."""
    return tuple(labels.get(label, "") for label in ("env", "cluster", *rule.equal))
