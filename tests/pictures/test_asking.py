"""What is asked: the time that a dashboard shows, variables and intervals put in, and events over all curves."""

from typing import Any

import pytest

from pictures.asking import duration, intervals
from pictures.page import page
from pictures.panel import Window, legend
from tests.pictures.sources import NOW, Answers, over_time
from tests.pictures.test_panels import board, described, words


@pytest.mark.parametrize(
    ("wanted", "old", "seconds", "step"),
    [("now-1h", 86400, 3600, 15), ("now-24h", 90000, 86400, 300), ("now-6h", 7200, 7200, 30), ("now-1h", 10, 300, 15)],
)
def test_what_is_shown_is_the_time_of_the_dashboard_as_far_as_there_are_data(wanted: str, old: float, seconds: float, step: float) -> None:
    window = Answers().source(oldest=NOW - old).window({"time": {"from": wanted}})
    assert (window.seconds, window.step, window.end) == (seconds, step, NOW)


def test_intervals_are_grafanas() -> None:
    hour = intervals(Window(begin=0, end=3600, step=15, scrape=15))
    assert hour == {"$__rate_interval": "60s", "$__range": "3600s", "$__interval": "15s", "$__auto": "15s"}
    assert intervals(Window(begin=0, end=86400, step=300, scrape=15))["$__rate_interval"] == "315s"
    assert duration("6h") == 6 * duration("60m") == 21600


def test_variables_are_put_in() -> None:
    answers = Answers()
    asked = described("timeseries")
    asked["targets"][0]["expr"] = 'rate(x{service=~"$service", team=~"${team:regex}"}[$__rate_interval])'
    page(board(asked), "Folder", answers.source(service="auth"))
    [(server, path, parameters)] = answers.asked
    assert (server, path) == ("prometheus", "api/v1/query_range")
    assert parameters["query"] == 'rate(x{service=~"auth", team=~".+"}[60s])'
    assert float(parameters["end"]) - float(parameters["start"]) == 3600


def test_what_many_panels_ask_is_asked_once() -> None:
    answers = Answers(prometheus=[over_time({"service": "auth"}, 1, 2)])
    found = page(board(described("timeseries"), described("timeseries", legend="other")), "Folder", answers.source())
    assert len(answers.asked) == 1
    assert "auth" in found.html
    assert "other" in found.html


def test_a_choice_is_shown_and_all_where_nobody_chose() -> None:
    choices: list[dict[str, Any]] = [{"name": name, "label": name.title(), "current": {"text": "All"}} for name in ("system", "service")]
    found = page(board(described("stat"), templating={"list": choices}), "Folder", Answers().source(service="auth"))
    assert "System All Service auth" in words(found.html)


@pytest.mark.parametrize(("at_value", "lines", "bars"), [(True, 1, 0), (False, 1, 1)])
def test_events_lie_over_curves(at_value: bool, lines: int, bars: int) -> None:
    event = {"expr": "ALERTS", "iconColor": "red", "useValueForTime": at_value}
    answers = Answers(prometheus=[over_time({"service": "auth"}, *[(NOW - 600) * 1000] * 5)])
    found = page(board(described("timeseries"), annotations={"list": [event]}), "Folder", answers.source()).html
    assert found.count('class="mark"') == lines
    assert found.count('stroke-width="4"') == bars


def test_a_foot_says_where_the_data_are_from() -> None:
    found = words(page(board(described("stat")), "Folder", Answers().source(words="the sandbox <dev>")).html)
    assert "Data: the sandbox &lt;dev&gt;, 2027-01-15 08:00 UTC. Drawn without Grafana by make pictures ." in found


@pytest.mark.parametrize(
    ("form", "labels", "name"),
    [
        ("{{service}} p95", {"service": "auth"}, "auth p95"),
        ("{{ service }} {{status}}", {"service": "auth"}, "auth"),
        ("", {"__name__": "up", "job": "x"}, 'up{job="x"}'),
        ("", {"__name__": "up"}, "up"),
        ("", {}, "{}"),
    ],
)
def test_a_series_is_called_what_the_legend_says(form: str, labels: dict[str, str], name: str) -> None:
    assert legend(form, labels) == name
