"""What is told of refused, accepted and needless lines, and that a refusal can be pasted into the stack file."""

import yaml

from guard.change import Change
from guard.verdict import judge

SHORTER = Change(what="logs.retention", before="30d", after="7d", why="older logs are deleted", way_out="keep it")
SELECTOR = Change(what="selector of a/b", before="""{a="it's"}""", after="x", why="made anew", way_out="leave it")


def test_all_refused_changes_are_told_at_once_with_what_accepts_them() -> None:
    text = judge([SHORTER, SELECTOR], []).refusal("Pulumi.prod.yaml")
    assert "refuses 2 changes" in text
    assert "logs.retention: 30d -> 7d\n    why: older logs are deleted\n    way out: keep it" in text
    _, _, block = text.partition("  observability:accept:\n")
    assert yaml.safe_load(block) == [SHORTER.line, SELECTOR.line]


def test_an_accepted_change_is_told_and_a_needless_line_too() -> None:
    verdict = judge([SHORTER], ["logs.retention:  30d -> 7d", "logs.retention: 30d -> 1d"])
    assert (verdict.refused, verdict.accepted) == ((), (SHORTER,))
    assert verdict.warnings() == (
        "accepted: logs.retention: 30d -> 7d: older logs are deleted",
        "observability:accept: 'logs.retention: 30d -> 1d' is about nothing in this deployment; remove it",
    )


def test_a_line_speaks_of_one_change_only() -> None:
    assert judge([SHORTER], ["logs.retention"]).refused == (SHORTER,)
    assert judge([SHORTER], ["logs.retention: 30d -> 8d"]).refused == (SHORTER,)
