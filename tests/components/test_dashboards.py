"""Dashboards: what Grafana needs of each panel, and queries that are PromQL."""

import json
from collections.abc import Iterator
from typing import cast

import promql_parser
import pytest

from components.dashboards import overview
from components.provisioning import datasources
from model.documents import each, mapping

VARIABLES = {"$__rate_interval": "1m", "$system": ".+", "$service": ".+"}


def panels() -> list[dict[str, object]]:
    return [mapping(panel) for _, panel in each(json.loads(overview()), "panels", "*")]


def queries() -> Iterator[str]:
    for panel in panels():
        for _, expression in each(panel, "targets", "*", "expr"):
            yield cast("str", expression)


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: str(panel["title"]))
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, object]) -> None:
    assert panel["description"]
    assert mapping(mapping(panel["fieldConfig"])["defaults"])["unit"]
    assert mapping(panel["datasource"])["uid"] == "${datasource}"
    references = [reference for _, reference in each(panel, "targets", "*", "refId")]
    assert references == ["A"]


@pytest.mark.parametrize("query", list(queries()))
def test_a_query_is_promql(query: str) -> None:
    for variable, value in VARIABLES.items():
        query = query.replace(variable, value)
    assert "$" not in query
    promql_parser.parse(query)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = cast("dict[str, int]", panel["gridPos"])
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_datasources_have_fixed_identities() -> None:
    document = datasources(prometheus="http://p", alertmanager="http://a", scrape_interval="15s", loki="http://l", jaeger="http://j")
    assert [uid for _, uid in each(document, "datasources", "*", "uid")] == ["prometheus", "alertmanager", "loki", "jaeger"]
    assert json.loads(overview())["templating"]["list"][0]["current"]["value"] == "prometheus"
