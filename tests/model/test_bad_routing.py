"""Mistakes in who is told, when and by what: refused with the place, what was given and what is allowed."""

from pathlib import Path

import pytest

from model.environment import load
from model.secrets import address_findings
from tests.model.breaking import DEV, DURATION, REMOVED, ROUTING, TEAMS, complaints, put
from tests.model.conftest import ROOT

PROD = "Pulumi.prod.yaml"
TEAM = {"slack": "#x", "email": "x@x.example", "pager": "product", "hours": "office"}
OFFICE = ("hours", "office")
NIGHT = {"location": "Europe/Berlin", "weekdays": "monday", "start": "20:00", "end": "22:00"}
INHIBITIONS = ("inhibitions", "critical-over-lesser")

ROUTING_MISTAKES: dict[str, tuple[tuple[str, ...], object, str]] = {
    "hours without a location": (
        (*OFFICE, "location"),
        REMOVED,
        "hours.office.location: is missing (the place whose clock counts, as in the IANA time zone database: ``Europe/Berlin``)",
    ),
    "a place that is none": (
        (*OFFICE, "location"),
        "Europe/Berlim",
        "hours.office.location: 'Europe/Berlim' was given; allowed: a place of the IANA time zone database, such as Europe/Berlin; "
        "did you mean 'Europe/Berlin'?",
    ),
    "hours that end before they begin": (
        (*OFFICE, "end"),
        "07:00",
        "hours.office.end: '07:00' is not after start '08:00'; allowed: later; two ranges for hours past midnight are not known",
    ),
    "no time of day": ((*OFFICE, "start"), "8:00", "hours.office.start: '8:00' was given; allowed: a time of day from 00:00 to 23:59"),
    "no weekday": (
        (*OFFICE, "weekdays"),
        "mon-fri",
        "hours.office.weekdays: 'mon-fri' was given; allowed: a weekday or a range of them, such as monday:friday",
    ),
    "a week that goes backwards": (
        (*OFFICE, "weekdays"),
        "friday:monday",
        "hours.office.weekdays: 'friday:monday' goes backwards; allowed: monday to sunday, forwards",
    ),
    "no day of the year": (
        (*OFFICE, "holidays"),
        ["02-30"],
        "hours.office.holidays[0]: there is no day '02-30'; allowed: a day of the year, such as 12-25",
    ),
    "hours that nobody works in": (("hours", "night"), NIGHT, "hours.night: no team works in hours 'night'; allowed: hours of a team"),
    "hours that are not there": (
        ("teams", "ai", "hours"),
        "offic",
        "teams.ai.hours: there are no hours 'offic'; allowed: office, round-the-clock; did you mean 'office'?",
    ),
    "a team without a pager": (
        ("teams", "ai", "pager"),
        REMOVED,
        "teams.ai.pager: is missing (the PagerDuty service that wakes them; its integration key is the stack secret "
        "``pagerduty<Pager>Key``)",
    ),
    "a team that nobody would ever tell": (
        ("teams", "payments"),
        TEAM,
        "teams.payments: team 'payments' would never be told anything; allowed: a team of a catalogue, a rule or a category, "
        "or the fallback team",
    ),
    "a category of an unknown team": (
        ("categories", "kubernetes"),
        "infra",
        f"categories.kubernetes: team 'infra' is not in configs/routing.yaml; allowed: {TEAMS}",
    ),
    "no second line": (
        ("secondLine",),
        REMOVED,
        "secondLine: is missing (who is told when nobody has silenced or ended a critical alert after a time that the stack file names "
        "(``escalateAfter``))",
    ),
    "a pace without a unit": (("pace", "info", "groupWait"), "30", f"pace.info.groupWait: '30' was given; allowed: {DURATION}"),
    "an inhibition of everything": (
        (*INHIBITIONS, "target"),
        {},
        "inhibitions.critical-over-lesser.target: a mapping was given; allowed: at least 1 of them",
    ),
}

STACK_MISTAKES: dict[str, tuple[str, tuple[str, ...], object, str]] = {
    "pages from where no customer is": (
        DEV,
        ("pagerdutyUrl",),
        REMOVED,
        "notifications.channels.critical[0]: pages people, but the environment is not production; allowed: another channel, "
        "or a pagerdutyUrl that is not PagerDuty's",
    ),
    "critical alerts that wait for the morning": (
        PROD,
        ("workingHours",),
        ["warning", "critical"],
        "notifications.workingHours[1]: critical alerts of production would wait for the morning; allowed: warning, info",
    ),
    "pages of production unencrypted": (
        PROD,
        ("pagerdutyUrl",),
        "http://events.pagerduty.com/v2/enqueue",
        "notifications.pagerdutyUrl: 'http://events.pagerduty.com/v2/enqueue' was given; allowed: https:// in production",
    ),
    "mails of production unencrypted": (
        PROD,
        ("email", "requireTls"),
        False,
        "notifications.email.requireTls: mails of production would leave unencrypted; allowed: true in production",
    ),
    "a second line at once": (
        PROD,
        ("escalateAfter",),
        "0s",
        "notifications.escalateAfter: '0s' was given; allowed: longer than nothing",
    ),
}


@pytest.mark.parametrize(("path", "value", "said"), ROUTING_MISTAKES.values(), ids=ROUTING_MISTAKES)
def test_mistakes_in_the_routing_file(project: Path, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, ROUTING, path, value)
    assert complaints(project, "prod") == [f"{ROUTING}: {said}"]


@pytest.mark.parametrize(("file", "path", "value", "said"), STACK_MISTAKES.values(), ids=STACK_MISTAKES)
def test_mistakes_in_how_an_environment_tells(project: Path, file: str, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, file, ("config", "observability:notifications", *path), value)
    assert complaints(project, file.split(".")[1]) == [f"{file}: observability:{said}"]


def test_a_category_and_an_inhibition_that_no_alert_has(project: Path) -> None:
    put(project, ROUTING, ("categories", "kubernets"), "ai")
    put(project, ROUTING, (*INHIBITIONS, "source"), {"severity": ["fatal"], "burned": ["fast"]})
    category, severity, label = complaints(project)
    assert category.startswith(f"{ROUTING}: categories.kubernets: no alert has category 'kubernets'; allowed: ")
    assert category.endswith("did you mean 'kubernetes'?")
    place = f"{ROUTING}: inhibitions.critical-over-lesser.source"
    assert severity == f"{place}.severity[0]: no alert has severity 'fatal'; allowed: critical, info, warning"
    assert label == f"{place}.burned[0]: no alert has burned 'fast'; allowed: a label of a rule"


def test_two_teams_of_one_name(project: Path) -> None:
    file = project / ROUTING
    file.write_text(file.read_text().replace("  finops:", "  ai:"))
    [said] = [line for line in complaints(project) if line.startswith(ROUTING)]
    assert "key 'ai' is there twice, first on line" in said


@pytest.mark.parametrize(
    ("name", "address", "refused"), [("prod", "http://hook", True), ("prod", "https://hook", False), ("dev", "http://hook", False)]
)
def test_what_leaves_production_is_encrypted_and_the_address_is_not_repeated(name: str, address: str, refused: bool) -> None:
    settings = load(ROOT, name).settings
    found = [str(finding) for finding in address_findings(settings, {"heartbeatUrl": address}, f"Pulumi.{name}.yaml")]
    expected = f"Pulumi.{name}.yaml: observability:heartbeatUrl: is no web address that may be used here; allowed: https://..."
    assert found == ([expected] if refused else [])
