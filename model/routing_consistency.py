"""What must fit together in ``configs/routing.yaml``, and between it and those who are told about in rules and catalogues.

As in ``model.consistency``, what has the wrong type is passed over in silence: the models tell it.
"""

import re
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import get_args
from zoneinfo import available_timezones

from model.consistency import SEVERITIES, known_teams, quantities, teams_of
from model.documents import Document, each, is_mapping, mapping
from model.errors import Finding, nearest
from model.quantities import Duration
from model.routing import Severity
from model.settings import PAGERDUTY

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LEAP_YEAR = 2024
_CLOCK = r"\d\d:\d\d"


def check_routing(routing: Document) -> Iterator[Finding]:
    """Teams and hours that exist, times that are some, a pace for each severity that Alertmanager can keep."""
    content, file = routing.content, routing.file
    named = [("fallbackTeam", content.get("fallbackTeam")), *each(content, "categories", "*")]
    yield from known_teams([(file, key, team) for key, team in named], teams_of(routing))
    yield from _check_hours(routing)
    pace = content.get("pace")
    for severity in SEVERITIES if is_mapping(pace) else ():
        if severity not in mapping(pace):
            yield Finding(
                file=file, key=f"pace.{severity}", problem="the severity has no pace", allowed="groupWait, groupInterval, repeatInterval"
            )
    for name in ("groupInterval", "repeatInterval"):
        for key, interval in quantities(Duration, content, "pace", "*", name):
            if not interval.seconds:
                yield Finding(file=file, key=key, problem=f"'{interval}' was given", allowed="longer than nothing")


@cache
def _places() -> frozenset[str]:
    """The names of the time zone database, which are hundreds of files."""
    return frozenset(available_timezones())


def _check_hours(routing: Document) -> Iterator[Finding]:
    content, file = routing.content, routing.file
    declared = list(mapping(content.get("hours")))
    used = [(key, hours) for key, hours in each(content, "teams", "*", "hours") if isinstance(hours, str)]
    for key, hours in used:
        if hours not in declared:
            problem = f"there are no hours '{hours}'"
            yield Finding(file=file, key=key, problem=problem, allowed=", ".join(declared), suggestion=nearest(hours, declared))
    for name in declared:
        if name not in {hours for _, hours in used}:
            yield Finding(file=file, key=f"hours.{name}", problem=f"no team works in hours '{name}'", allowed="hours of a team")
    places = _places()
    for key, place in each(content, "hours", "*", "location"):
        if isinstance(place, str) and place not in places:
            problem = f"'{place}' was given"
            allowed = "a place of the IANA time zone database, such as Europe/Berlin"
            yield Finding(file=file, key=key, problem=problem, allowed=allowed, suggestion=nearest(place, places))
    for key, hours in each(content, "hours", "*"):
        start, end = (str(mapping(hours).get(name)) for name in ("start", "end"))
        if re.fullmatch(_CLOCK, start) and start >= end:
            problem = f"'{end}' is not after start '{start}'"
            yield Finding(file=file, key=f"{key}.end", problem=problem, allowed="later; two ranges for hours past midnight are not known")
        first, _, last = str(mapping(hours).get("weekdays")).partition(":")
        if first in _WEEKDAYS and last in _WEEKDAYS and _WEEKDAYS.index(first) > _WEEKDAYS.index(last):
            yield Finding(
                file=file, key=f"{key}.weekdays", problem=f"'{first}:{last}' goes backwards", allowed="monday to sunday, forwards"
            )
    for key, day in each(content, "hours", "*", "holidays", "*"):
        month, _, number = str(day).partition("-")
        if month.isdecimal() and number.isdecimal() and 1 <= int(month) <= 12 and int(number) > monthrange(_LEAP_YEAR, int(month))[1]:
            yield Finding(file=file, key=key, problem=f"there is no day '{day}'", allowed="a day of the year, such as 12-25")


def check_unused(routing: Document, owners: Iterable[str]) -> Iterator[Finding]:
    """Teams that own nothing and are told about nothing: a misspelt name somewhere, or people who wait in vain."""
    content = routing.content
    named = {*owners, str(content.get("fallbackTeam")), *(str(team) for _, team in each(content, "categories", "*"))}
    for team in teams_of(routing):
        if team not in named:
            problem = f"team '{team}' would never be told anything"
            allowed = "a team of a catalogue, a rule or a category, or the fallback team"
            yield Finding(file=routing.file, key=f"teams.{team}", problem=problem, allowed=allowed)


def check_matches(routing: Document, labels: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    """Categories and inhibitions that no alert has; ``labels`` are the values that rules give to labels, by label."""
    content, file = routing.content, routing.file
    categories = labels.get("category", ())
    for category in mapping(content.get("categories")):
        if category not in categories:
            yield _never(file, f"categories.{category}", f"category '{category}'", category, categories)
    for side in ("source", "target"):
        for name in mapping(content.get("inhibitions")):
            for label, values in mapping(mapping(mapping(content["inhibitions"])[name]).get(side)).items():
                for key, value in each(values, "*"):
                    if value not in labels.get(label, ()):
                        place = f"inhibitions.{name}.{side}.{label}{key}"
                        yield _never(file, place, f"{label} '{value}'", str(value), labels.get(label, ()))


def _never(file: str, key: str, what: str, given: str, known: Collection[str]) -> Finding:
    allowed = ", ".join(sorted(known)) if len(known) <= 12 else f"one of the {len(known)} that rules have"
    return Finding(
        file=file, key=key, problem=f"no alert has {what}", allowed=allowed or "a label of a rule", suggestion=nearest(given, known)
    )


def rule_labels(files: Iterable[Mapping[str, object]]) -> dict[str, set[str]]:
    """The values that alerts have for each label, as far as the rules themselves name them."""
    found: dict[str, set[str]] = {"severity": set(get_args(Severity))}
    for file in files:
        for _, rule in each(file, "groups", "*", "rules", "*"):
            fields = mapping(rule)
            if "alert" not in fields:
                continue
            for label, value in {**mapping(fields.get("labels")), "alertname": fields["alert"]}.items():
                if isinstance(value, str) and "{{" not in value:
                    found.setdefault(label, set()).add(value)
    return found


def check_notifications(settings: Document) -> Iterator[Finding]:
    """Nobody is woken for what customers do not see, or left asleep for what they do; nothing leaves production unencrypted."""
    content, file = settings.content, settings.file
    notifications = mapping(content.get("notifications"))
    if mapping(content.get("cluster")).get("production") is True:
        yield from _check_production(notifications, file)
    elif notifications.get("pagerdutyUrl", PAGERDUTY) == PAGERDUTY:
        for key, channel in each(notifications, "channels", "*", "*"):
            if channel == "pagerduty":
                problem = "pages people, but the environment is not production"
                allowed = "another channel, or a pagerdutyUrl that is not PagerDuty's"
                yield Finding(file=file, key=f"notifications.{key}", problem=problem, allowed=allowed)
    for key, wait in quantities(Duration, content, "notifications", "escalateAfter"):
        if not wait.seconds:
            yield Finding(file=file, key=key, problem=f"'{wait}' was given", allowed="longer than nothing")


def _check_production(notifications: dict[str, object], file: str) -> Iterator[Finding]:
    for key, severity in each(notifications, "workingHours", "*"):
        if severity == "critical":
            problem = "critical alerts of production would wait for the morning"
            yield Finding(file=file, key=f"notifications.{key}", problem=problem, allowed="warning, info")
    url = notifications.get("pagerdutyUrl")
    if isinstance(url, str) and not url.startswith("https://"):
        yield Finding(file=file, key="notifications.pagerdutyUrl", problem=f"'{url}' was given", allowed="https:// in production")
    if mapping(notifications.get("email")).get("requireTls") is False:
        problem = "mails of production would leave unencrypted"
        yield Finding(file=file, key="notifications.email.requireTls", problem=problem, allowed="true in production")
