"""The dashboards are as they should be, and each rule sees what it is there for."""

import json
from collections.abc import Callable
from typing import cast

import pytest

from checks.dashboard_lint import Library, dashboard_findings
from model.documents import each, mapping
from tests.components.environments import NAMES
from tests.dashboards.cached import boards, metrics

Document = dict[str, object]
FILE = "overview.json"


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong(name: str) -> None:
    assert [str(finding) for finding in dashboard_findings(Library(boards=boards(name), metrics=metrics(name)))] == []


def panel(board: Document, title: str = "Request rate") -> Document:
    """A panel by its title."""
    [found] = [mapping(item) for _, item in each(board, "panels", "*") if mapping(item).get("title") == title]
    return found


def target(board: Document, title: str = "Request rate") -> Document:
    """Its first query."""
    return mapping(cast("list[object]", panel(board, title)["targets"])[0])


def defaults(board: Document) -> Document:
    """Its options for values."""
    return mapping(mapping(panel(board)["fieldConfig"])["defaults"])


def asking(expression: str) -> Callable[[Document], None]:
    """Makes a panel ask something else."""
    return lambda board: target(board).update(expr=expression)


def leading(url: str) -> Callable[[Document], None]:
    """Makes a panel lead elsewhere."""
    return lambda board: mapping(cast("list[object]", defaults(board)["links"])[0]).update(url=url)


def variable(board: Document, name: str) -> Document:
    """A variable by its name."""
    [found] = [mapping(item) for _, item in each(board, "templating", "list", "*") if mapping(item).get("name") == name]
    return found


def another_variable(board: Document) -> None:
    """A copy of a variable that nothing uses."""
    cast("list[object]", mapping(board["templating"])["list"]).append({**variable(board, "system"), "name": "unused"})


PANEL = "panel 'Request rate'"
QUERY = f"{PANEL[:-1]}' query 'A'"
GOOD = 'sum by (service) (service:http_requests:rate5m{system=~"$system", service=~"$service"})'

BREAKS: dict[str, tuple[Callable[[Document], object], str]] = {
    "no identity": (lambda board: board.update(uid=""), "has no uid"),
    "an identity that Grafana refuses": (lambda board: board.update(uid="x" * 41), "at most 40 characters"),
    "an identity of another": (lambda board: board.update(uid="slo"), "uid: 'slo' is there twice"),
    "can be edited": (lambda board: board.update(editable=True), "can be edited by hand"),
    "a folded row": (lambda board: panel(board, "Promises (SLO)").update(panels=["anything"]), "hides panels in a folded row"),
    "over 1 MiB": (lambda board: board.update(description="x" * 2**20), "it has to fit into a ConfigMap"),
    "two data sources": (lambda board: variable(board, "datasource").update(label="Prometheus"), "labelled 'Data source'"),
    "a variable that nothing uses": (another_variable, "has variable 'unused', which nothing uses"),
    "a mistyped variable": (
        asking(GOOD.replace("$service", "$serivce")),
        f"{PANEL}: uses variable 'serivce', which is not there; allowed: service (the nearest)",
    ),
    "choices that are read once": (
        lambda board: variable(board, "service").update(refresh=1),
        "reads the choices of variable 'service' once",
    ),
    "no title": (lambda board: panel(board).update(title=""), "has no title"),
    "no description": (lambda board: panel(board).update(description=""), f"{PANEL}: has no description"),
    "no unit": (lambda board: defaults(board).update(unit=""), f"{PANEL}: has no unit"),
    "no query": (lambda board: panel(board).update(targets=[]), f"{PANEL}: has queries with the references []"),
    "a query without a reference": (lambda board: target(board).update(refId=""), f"{PANEL}: has queries with the references ['']"),
    "a data source of one Grafana alone": (lambda board: mapping(target(board)["datasource"]).update(uid="abc"), f"{PANEL}: asks 'abc'"),
    "a removed type": (lambda board: panel(board).update(type="graph"), f"{PANEL}: is of type 'graph', which Grafana does not have"),
    "a key that is not in the schema": (lambda board: panel(board).update(desciption="x"), "desciption', which is not in the schema"),
    "a value that the schema does not have": (lambda board: board.update(templating="x"), "has 'templating', which is not in the schema"),
    "over another": (lambda board: panel(board).update(gridPos={"x": 0, "y": 0, "w": 12, "h": 8}), f"{PANEL}: lies over 'Critical alerts'"),
    "wider than the screen": (lambda board: mapping(panel(board)["gridPos"]).update(w=30), f"{PANEL}: takes the columns 0 to 30"),
    "a number of another": (lambda board: panel(board).update(id=1), f"{PANEL}: has the number 1"),
    "no PromQL": (asking(f"{GOOD})"), f"{QUERY}: is no PromQL"),
    "a metric that nobody provides": (
        asking(GOOD.replace("requests", "requsts")),
        f"{QUERY}: asks for metric 'service:http_requsts:rate5m', which nobody provides",
    ),
    "a matched label that was renamed": (asking(GOOD.replace("service=~", "servcie=~")), f"{QUERY}: matches label 'servcie'"),
    "a label of a sum that was renamed": (asking(GOOD.replace("by (service)", "by (servcie)")), f"{QUERY}: sums by label 'servcie'"),
    "a counter as it is": (
        asking('http_requests_total{system=~"$system", service=~"$service"}'),
        f"{QUERY}: shows the counter http_requests_total as it is",
    ),
    "a rate over a fixed time": (
        asking('rate(http_requests_total{system=~"$system", service=~"$service"}[1m])'),
        f"{QUERY}: has a rate over [1m]",
    ),
    "a link to nowhere": (
        leading("/d/servcie?var-service=x"),
        f"{PANEL}: leads to dashboard 'servcie', which is not there; allowed: service (the nearest)",
    ),
    "a link with a choice that is not there": (
        leading("/d/service?var-servcie=x"),
        f"{PANEL}: sets variable 'servcie', which dashboard 'service' does not have",
    ),
}


@pytest.mark.parametrize(("damage", "said"), BREAKS.values(), ids=BREAKS)
def test_what_is_wrong_is_seen(damage: Callable[[Document], object], said: str) -> None:
    board = cast("Document", json.loads(boards("dev")[FILE]))
    damage(board)
    found = dashboard_findings(Library(boards={**boards("dev"), FILE: json.dumps(board)}, metrics=metrics("dev")))
    assert any(str(finding).startswith(FILE) and said in str(finding) for finding in found), [str(finding) for finding in found]


LOG_QUERIES = {
    "lines without a selector": ('|= "error"', "does not begin with a stream selector"),
    "a stage that is none": ('{system="x"} |- "error"', "is no stage of a log query"),
    "a quote that is not closed": ('{system="x"} |= "error', "is no stage of a log query"),
    "a sum of lines": ('sum by (level) ({system="x"})', "sums something else than lines of a time"),
    "a fixed time": ('sum by (level) (rate({system=~"$system", service=~"$service"}[5m]))', "counts lines over a fixed time"),
}


@pytest.mark.parametrize(("expression", "said"), LOG_QUERIES.values(), ids=LOG_QUERIES)
def test_what_is_wrong_with_a_log_query_is_seen(expression: str, said: str) -> None:
    board = cast("Document", json.loads(boards("dev")["logs.json"]))
    target(board, "Lines by service").update(expr=expression)
    found = dashboard_findings(Library(boards={**boards("dev"), "logs.json": json.dumps(board)}, metrics=metrics("dev")))
    assert any(said in str(finding) and "panel 'Lines by service' query 'A'" in str(finding) for finding in found), [
        str(one) for one in found
    ]


def test_a_question_that_jaeger_does_not_answer_is_seen() -> None:
    board = cast("Document", json.loads(boards("prod")["traces.json"]))
    target(board, "Newest traces with errors").update(queryType="dependencyGraph")
    target(board, "Newest traces").update(service="")
    found = dashboard_findings(Library(boards={**boards("prod"), "traces.json": json.dumps(board)}, metrics=metrics("prod")))
    assert [(finding.file, finding.key, finding.problem) for finding in found] == [
        ("traces.json", f"panel '{title}'", "asks Jaeger something that it does not answer")
        for title in ("Newest traces", "Newest traces with errors")
    ]
