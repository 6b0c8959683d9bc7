"""Which alert goes to which receiver, when, and what silences what: the routing tree of ``alertmanager.yml`` and what belongs to it."""

from calendar import day_name, month_name
from collections.abc import Mapping, Sequence

from components.documents import Document
from model.environment import Environment
from model.routing import Inhibition, Pace, Severity

HEARTBEAT = "heartbeat"
"""The receiver outside the cluster that is called as long as alerting works."""

SECOND_LINE = "second-line"
"""The receiver of critical alerts that nobody took."""

STRAYS = "strays"
"""The receiver of alerts that say they are of another environment."""

WATCHDOG = "Watchdog"
"""The alert that always fires."""

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""From what wakes people to what is only recorded."""


def routing_tree(environment: Environment) -> Document:
    """The heartbeat first, then what is not ours, the second line, who else is told, each team; the rest is the fallback team's.

    Only the second line and the categories let an alert go on (``continue``): so it is told to them and to its team.
    """
    routing = environment.routing
    fallback, pace = routing.fallback_team, routing.pace["warning"]
    return {
        "group_by": list(pace.group_by),
        **route(f"{fallback}-warning", pace),
        "routes": [
            heartbeat_route(environment.name),
            # One that names no environment may well be ours.
            {"matchers": [f'env!~"{environment.name}|"'], **route(STRAYS, pace)},
            *escalation_routes(environment),
            *(category_route(environment, category, team) for category, team in routing.categories.items()),
            *(team_route(environment, team) for team in routing.teams),
            # Told also where a category has told somebody: the root itself takes only what no route took.
            team_routes(environment, fallback),
        ],
    }


def heartbeat_route(env: str) -> Document:
    """This environment's own Watchdog: that of another one must not make us look alive."""
    # A group is sent at most once an interval, so the repetition is the shorter of the two: each interval calls.
    pace = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "30s"}
    return {"matchers": [f'alertname="{WATCHDOG}"', f'env="{env}"'], "receiver": HEARTBEAT, **pace}


def escalation_routes(environment: Environment) -> list[Document]:
    """The second line hears of a critical group when its first message is due: after the time that the first line has.

    Whoever silences the group or ends it before has taken it, and there is no message. Alertmanager counts from the start of the alert,
    so that its own restart gives nobody more time.
    """
    after = environment.settings.notifications.escalate_after
    if not after:
        return []
    pace = environment.routing.pace["critical"].model_copy(update={"group_wait": after})
    return [{"matchers": ['severity="critical"'], **route(SECOND_LINE, pace), "continue": True}]


def category_route(environment: Environment, category: str, team: str) -> Document:
    """Who else is told about a kind of trouble, unless it is theirs anyway."""
    return {"matchers": [f'category="{category}"', f'team!="{team}"'], **team_routes(environment, team), "continue": True}


def team_route(environment: Environment, team: str) -> Document:
    """What a team owns."""
    return {"matchers": [f'team="{team}"'], **team_routes(environment, team)}


def team_routes(environment: Environment, team: str) -> Document:
    """How a team is told: by severity; what has none that we know is sent at once, as a warning."""
    return {**route(f"{team}-warning", environment.routing.pace["warning"]), "routes": severity_routes(environment, team)}


def severity_routes(environment: Environment, team: str) -> list[Document]:
    """How a team is told, by severity."""
    return [
        {
            "matchers": [f'severity="{severity}"'],
            **route(f"{team}-{severity}", environment.routing.pace[severity], environment.routing.pace["warning"]),
            **waiting(environment, team, severity),
        }
        for severity in SEVERITIES
    ]


def route(receiver: str, pace: Pace, parent: Pace | None = None) -> Document:
    """Where a route sends and how fast; how it groups only where that is not how its parent does."""
    grouped = pace if parent is None else parent
    return {
        "receiver": receiver,
        **({"group_by": list(pace.group_by)} if pace.group_by != grouped.group_by else {}),
        "group_wait": str(pace.group_wait),
        "group_interval": str(pace.group_interval),
        "repeat_interval": str(pace.repeat_interval),
    }


def waiting(environment: Environment, team: str, severity: Severity) -> Document:
    """When a route may send, if not always. What it may not send now is sent when it may, if it still fires."""
    if severity not in environment.settings.notifications.working_hours:
        return {}
    name = environment.routing.teams[team].hours
    holidays = environment.routing.hours[name].holidays
    return {"active_time_intervals": [name], **({"mute_time_intervals": [holidays_name(name)]} if holidays else {})}


def holidays_name(hours: str) -> str:
    """The name of the interval of the days on which working hours do not count."""
    return f"{hours}-holidays"


def time_intervals(environment: Environment) -> list[Document]:
    """The working hours and their holidays, where anything waits for them."""
    if not environment.settings.notifications.working_hours:
        return []
    found: list[Document] = []
    for name, hours in environment.routing.hours.items():
        times = [{"start_time": hours.start, "end_time": hours.end}]
        working: Document = {"weekdays": days_of_week(hours.weekdays), "times": times, "location": hours.location}
        found.append({"name": name, "time_intervals": [working]})
        days = [(int(day[:2]), int(day[3:])) for day in hours.holidays]
        free: list[Document] = [
            {"months": [month_name[month].lower()], "days_of_month": [str(number)], "location": hours.location} for month, number in days
        ]
        if free:
            found.append({"name": holidays_name(name), "time_intervals": free})
    return found


def days_of_week(span: str) -> list[str]:
    """The days of a span such as ``monday:friday``, each by itself: for Alertmanager a week begins on Sunday."""
    names = [name.lower() for name in day_name]
    first, _, last = span.partition(":")
    return names[names.index(first) : names.index(last or first) + 1]


def inhibitions(rules: Mapping[str, Inhibition]) -> list[Document]:
    """What silences what. Labels that both lack count as equal for Alertmanager, so each must be there; the heartbeat is never silenced."""
    found: list[Document] = []
    for name, rule in rules.items():
        equal = ("env", "cluster", *rule.equal)
        present = [f'{label}!=""' for label in equal]
        found.append(
            {
                "name": name,
                "source_matchers": [*matchers(rule.source), *present],
                "target_matchers": [*matchers(rule.target), *present, f'alertname!="{WATCHDOG}"'],
                "equal": list(equal),
            }
        )
    return found


def matchers(labels: Mapping[str, Sequence[str]]) -> list[str]:
    """Matchers of labels that may each have one of some values."""
    return [f'{label}="{values[0]}"' if len(values) == 1 else f'{label}=~"{"|".join(values)}"' for label, values in labels.items()]
