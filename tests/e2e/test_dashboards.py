"""Every query of every dashboard on the platform as it runs: each gives data, or its panel says what none means."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from checks.dashboard_metrics import listed
from checks.dashboard_queries import EVERYTHING, Query, Question, queries, questions, substituted
from components.platform import documents
from dashboards.library import dashboards
from model.documents import parse
from model.environment import Environment, load
from sandbox.kube import Kube
from tests.conftest import Platform
from tests.dashboards.asking import Series, fault
from tests.waiting import until

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).resolve().parents[2]

CHOSEN = {"service": "api-gateway"}
"""Traces are looked at of one service."""

UNMEASURED = {
    "kubelet_volume_stats_capacity_bytes": "the volumes of the sandbox are directories, which the kubelet does not measure",
    "kubelet_volume_stats_used_bytes": "the volumes of the sandbox are directories, which the kubelet does not measure",
    "container_cpu_cfs_periods_total": "no container has a CPU limit",
    "container_cpu_cfs_throttled_periods_total": "no container has a CPU limit",
}
"""What the sandbox cannot show, and why."""


def test_every_panel_has_data(platform: Platform) -> None:
    asked = list(panels(load(ROOT, "dev")))
    left = {text(query): query for _, query in asked}
    said: dict[str, str] = {}

    def answered() -> bool:
        now = time(platform.kube)
        said.clear()
        said.update({key: found for key, query in left.items() if (found := problem(query, answer(platform.kube, query, now)))})
        for key in left.keys() - said.keys():
            del left[key]
        return not left

    try:
        until(answered, seconds=240, what="every query gives data")
    except AssertionError:
        lines = [f"{uid}: panel '{query.panel}': {said.get(text(query))}: {text(query)}" for uid, query in asked if text(query) in left]
        pytest.fail(f"{len(lines)} of {len(asked)} queries:\n" + "\n".join(lines), pytrace=False)
    print(f"{len(asked)} queries of {len({uid for uid, _ in asked})} dashboards give data, or say what none means")


def text(query: Query | Question) -> str:
    """What is asked and whether there must be an answer; many panels ask the same, which needs one answer."""
    must = "" if query.nothing else "always "
    if isinstance(query, Question):
        return f"{must}jaeger {query.path} {query.parameters}"
    return f"{must}{query.kind} {'now' if query.instant else 'over time'} {query.expression}"


def panels(environment: Environment) -> Iterator[tuple[str, Query | Question]]:
    """Everything that dashboards ask, with the name of each."""
    for made in dashboards(environment):
        board = json.loads(made.json)
        yield from ((made.uid, query) for query in queries(board))
        yield from ((made.uid, question) for question in questions(board))


def time(kube: Kube) -> float:
    """The clock of Prometheus, in seconds."""
    return float(kube.service("observability", "prometheus", "http", "api/v1/query", {"query": "time()"})["data"]["result"][1])


def answer(kube: Kube, query: Query | Question, now: float) -> list[Series]:
    """The series, streams or traces that it gives."""
    if isinstance(query, Question):
        asked = {key: substituted(value, CHOSEN) for key, value in query.parameters.items()}
        when = {"start": f"{now - 3600:.0f}000000", "end": f"{now:.0f}000000", "endTs": f"{now:.0f}000", "lookback": "3600000"}
        return cast("list[Series]", kube.service("observability", "jaeger-query", "http", query.path, {**asked, **when})["data"])
    expression = substituted(query.expression, EVERYTHING)
    if query.kind == "loki":
        asked, service, path = {"since": "15m", "limit": "50", "step": "15s"}, "loki", "loki/api/v1/query_range"
    elif query.instant:
        asked, service, path = {}, "prometheus", "api/v1/query"
    else:
        asked, service, path = {"start": str(now - 600), "end": str(now), "step": "15"}, "prometheus", "api/v1/query_range"
    return cast("list[Series]", kube.service("observability", service, "http", path, {"query": expression, **asked})["data"]["result"])


def problem(query: Query | Question, found: list[Series]) -> str:
    """What is wrong with an answer; "" when nothing is."""
    if not found:
        return "" if query.nothing else "no data"
    return "" if isinstance(query, Question) else fault(found)


def test_the_metrics_that_are_listed_are_real(platform: Platform) -> None:
    configuration = parse(documents(load(ROOT, "dev"))["prometheus/prometheus.yml"], "prometheus.yml").content
    wanted = {name: labels for _, name, labels in listed(ROOT, configuration) if name not in UNMEASURED}
    left: list[str] = []

    def all_there() -> bool:
        left[:] = unreal(wanted, platform.kube)
        return not left

    try:
        until(all_there, seconds=60, what="all listed metrics are there")
    except AssertionError:
        pytest.fail("\n".join(left), pytrace=False)


def unreal(wanted: dict[str, set[str]], kube: Kube) -> list[str]:
    """The metrics that are not there, or have other labels."""
    found = {name: labels_of(kube, name) for name in wanted}
    return [
        f"{name}{sorted(labels)}, which has {sorted(found[name])}"
        for name, labels in wanted.items()
        if not found[name] or labels - found[name]
    ]


def labels_of(kube: Kube, metric: str) -> set[str]:
    """The labels of all series of a metric."""
    series = kube.service("observability", "prometheus", "http", "api/v1/series", {"match[]": metric, "limit": "100"})["data"]
    return {label for one in cast("list[dict[str, str]]", series) for label in one}
