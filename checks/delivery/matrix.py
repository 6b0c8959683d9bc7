"""What is asked: every alert of every severity, team and environment at every kind of hour, and which of them silence which."""

from calendar import isleap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from model.documents import each, mapping, parse
from model.environment import Environment
from model.routing import Hours, Severity

UNKNOWN = "unknown"
"""A team or severity that nobody has."""

_SEASONS = (date(2027, 1, 13), date(2027, 7, 14))
"""A Wednesday in winter and one in summer: the clocks of most places differ."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert as a rule declares it."""

    name: str
    labels: Mapping[str, str]
    """What the rule says for every one of them; not what it takes from its series."""

    @property
    def severity(self) -> str:
        """Its severity."""
        return self.labels.get("severity", UNKNOWN)

    @property
    def category(self) -> str:
        """Its category."""
        return self.labels.get("category", "")

    @property
    def team(self) -> str | None:
        """The team that the rule names; None when the series say it."""
        return self.labels.get("team")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One combination."""

    alert: str
    severity: str
    team: str
    env: str
    category: str
    declared: bool
    """Whether a rule declares it so: with this severity, and with this team or one that its series name."""

    @property
    def labels(self) -> dict[str, str]:
        """The labels with which it arrives."""
        own = {"alertname": self.alert, "severity": self.severity, "team": self.team, "env": self.env, "category": self.category}
        return {**own, "cluster": "any", "namespace": "any", "service": "any"}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A kind of hour, and an instant of that kind."""

    kind: str
    """Whose hours they are, and which: ``office: evening``."""

    instant: datetime


RULES = ("prometheus/rules", "loki/rules")
"""Where alerts come from, among the rendered files."""


def alerts(files: Mapping[str, str]) -> list[Alert]:
    """The alerts of rendered files by path, by name."""
    found: list[Alert] = []
    for path, text in files.items():
        if path.startswith(tuple(f"{folder}/" for folder in RULES)):
            for _, rule in each(parse(text, path).content, "groups", "*", "rules", "*"):
                fields = mapping(rule)
                if "alert" in fields:
                    labels = {label: str(value) for label, value in mapping(fields.get("labels")).items() if "{{" not in str(value)}
                    found.append(Alert(name=str(fields["alert"]), labels=labels))
    return sorted(found, key=lambda alert: alert.name)


def cells(declared: Iterable[Alert], *, teams: Sequence[str], environments: Sequence[str]) -> list[Cell]:
    """Every alert, whatever its severity, team and environment would be."""
    known = list(declared)
    severities = dict.fromkeys([*get_args(Severity), *(alert.severity for alert in known), UNKNOWN])
    owners = dict.fromkeys([*teams, *(alert.team for alert in known if alert.team), UNKNOWN])
    return [
        Cell(
            alert=alert.name,
            severity=severity,
            team=team,
            env=env,
            category=alert.category,
            declared=alert.severity == severity and (alert.team == team or (alert.team is None and team in teams)),
        )
        for alert in known
        for severity in severities
        for team in owners
        for env in environments
    ]


def moments(environment: Environment) -> list[Moment]:
    """The kinds of hours of all teams, with their first and last minutes, in winter and in summer."""
    return [
        Moment(kind=f"{name}: {kind}", instant=instant)
        for name, hours in environment.routing.hours.items()
        for kind, instant in _kinds(hours)
    ]


def _kinds(hours: Hours) -> Iterable[tuple[str, datetime]]:
    place = ZoneInfo(hours.location)
    begin, minute = time.fromisoformat(hours.start), timedelta(minutes=1)
    for day in _SEASONS:
        start = datetime.combine(day, begin, place)
        end = datetime.combine(day + timedelta(days=1), time(0), place) if hours.end == "24:00" else _at(day, hours.end, place)
        middle = start + (end - start) / 2
        yield "work", start
        yield "work", middle
        yield "work", end - minute
        yield "before work", start - minute
        yield "after work", end
        yield "weekend", middle + timedelta(days=(5 - day.weekday()) % 7)
        yield "weekend", middle + timedelta(days=(6 - day.weekday()) % 7)
    for holiday in hours.holidays:
        yield "holiday", datetime.combine(_on_weekday(holiday), begin, place)


def _on_weekday(holiday: str) -> date:
    """The next year's holiday that is no Saturday or Sunday anyway."""
    years = (year for year in range(_SEASONS[0].year, _SEASONS[0].year + 40) if holiday != "02-29" or isleap(year))
    days = (date(year, int(holiday[:2]), int(holiday[3:])) for year in years)
    return next(day for day in days if day.weekday() < 5)


def _at(day: date, clock: str, place: ZoneInfo) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), place)


def working(hours: Hours, instant: datetime) -> bool:
    """Whether it is a working hour, on the clock of the place."""
    local = instant.astimezone(ZoneInfo(hours.location))
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    first, _, last = hours.weekdays.partition(":")
    on_day = names.index(first) <= local.weekday() <= names.index(last or first)
    return on_day and hours.start <= f"{local:%H:%M}" < hours.end and f"{local:%m-%d}" not in hours.holidays


def instants(found: Iterable[Moment]) -> list[datetime]:
    """The instants in universal time, as they are asked about."""
    return [moment.instant.astimezone(UTC) for moment in found]
