"""Incidents, run through the real rules: who is told when, and what is left of the budget, against exact counts."""

import json
from collections.abc import Sequence

import pytest

from tests.rules.incidents import INCIDENTS, Incident
from tests.rules.simulation import PAGE, Rules, deployed_rules, page, simulated

OUTAGE = INCIDENTS[0]


@pytest.mark.binaries
def test_people_are_told_in_time_and_the_budget_is_right() -> None:
    outcomes = simulated()
    assert {one.incident.name: one.faults for one in outcomes} == {incident.name: [] for incident in INCIDENTS}
    assert PAGE.read_text() == page(outcomes)


def late_and_wrong(incidents: Sequence[Incident]) -> Rules:
    """Rules that tell three minutes later, and count bad requests twice."""
    text = json.dumps(deployed_rules(incidents))
    return json.loads(text.replace('"for": "2m"', '"for": "5m"').replace("slo:errors:sum30d /", "2 * slo:errors:sum30d /"))


@pytest.mark.binaries
def test_a_late_page_and_a_wrong_budget_are_noticed() -> None:
    (outcome,) = simulated([OUTAGE], late_and_wrong)
    assert [fault.partition(":")[0] for fault in outcome.faults] == ["fast", "share"]


def test_there_are_as_many_incidents_as_promised() -> None:
    assert len(INCIDENTS) >= 12


def test_counting_says_who_is_told() -> None:
    told = {incident.name: incident.theory("fast") is not None for incident in INCIDENTS}
    assert told["outage"]
    assert not told["one error at low traffic"]
    # A full outage has 1.44 % bad requests in the last hour after 52 seconds, which is seen a step later, and has to last 2 minutes.
    assert (OUTAGE.theory("fast") or 0) - OUTAGE.begins == 180
    assert OUTAGE.share == pytest.approx(40 / 174)
