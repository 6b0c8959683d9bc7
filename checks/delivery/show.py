"""Deliveries for people: as a table, as JSON, and as what a change changes."""

import json
from collections.abc import Iterable, Iterator

from checks.delivery.matrix import Cell
from checks.delivery.proof import Delivery, resting

Key = tuple[str, str, str, str]
"""An alert as it is declared: its name, severity, environment and team."""


def rows(delivery: Delivery) -> Iterator[tuple[str, str, str, str, str]]:
    """A line for each alert as its rule declares it: alert, severity, team, who is told, and what silences it."""
    silencing = silencers(delivery)
    lines: dict[tuple[str, str, str], list[str]] = {}
    for cell, told in outcomes(delivery):
        generic = "; ".join(_generic(part, cell.team) for part in told)
        lines.setdefault((cell.alert, cell.severity, generic), []).append(cell.team)
    for (alert, severity, generic), teams in lines.items():
        told = generic if len(teams) > 1 else generic.replace("<team>", teams[0])
        team = teams[0] if len(teams) == 1 else f"<team>: {', '.join(teams)}"
        yield alert, severity, team, told, ", ".join(silencing.get(alert, ())) or "-"


def outcomes(delivery: Delivery) -> Iterator[tuple[Cell, list[str]]]:
    """For each alert of this environment as it is declared, who is told: receiver, people, delay, and when not."""
    for cell, routes in zip(delivery.cells, delivery.routes, strict=True):
        if cell.declared and cell.env == delivery.environment:
            told = [
                f"{route.receiver} ({people(delivery, route.receiver)}, after {_duration(route.group_wait)})" + resting(route, delivery)
                for route in routes
            ]
            yield cell, told


def people(delivery: Delivery, receiver: str) -> str:
    """How a receiver reaches people, in words: ``pagerduty and slack #team-ai``."""
    found = delivery.receivers.get(receiver, ())
    return " and ".join(f"{channel} {place}" if channel in ("slack", "email") else channel for channel, place, _ in found) or "nobody"


def silencers(delivery: Delivery) -> dict[str, list[str]]:
    """By alert, the names of the inhibitions that could silence it."""
    found: dict[str, set[str]] = {}
    for rule, _, target in delivery.pairs:
        found.setdefault(target["alertname"], set()).add(rule)
    return {alert: sorted(rules) for alert, rules in found.items()}


def _generic(told: str, team: str) -> str:
    """The same for whichever team: so that teams that are told alike share a line."""
    return told.replace(f"{team}-", "<team>-").replace(f"#team-{team}", "#team-<team>").replace(f" {team}@", " <team>@")


def _duration(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def as_json(delivery: Delivery) -> str:
    """All of it, for programs."""
    silencing = silencers(delivery)
    deliveries: object = [
        {
            **{name: getattr(cell, name) for name in ("alert", "severity", "team", "env", "category", "declared")},
            "told": [
                {
                    "receiver": route.receiver,
                    "afterSeconds": route.group_wait,
                    "mutedAt": [index for index, muted in enumerate(route.muted) if muted],
                }
                for route in routes
            ],
            "inhibitedBy": silencing.get(cell.alert, []),
        }
        for cell, routes in zip(delivery.cells, delivery.routes, strict=True)
    ]
    receivers: object = {
        name: [{"channel": channel, "address": address, "secret": secret} for channel, address, secret in found]
        for name, found in delivery.receivers.items()
    }
    document: object = {
        "environment": delivery.environment,
        "combinations": delivery.combinations,
        "moments": [{"kind": moment.kind, "instant": moment.instant.isoformat()} for moment in delivery.moments],
        "receivers": receivers,
        "deliveries": deliveries,
    }
    return json.dumps(document, indent=1)


def changes(before: Delivery, after: Delivery) -> list[str]:
    """What a change changes, a line an alert: ``DiskFull, critical, prod, payments: pagerduty -> nobody``."""
    old, new = _told(before), _told(after)
    lines: list[str] = []
    for key in sorted({*old, *new}):
        was, now = (told.get(key, "no such alert") for told in (old, new))
        if was != now:
            lines.append(f"{', '.join(key)}: {was} -> {now}")
    return lines


def _told(delivery: Delivery) -> dict[Key, str]:
    silencing = silencers(delivery)
    return {_declared(cell): _sentence(told, silencing.get(cell.alert, ())) for cell, told in outcomes(delivery)}


def _declared(cell: Cell) -> Key:
    return cell.alert, cell.severity, cell.env, cell.team


def _sentence(told: list[str], silencing: Iterable[str]) -> str:
    silenced = ", ".join(silencing)
    return ("; ".join(told) or "nobody") + (f" [silenced by {silenced}]" if silenced else "")
