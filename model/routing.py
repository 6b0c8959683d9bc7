"""Who is told: teams and their addresses, as ``configs/routing.yaml`` has them."""

from typing import Annotated, Literal

from model.base import Model
from model.quantities import Duration, EmailAddress, Name, Text

Severity = Literal["critical", "warning", "info"]
"""``critical`` wakes somebody, ``warning`` is for working hours, ``info`` is for the record."""

Channel = Literal["pagerduty", "slack", "email", "webhook"]
"""A way to reach people."""


class Team(Model):
    """A team and where it is reached."""

    slack: Annotated[str, Text(r"#[a-z0-9_-]{1,79}", "a Slack channel, such as #team-platform")]
    """Its Slack channel."""

    email: EmailAddress
    """Its mail address."""


class Pace(Model):
    """How fast alerts of one severity are grouped, sent and repeated."""

    group_wait: Duration
    """How long the first alert of a group waits for others."""

    group_interval: Duration
    """How long until changes of a group are told."""

    repeat_interval: Duration
    """How long until an unchanged group is told again."""


class Routing(Model):
    """All teams, the one that gets what nobody owns, and the pace of each severity."""

    teams: dict[Name, Team]
    """Teams by name."""

    fallback_team: Name
    """The team that gets alerts which no route claims."""

    pace: dict[Severity, Pace]
    """The pace of each severity; all three must be there."""
