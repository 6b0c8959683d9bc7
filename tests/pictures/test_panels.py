"""What a panel shows: colours of thresholds, names of legends, what there is not, and nothing that a browser would take for its own."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from pictures.page import DRAWINGS, UnknownPanelError, page, rectangle
from pictures.panel import panel, panels
from tests.pictures.sources import NOW, Answers, at_once, boards, over_time

PLACE = {"x": 0, "y": 0, "w": 12, "h": 8}
GOOD_BELOW_1 = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}]}


def board(*found: Mapping[str, object], **more: object) -> dict[str, Any]:
    """A dashboard with these panels."""
    return {"uid": "test", "title": "Test", "time": {"from": "now-1h"}, "panels": list(found), **more}


def described(
    kind: str,
    *,
    legend: str = "{{service}}",
    source: str = "prometheus",
    instant: bool = False,
    defaults: Mapping[str, object] | None = None,
    **more: object,
) -> dict[str, Any]:
    """A panel with one query."""
    target = {"refId": "A", "expr": "up", "legendFormat": legend, "instant": instant, "datasource": {"type": source, "uid": source}}
    fields = {"defaults": {"unit": "short", "thresholds": GOOD_BELOW_1, "min": 0, **(defaults or {})}}
    return {"title": "Things", "type": kind, "gridPos": PLACE, "targets": [target], "fieldConfig": fields, **more}


def shown(answers: Answers, *found: Mapping[str, object]) -> str:
    """The page of a dashboard with these panels, without its style."""
    return page(board(*found), "Folder", answers.source()).html.partition("</style>")[2]


def words(html: str) -> str:
    """What a reader sees of it, tags left out."""
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_every_panel_of_every_dashboard_has_a_drawing() -> None:
    source = Answers().source()
    for made in boards():
        drawn = page(json.loads(made.json), made.folder.title, source).html
        for found in panels(json.loads(made.json)):
            assert found.title.split(" ")[0] in drawn, (made.uid, found.title)
    used = {found.kind for made in boards() for found in panels(json.loads(made.json))}
    assert used - {"row"} == set(DRAWINGS), "no drawing is there for nothing"


def test_a_panel_of_another_type_is_refused_by_name() -> None:
    with pytest.raises(UnknownPanelError, match="dashboard test: panel 'Things' is of type 'piechart'"):
        shown(Answers(), described("piechart"))


def test_panels_are_where_the_dashboard_has_them() -> None:
    for made in boards():
        found = list(panels(json.loads(made.json)))
        for one in found:
            left, top, width, height = rectangle(one)
            for other in found:
                x, y, across, down = rectangle(other)
                same_row = one.place[1] == other.place[1] and one.place[0] < other.place[0]
                assert not same_row or left + width <= x, (made.uid, one.title, other.title)
                assert one is other or left + width <= x or x + across <= left or top + height <= y or y + down <= top
            assert left >= 0
            assert left + width <= 1600
    wide, half = (rectangle(panel({**described("stat"), "gridPos": {**PLACE, "w": width}}))[2] for width in (24, 12))
    assert wide == pytest.approx(2 * half + 8)


@pytest.mark.parametrize(("value", "color"), [(0, "#73BF69"), (0.99, "#73BF69"), (1, "#F2495C"), (7, "#F2495C")])
def test_a_number_has_the_colour_of_its_threshold(value: float, color: str) -> None:
    behind = shown(Answers(prometheus=[at_once({}, value)]), described("stat", instant=True, options={"colorMode": "background_solid"}))
    assert f"background:{color};color:#ffffff" in behind
    inside = shown(Answers(prometheus=[at_once({}, value)]), described("stat", instant=True, options={"colorMode": "value"}))
    assert f"'color:{color};" in inside
    assert "background" not in inside


def test_a_number_alone_has_no_name_and_several_have() -> None:
    one = shown(Answers(prometheus=[at_once({"service": "auth"}, 3)]), described("stat", instant=True))
    assert "auth" not in one
    both = words(
        shown(Answers(prometheus=[at_once({"service": "auth"}, 3), at_once({"service": "costing"}, 4)]), described("stat", instant=True))
    )
    assert "auth 3 costing 4" in both
    names = shown(Answers(prometheus=[at_once({"service": "auth"}, 3)]), described("stat", instant=True, options={"textMode": "name"}))
    assert "auth" in names
    assert ">3<" not in names


def test_a_legend_names_each_series_and_says_its_newest_and_largest_value() -> None:
    answers = Answers(prometheus=[over_time({"service": "auth", "pod": "a"}, 1, 4, 2), over_time({"service": "costing"}, 5, 6)])
    found = words(shown(answers, described("timeseries", legend="{{service}} p95", defaults={"unit": "s"})))
    assert "Name Last * Max auth p95 2 s 4 s costing p95 6 s 6 s" in found


def test_a_legend_says_how_many_more_there_are() -> None:
    answers = Answers(prometheus=[over_time({"service": f"service-{index}"}, 1, 2) for index in range(40)])
    found = words(shown(answers, described("timeseries")))
    listed = re.findall(r"service-\d+", found)
    assert f"… and {40 - len(listed)} more" in found


def test_a_curve_is_broken_where_values_are_missing() -> None:
    whole = shown(Answers(prometheus=[over_time({}, 1, 2, 3, 4)]), described("timeseries"))
    broken = shown(Answers(prometheus=[over_time({}, 1, 2, float("nan"), 4, 5)]), described("timeseries"))
    assert whole.count('class="line"') == 1
    assert broken.count('class="line"') == 2


def test_stacked_curves_lie_on_each_other() -> None:
    answers = Answers(prometheus=[over_time({"service": "a"}, 3, 3), over_time({"service": "b"}, 4, 4)])
    stacked = {"custom": {"stacking": {"mode": "normal"}, "fillOpacity": 40}}
    assert ">8</text>" in shown(answers, described("timeseries", defaults=stacked))
    assert ">8</text>" not in shown(answers, described("timeseries"))


def test_a_table_has_its_columns_in_order() -> None:
    order: dict[str, Any] = {
        "id": "organize",
        "options": {"indexByName": {"Value": 2, "team": 0, "alertname": 1}, "renameByName": {"Value": "Since"}},
    }
    answers = Answers(prometheus=[at_once({"alertname": "HighLatency", "team": "ai", "pod": "x"}, (NOW - 600) * 1000)])
    found = words(shown(answers, described("table", instant=True, transformations=[order], defaults={"unit": "dateTimeFromNow"})))
    assert "team alertname Since ai HighLatency 10 minutes ago" in found


def test_traces_are_listed_the_newest_first() -> None:
    def trace(name: str, begin: float) -> dict[str, Any]:
        spans = [{"startTime": begin * 1e6, "duration": 250_000, "processID": "p1", "operationName": "GET /"}]
        return {"traceID": name, "spans": spans, "processes": {"p1": {"serviceName": "auth"}}}

    target = {"refId": "A", "queryType": "search", "service": "${service}", "limit": 20, "datasource": {"type": "jaeger", "uid": "jaeger"}}
    answers = Answers(jaeger=[trace("old", NOW - 60), trace("new", NOW - 5)])
    source = answers.source(service="auth")
    found = words(page(board(described("table") | {"targets": [target]}), "Folder", source).html)
    assert re.search(r"new auth: GET / \S+ \S+ 250 ms old auth", found)
    assert answers.asked[0][:2] == ("jaeger", "api/traces")
    assert answers.asked[0][2]["service"] == "auth"


def test_lines_of_log_are_the_newest_first_in_the_colour_of_their_level() -> None:
    streams: list[dict[str, Any]] = [
        {"stream": {"level": level}, "values": [[f"{(NOW - ago) * 1e9:.0f}", f"line of {level}"]]}
        for level, ago in (("error", 60), ("warn", 5))
    ]
    found = shown(Answers(loki=streams), described("logs", source="loki"))
    assert found.index("line of warn") < found.index("line of error")
    assert found.index("#FF9830") < found.index("line of warn") < found.index("#F2495C") < found.index("line of error")


def test_a_bar_is_as_long_as_its_share() -> None:
    answers = Answers(prometheus=[at_once({"service": "a"}, 0.25), at_once({"service": "b"}, 0.5), at_once({"service": "c"}, 9)])
    found = shown(answers, described("bargauge", instant=True, defaults={"unit": "percentunit", "max": 1}))
    quarter, half, whole = (float(width) for width in re.findall(r"<div style='width:(\d+)px;background", found))
    assert quarter * 4 == pytest.approx(whole, abs=3)
    assert half * 2 == pytest.approx(whole, abs=2)
    assert "900%" in words(found)


def test_states_have_a_field_for_as_long_as_they_last() -> None:
    found = shown(Answers(prometheus=[over_time({"service": "a"}, 1, 1, 0, 0, 1)]), described("state-timeline"))
    assert re.findall(r'<rect[^>]*fill="(#\w+)"', found) == ["#F2495C", "#73BF69", "#F2495C"]


def test_a_histogram_counts_each_bucket_alone() -> None:
    buckets = [over_time({"le": le}, count) for le, count in (("0.5", 2), ("1", 2), ("+Inf", 10))]
    found = shown(Answers(prometheus=buckets), described("heatmap", legend="{{le}}", defaults={"unit": "s"}))
    assert words(found).count("500 ms") == 1
    assert found.count("<rect") == 2, "nothing came in between 0.5 and 1 second"
    assert "#fff5eb" in found


@pytest.mark.parametrize("kind", sorted(DRAWINGS))
def test_a_panel_without_data_says_so(kind: str) -> None:
    assert "No data" in words(shown(Answers(), described(kind)))
    assert "Nothing fired" in words(shown(Answers(), described(kind, defaults={"noValue": "Nothing fired"})))
    only_nan = Answers(prometheus=[over_time({}, float("nan"), float("nan"))])
    assert "No data" in words(shown(only_nan, described(kind)))


@pytest.mark.parametrize("kind", sorted(DRAWINGS.keys() - {"heatmap", "logs"}))
def test_names_are_escaped(kind: str) -> None:
    labels = {"service": "<script>"}
    order: dict[str, Any] = {"id": "organize", "options": {"indexByName": {"service": 0}, "renameByName": {}}}
    series: Sequence[dict[str, Any]] = [over_time(labels, 1, 1), over_time(labels, 1, 1)]
    found = shown(Answers(prometheus=list(series)), described(kind, title="<b>", transformations=[order]))
    assert "&lt;script&gt;" in found
    assert "&lt;b&gt;" in found
    assert "<script>" not in found


def test_lines_are_escaped() -> None:
    found = shown(Answers(loki=[{"stream": {}, "values": [[f"{NOW * 1e9:.0f}", "<img src=x>"]]}]), described("logs", source="loki"))
    assert "&lt;img" in found
    assert "<img" not in found


def test_a_wide_mark_of_an_axis_has_room() -> None:
    def left(value: float, unit: str) -> float:
        found = shown(Answers(prometheus=[over_time({}, 0, value)]), described("timeseries", defaults={"unit": unit}))
        return float(re.findall(r'<path class="grid" d="M(\d+) ', found)[0])

    assert left(0.024, "reqps") > left(1, "short") >= len("0.025 req/s") * 4
