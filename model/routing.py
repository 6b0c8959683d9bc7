"""Who is told: teams, their addresses and hours, and what silences what, as ``configs/routing.yaml`` has them."""

from typing import Annotated, Literal

from pydantic import Field

from model.base import Model
from model.quantities import Duration, EmailAddress, Name, Text

Severity = Literal["critical", "warning", "info"]
"""``critical`` wakes somebody, ``warning`` is for working hours, ``info`` is for the record."""

Channel = Literal["pagerduty", "slack", "email", "webhook"]
"""A way to reach people."""

LabelName = Annotated[str, Text(r"[a-z_][a-z0-9_]*", "the name of a label, such as service")]
"""A label of alerts."""

LabelValues = Annotated[tuple[Annotated[str, Text(r"[\w/-]+", "letters, digits and / - _")], ...], Field(min_length=1)]
"""What a label may be; one of them has to fit."""

_WEEKDAY = "(monday|tuesday|wednesday|thursday|friday|saturday|sunday)"


class Contact(Model):
    """Where people are reached."""

    slack: Annotated[str, Text(r"#[a-z0-9_-]{1,79}", "a Slack channel, such as #team-platform")]
    """Their Slack channel."""

    email: EmailAddress
    """Their mail address."""

    pager: Name
    """The PagerDuty service that wakes them; its integration key is the stack secret ``pagerduty<Pager>Key``."""


class Team(Contact):
    """A team: where and when it is reached."""

    hours: Name
    """Its working hours, one of those in ``hours``."""


class Hours(Model):
    """Working hours, on the clock of one place."""

    location: str
    """The place whose clock counts, as in the IANA time zone database: ``Europe/Berlin``."""

    weekdays: Annotated[str, Text(f"{_WEEKDAY}(:{_WEEKDAY})?", "a weekday or a range of them, such as monday:friday")]
    """The days of the week."""

    start: Annotated[str, Text(r"([01]\d|2[0-3]):[0-5]\d", "a time of day from 00:00 to 23:59")]
    """When work begins."""

    end: Annotated[str, Text(r"([01]\d|2[0-3]):[0-5]\d|24:00", "a time of day from 00:01 to 24:00")]
    """When it is over; later than ``start``."""

    holidays: tuple[Annotated[str, Text(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a day of the year, such as 12-25")], ...] = ()
    """Days of each year on which nobody works (month-day)."""


class Pace(Model):
    """How alerts of one severity are grouped, and how fast they are sent and repeated."""

    group_by: tuple[LabelName, ...] = ("alertname", "env", "cluster", "namespace", "service")
    """Alerts that agree in these labels come in one message. By default that is one thing going wrong in one place."""

    group_wait: Duration
    """How long the first alert of a group waits for others."""

    group_interval: Duration
    """How long until changes of a group are told."""

    repeat_interval: Duration
    """How long until an unchanged group is told again."""


class Inhibition(Model):
    """While an alert like ``source`` fires, those like ``target`` are not told if they are about the same thing."""

    source: Annotated[dict[LabelName, LabelValues], Field(min_length=1)]
    """The labels of the alert that says enough."""

    target: Annotated[dict[LabelName, LabelValues], Field(min_length=1)]
    """The labels of the alerts that add nothing to it."""

    equal: tuple[LabelName, ...] = ()
    """The labels that both have and that agree, besides ``env`` and ``cluster``."""


class Routing(Model):
    """All teams, who gets what nobody owns or takes, the pace of each severity, and what silences what."""

    hours: dict[Name, Hours]
    """Working hours by name."""

    teams: dict[Name, Team]
    """Teams by name."""

    categories: dict[Name, Name] = Field(default_factory=dict[str, str])
    """Teams that are told about all alerts of a category, besides the team that owns the service."""

    fallback_team: Name
    """The team that gets alerts which no route claims."""

    second_line: Contact
    """Who is told when nobody has silenced or ended a critical alert after a time that the stack file names (``escalateAfter``)."""

    pace: dict[Severity, Pace]
    """The pace of each severity; all three must be there."""

    inhibitions: dict[Name, Inhibition] = Field(default_factory=dict[str, Inhibition])
    """What silences what, by name."""
