"""The proof: what Alertmanager would do with every alert, held against what was meant and against what must never be."""

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from checks.delivery.matrix import RULES, Alert, Cell, Moment, alerts, cells, instants, moments, working
from checks.delivery.meaning import WATCHDOG, Integration, reached, silenced, told
from checks.delivery.program import Labels, Question, Route, ask
from model.documents import each, mapping, parse
from model.environment import Environment
from model.errors import Finding
from model.settings import PAGERDUTY

FILE = "alertmanager/alertmanager.yml"

_FIELDS = {
    "pagerduty": ("", "routing_key_file"),
    "slack": ("channel", "api_url_file"),
    "email": ("to", ""),
    "webhook": ("", "url_file"),
}
"""By channel, the fields of an integration that say whom it reaches, and which secret it needs."""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What Alertmanager would do with all combinations."""

    environment: str
    """The environment whose Alertmanager it is."""

    cells: Sequence[Cell]
    moments: Sequence[Moment]
    routes: Sequence[Sequence[Route]]
    """For each cell, the routes that take it."""

    hours: Mapping[str, Sequence[bool]]
    """For all working hours by name, whether each moment is one of them."""

    receivers: Mapping[str, Sequence[Integration]]
    """How people are reached, by receiver."""

    pairs: Sequence[tuple[str, Labels, Labels]]
    """The rule, source and target of each silencing, among `sources` and `targets`."""

    sources: Sequence[Labels]
    targets: Sequence[Labels]

    @property
    def combinations(self) -> int:
        """How many combinations were answered: cells at each moment, and sources with targets."""
        return len(self.cells) * len(self.moments) + len(self.sources) * len(self.targets)


def compute(
    environment: Environment,
    directory: Path,
    environments: Sequence[str],
    find: Callable[[str], str | None] = shutil.which,
) -> Delivery:
    """What the rendered ``alertmanager.yml`` below a directory would do with the alerts of the rules beside it. Raises UnansweredError."""
    declared = alerts({path: text for folder in RULES for path, text in _texts(directory / folder, directory).items()})
    found, at = cells(declared, teams=list(environment.routing.teams), environments=environments), moments(environment)
    sources, targets = places(declared, environment)
    question = Question(alerts=[cell.labels for cell in found], times=instants(at), sources=sources, targets=targets)
    answer = ask(directory / FILE, question, find)
    return Delivery(
        environment=environment.name,
        cells=found,
        moments=at,
        routes=answer.deliveries,
        hours={name: [working(hours, moment.instant) for moment in at] for name, hours in environment.routing.hours.items()},
        receivers=integrations(parse((directory / FILE).read_text(), FILE).content),
        pairs=[(rule, sources[source], targets[target]) for rule, source, target in answer.inhibited],
        sources=sources,
        targets=targets,
    )


def _texts(directory: Path, root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text() for path in sorted(directory.glob("*.yaml"))}


def places(declared: Iterable[Alert], environment: Environment) -> tuple[list[Labels], list[Labels]]:
    """Alerts that may silence, each in one place or without a part of it; alerts that may be silenced, in the same place or elsewhere."""
    equal = {label for rule in environment.routing.inhibitions.values() for label in rule.equal}
    names = sorted({"env", "cluster", "namespace", "service", *equal})
    here = dict.fromkeys(names, "here") | {"env": environment.name}
    without = [{name: value for name, value in here.items() if name != left} for left in names]
    elsewhere = [{**here, name: "elsewhere"} for name in names]
    firing = [{"alertname": alert.name, "team": "any", **alert.labels} for alert in declared]
    return (
        [{**place, **labels} for labels in firing for place in (here, {}, *without)],
        [{**place, **labels} for labels in firing for place in (here, {}, *without, *elsewhere)],
    )


def integrations(config: Mapping[str, object]) -> dict[str, list[Integration]]:
    """How people are reached, by receiver, as ``alertmanager.yml`` says it."""
    top = mapping(config.get("global"))
    pages = str(top.get("pagerduty_url", PAGERDUTY))
    smtp = _file(top.get("smtp_auth_password_file"))
    found: dict[str, list[Integration]] = {}
    for _, entry in each(config, "receivers", "*"):
        receiver = mapping(entry)
        reaches: list[Integration] = []
        for channel, (address, key) in _FIELDS.items():
            for _, item in each(receiver, f"{channel}_configs", "*"):
                fields = mapping(item)
                place = pages if channel == "pagerduty" else str(fields.get(address, ""))
                reaches.append((channel, place, smtp if channel == "email" else _file(fields.get(key))))
        found[str(receiver.get("name"))] = sorted(reaches)
    return found


def _file(path: object) -> str:
    return str(path or "").rpartition("/")[2]


def proof_findings(environment: Environment, delivery: Delivery, secrets: Collection[str]) -> list[Finding]:
    """Everything that is wrong with a delivery; ``secrets`` are the keys that the stack has. Findings of one kind are told once."""
    problems = [
        *_not_meant(environment, delivery),
        *_never(environment, delivery),
        *_receivers(environment, delivery, secrets),
        *_silences(environment, delivery),
    ]
    counted: dict[tuple[str, str], list[str]] = {}
    for key, problem, allowed in problems:
        counted.setdefault((problem, allowed), []).append(key)
    return [Finding(file=FILE, key=_among(keys), problem=problem, allowed=allowed) for (problem, allowed), keys in counted.items()]


Problem = tuple[str, str, str]
"""What it is about, what is wrong, and what would be right."""


def _among(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"{keys[0]} (and {len(keys) - 1} more)"


def _name(cell: Cell) -> str:
    return f"{cell.alert}, {cell.severity}, {cell.env}, {cell.team}"


def _not_meant(environment: Environment, delivery: Delivery) -> Iterator[Problem]:
    """Alerts that take other routes than the data says, or the same at other times."""
    at = instants(delivery.moments)
    known: dict[Cell, Sequence[Route]] = {}
    for cell, routes in zip(delivery.cells, delivery.routes, strict=True):
        # What an alert is called means nothing, but for one: so all that are alike otherwise are worked out once.
        alike = cell if cell.alert == WATCHDOG else replace(cell, alert="", declared=False)
        if alike not in known:
            known[alike] = told(environment, alike.labels, at)
        meant = known[alike]
        if Counter(routes) == Counter(meant):
            continue
        yield _name(cell), f"goes to {_listed(routes, delivery)}", f"{_listed(meant, delivery)} as configs/routing.yaml says"


def _listed(routes: Sequence[Route], delivery: Delivery) -> str:
    return " and ".join(f"{route.receiver} {pace(route)}{resting(route, delivery)}" for route in routes) or "nobody"


def pace(route: Route) -> str:
    """How fast a route sends, in words."""
    return f"(after {route.group_wait:g} s, then {route.group_interval:g} s, {route.repeat_interval:g} s, by {'+'.join(route.group_by)})"


def resting(route: Route, delivery: Delivery) -> str:
    """When a route sends, in words, if not always."""
    if not any(route.muted):
        return ""
    for name, working_then in delivery.hours.items():
        if [not muted for muted in route.muted] == list(working_then):
            return f" in hours '{name}'"
    kinds = sorted({moment.kind for moment, muted in zip(delivery.moments, route.muted, strict=True) if muted})
    return f" but not {', '.join(kinds)}"


def _never(environment: Environment, delivery: Delivery) -> Iterator[Problem]:
    """What must never be, whatever the data says."""
    production = environment.settings.cluster.production
    for cell, routes in zip(delivery.cells, delivery.routes, strict=True):
        reaching = [route for route in routes if delivery.receivers.get(route.receiver)]
        if not reaching:
            yield _name(cell), "reaches nobody", "a receiver with at least one channel"
        names = [route.receiver for route in routes]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield _name(cell), f"is told twice to {name}", "once"
        pages = any(channel == "pagerduty" and url == PAGERDUTY for name in names for channel, url, _ in delivery.receivers.get(name, ()))
        if pages and not (production and cell.env == environment.name):
            yield _name(cell), "pages people, but not of a production environment", "pages from production alone"
        if production and cell.severity == "critical" and cell.env == environment.name and reaching:
            for index, moment in enumerate(delivery.moments):
                if all(route.muted[index] for route in reaching):
                    yield _name(cell), f"is critical in production and muted at '{moment.kind}'", "told at any hour"
        if cell.declared and (cell.team not in environment.routing.teams or cell.severity not in environment.routing.pace):
            yield _name(cell), "has a team or a severity that nobody knows", "those of configs/routing.yaml"


def _receivers(environment: Environment, delivery: Delivery, secrets: Collection[str]) -> Iterator[Problem]:
    """Receivers that are not who they should be, or whose secret the stack does not have, or whom nothing reaches."""
    meant = reached(environment)
    for name, found in delivery.receivers.items():
        if found != meant.get(name):
            yield name, f"reaches {_people(found)}", _people(meant.get(name, ()))
        for _, _, secret in found:
            if secret and secret not in secrets:
                yield name, f"needs the secret '{secret}', which the stack does not have", ", ".join(sorted(secrets))
    used = {route.receiver for routes in delivery.routes for route in routes}
    watched = {cell.alert for cell in delivery.cells}
    for name in delivery.receivers:
        if name not in used and not (name == "heartbeat" and "Watchdog" not in watched):
            yield name, "is told nothing by any alert", "a route that leads to it"


def _people(found: Sequence[Integration]) -> str:
    return ", ".join(" ".join(part for part in integration if part) for integration in found) or "nobody"


def _silences(environment: Environment, delivery: Delivery) -> Iterator[Problem]:
    """Alerts that are silenced although they should not be, or not although they should."""
    keys: dict[int, tuple[tuple[str, str], ...]] = {}

    def key(labels: Labels) -> tuple[tuple[str, str], ...]:
        """The same for the same labels; each alert is in many pairs."""
        if id(labels) not in keys:
            keys[id(labels)] = tuple(sorted(labels.items()))
        return keys[id(labels)]

    found = {(rule, key(source), key(target)) for rule, source, target in delivery.pairs}
    meant = {
        (name, key(source), key(target))
        for name, rule in environment.routing.inhibitions.items()
        for source, target in silenced(rule, delivery.sources, delivery.targets)
    }
    for rule, source, target in sorted(found - meant):
        yield f"inhibit_rules.{rule}", "silences more than it should", f"not {_brief(target)} by {_brief(source)}"
    for rule, source, target in sorted(meant - found):
        yield f"inhibit_rules.{rule}", "silences less than it should", f"{_brief(target)} by {_brief(source)}"


def _brief(labels: tuple[tuple[str, str], ...]) -> str:
    return "{" + ", ".join(f"{name}={value}" for name, value in labels) + "}"
