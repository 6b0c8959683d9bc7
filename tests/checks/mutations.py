"""Ways to break a rendered ``alertmanager.yml`` that a person, or a careless edit of the code, might find."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

Config = dict[str, Any]
Mutation = Callable[[Config], object]


def routes(config: Config) -> Iterator[Config]:
    """All routes below the root, the outer before the inner."""

    def below(route: Config) -> Iterator[Config]:
        for child in route.get("routes", []):
            yield child
            yield from below(child)

    yield from below(config["route"])


def route(config: Config, *matchers: str) -> Config:
    """The first route that has all of these matchers."""
    return next(found for found in routes(config) if set(matchers) <= set(found.get("matchers", [])))


def severity(config: Config, team: str, name: str) -> Config:
    """The route of one severity below a team's."""
    [team_route] = [found for found in config["route"]["routes"] if found.get("matchers") == [f'team="{team}"']]
    return next(child for child in team_route["routes"] if child["matchers"] == [f'severity="{name}"'])


def receiver(config: Config, name: str) -> Config:
    """A receiver by its name."""
    return next(found for found in config["receivers"] if found["name"] == name)


def inhibition(config: Config, name: str) -> Config:
    """An inhibition by its name."""
    return next(found for found in config["inhibit_rules"] if found["name"] == name)


def interval(config: Config, name: str) -> list[Config]:
    """The parts of a time interval."""
    return next(found["time_intervals"] for found in config["time_intervals"] if found["name"] == name)


def _swap(config: Config, one: str, other: str) -> None:
    first, second = receiver(config, one), receiver(config, other)
    first["name"], second["name"] = other, one


MUTATIONS: dict[str, Mutation] = {
    # matchers
    "the team's matcher is dropped": lambda c: route(c, 'team="ai"').update(matchers=[]),
    "the team's matcher is of another team": lambda c: route(c, 'team="ai"').update(matchers=['team="finops"']),
    "the team is misspelt": lambda c: route(c, 'team="ai"').update(matchers=['team="AI"']),
    "the severity's matcher is dropped": lambda c: severity(c, "ai", "critical").update(matchers=[]),
    "the severity is misspelt": lambda c: severity(c, "ai", "critical").update(matchers=['severity="Critical"']),
    "the severity is turned round": lambda c: severity(c, "ai", "critical").update(matchers=['severity!="critical"']),
    "one more matcher is asked for": lambda c: severity(c, "ai", "critical")["matchers"].append('namespace="dharma"'),
    "the heartbeat takes any environment": lambda c: route(c, 'alertname="Watchdog"').update(matchers=['alertname="Watchdog"']),
    "the heartbeat takes everything": lambda c: route(c, 'alertname="Watchdog"').update(matchers=[]),
    "alerts of other environments are not held back": lambda c: c["route"]["routes"].pop(1),
    "alerts of all environments are held back": lambda c: c["route"]["routes"][1].update(matchers=['env=~".+"']),
    "the category's matcher is dropped": lambda c: route(c, 'category="database"')["matchers"].pop(0),
    "a team is told twice of what is its own": lambda c: route(c, 'category="database"')["matchers"].pop(1),
    # receivers
    "a route leads to another team": lambda c: severity(c, "ai", "critical").update(receiver="finops-critical"),
    "a route leads to another severity": lambda c: severity(c, "ai", "critical").update(receiver="ai-info"),
    "two receivers have each other's name": lambda c: _swap(c, "ai-critical", "finops-warning"),
    "a receiver has another channel": lambda c: receiver(c, "ai-warning")["slack_configs"][0].update(channel="#team-finops"),
    "a receiver has nobody": lambda c: (
        receiver(c, "ai-critical").pop("slack_configs") and receiver(c, "ai-critical").pop("pagerduty_configs")
    ),
    "a receiver lost its pager": lambda c: receiver(c, "ai-critical").pop("pagerduty_configs"),
    "a receiver has another team's pager": lambda c: receiver(c, "ai-critical")["pagerduty_configs"][0].update(
        routing_key_file="/etc/alertmanager-secrets/pagerdutySecurityKey"
    ),
    "a receiver needs a secret that is not there": lambda c: receiver(c, "ai-critical")["pagerduty_configs"][0].update(
        routing_key_file="/etc/alertmanager-secrets/pagerdutyAiKey"
    ),
    "a mail goes to another address": lambda c: receiver(c, "ai-info")["email_configs"][0].update(to="finops@dharma.example"),
    "alerts of other environments wake people": lambda c: receiver(c, "strays").update(
        pagerduty_configs=copy.deepcopy(receiver(c, "ai-critical")["pagerduty_configs"])
    ),
    "a receiver that nobody uses": lambda c: c["receivers"].append({"name": "old", "webhook_configs": [{"url": "https://old.example"}]}),
    "the catch-all leads elsewhere": lambda c: c["route"]["routes"][-1]["routes"][0].update(receiver="strays"),
    "the catch-all is gone": lambda c: c["route"]["routes"].pop(),
    # order and going on
    "the second line ends the way": lambda c: route(c, 'severity="critical"').pop("continue"),
    "a category ends the way": lambda c: route(c, 'category="database"').pop("continue"),
    "a team's route goes on": lambda c: route(c, 'team="ai"').update({"continue": True}),
    "the heartbeat comes last": lambda c: c["route"]["routes"].append(c["route"]["routes"].pop(0)),
    "the second line comes last": lambda c: c["route"]["routes"].append(c["route"]["routes"].pop(2)),
    "a team is gone": lambda c: c["route"]["routes"].remove(route(c, 'team="ai"')),
    "a severity is gone": lambda c: route(c, 'team="ai"')["routes"].pop(0),
    # pace
    "the second line is told at once": lambda c: route(c, 'severity="critical"').update(group_wait="0s"),
    "a page waits": lambda c: severity(c, "ai", "critical").update(group_wait="10m"),
    "a page is repeated once a week": lambda c: severity(c, "ai", "critical").update(repeat_interval="1w"),
    "a digest is no digest": lambda c: severity(c, "ai", "info").pop("group_by"),
    "all pages come as one": lambda c: severity(c, "ai", "critical").update(group_by=["team"]),
    # hours
    "critical alerts wait for the morning": lambda c: severity(c, "ai", "critical").update(active_time_intervals=["office"]),
    "warnings come at night": lambda c: severity(c, "ai", "warning").pop("active_time_intervals"),
    "warnings come on holidays": lambda c: severity(c, "ai", "warning").pop("mute_time_intervals"),
    "warnings come at night alone": lambda c: severity(c, "ai", "warning").update(
        mute_time_intervals=["office"], active_time_intervals=["round-the-clock"]
    ),
    "work begins later": lambda c: interval(c, "office")[0]["times"][0].update(start_time="08:01"),
    "work ends earlier": lambda c: interval(c, "office")[0]["times"][0].update(end_time="17:59"),
    "Saturday is a working day": lambda c: interval(c, "office")[0].update(weekdays=["monday:saturday"]),
    "the clock of another place": lambda c: interval(c, "office")[0].update(location="Europe/London"),
    "no place at all": lambda c: interval(c, "office")[0].pop("location"),
    "a holiday is forgotten": lambda c: interval(c, "office-holidays").pop(),
    # inhibition
    "an inhibition is gone": lambda c: c["inhibit_rules"].pop(0),
    "an inhibition is of every service": lambda c: inhibition(c, "critical-over-lesser")["equal"].remove("service"),
    "an inhibition is of every environment": lambda c: inhibition(c, "critical-over-lesser")["equal"].remove("env"),
    "an inhibition of what has no place": lambda c: inhibition(c, "critical-over-lesser").update(
        source_matchers=['severity="critical"'], target_matchers=['severity=~"warning|info"']
    ),
    "a warning silences a critical alert": lambda c: inhibition(c, "warning-over-info").update(
        target_matchers=['severity="critical"', 'service!=""']
    ),
    "the heartbeat is silenced": lambda c: inhibition(c, "warning-over-info")["target_matchers"].pop(),
    "any alert of a node silences it": lambda c: inhibition(c, "node-over-what-runs-on-it")["source_matchers"].pop(0),
    "a node silences all nodes": lambda c: inhibition(c, "node-over-what-runs-on-it")["equal"].remove("node"),
}
"""All of them, on production's file; each is a mistake by itself, and Alertmanager accepts every one."""
