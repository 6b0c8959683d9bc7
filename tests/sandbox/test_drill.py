"""The drill: it has an alert for every receiver, touches nothing real, and tells what was taken from what was not."""

from components.notification import receivers
from sandbox import drill
from tests.components.environments import NAMES, environment

METRICS = """\
alertmanager_notifications_total{integration="slack",receiver_name="ai-warning"} 3
alertmanager_notifications_failed_total{integration="slack",reason="clientError",receiver_name="ai-warning"} 1
alertmanager_notifications_failed_total{integration="slack",reason="other",receiver_name="ai-warning"} 1
alertmanager_notifications_total{integration="pagerduty",receiver_name="second-line"} 0
"""


def test_every_receiver_gets_an_alert() -> None:
    for name in NAMES:
        given = environment(name)
        reached = {receiver for exercise in drill.plan(given, "x") for receiver in exercise.receivers}
        assert reached | {"heartbeat"} == {str(receiver["name"]) for receiver in receivers(given)}


def test_its_alerts_are_marked_and_are_about_nothing_real() -> None:
    exercises = drill.plan(environment("prod"), "x")
    assert {exercise.labels["drill"] for exercise in exercises} == {"x"}
    assert {(exercise.labels["cluster"], exercise.labels["namespace"]) for exercise in exercises} == {("drill", "drill")}
    services = [exercise.labels["service"] for exercise in exercises]
    assert len(services) == len(set(services)), "two of one service would silence each other"


def test_counts_are_by_receiver_and_channel() -> None:
    assert drill.counts(METRICS) == {("ai-warning", "slack"): (3, 2), ("second-line", "pagerduty"): (0, 0)}


def test_what_was_not_taken_is_told_apart() -> None:
    ways = [(name, "slack") for name in ("taken", "failed", "missing", "waits")]
    before = dict.fromkeys(ways, (1.0, 0.0))
    after = {**before, ways[0]: (2.0, 0.0), ways[1]: (2.0, 1.0)}
    assert [outcome.state for outcome in drill.judge(ways, before, after, {"waits"})] == ["taken", "failed", "missing", "waits"]
