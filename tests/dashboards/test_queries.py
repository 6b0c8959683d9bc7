"""Every query of every dashboard of all systems, on a real Prometheus with the real rules, of which nothing is left without data."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

import pytest

from checks.dashboard_queries import EVERYTHING, Query, queries, substituted
from dashboards.__main__ import every_system
from dashboards.library import dashboards
from model.documents import each, mapping, parse
from model.environment import Environment
from pictures.example import configure
from pictures.exposition import serving
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.alerting import call
from tests.dashboards.asking import Series, fault
from tests.model.breaking import DHARMA, put
from tests.model.conftest import copied
from tests.waiting import until

pytestmark = pytest.mark.binaries

NEWCOMER = "billing"
"""A service that is in the catalogue of this test alone: nothing else was changed for it."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A Prometheus that scrapes all of them."""

    port: int
    environment: Environment

    def ask(self, expression: str) -> list[Series]:
        """The series that an expression gives now. Raises AssertionError for one that Prometheus refuses."""
        answer = call(self.port, "GET", f"/api/v1/query?{urlencode({'query': expression})}")
        return cast("list[Series]", json.loads(answer)["data"]["result"])

    def ready(self) -> bool:
        """Whether it has scraped anything."""
        try:
            return bool(self.ask("up"))
        except (OSError, AssertionError):
            return False

    def fault(self, query: str) -> str:
        """What is wrong with what a query of a dashboard gives; "" when nothing is."""
        try:
            return fault(self.ask(substituted(query, EVERYTHING)))
        except AssertionError as refused:
            return f"refused: {refused}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real program with the real rules, each evaluated every other second and without waiting."""
    directory, project = tmp_path_factory.mktemp("prometheus"), copied(tmp_path_factory.mktemp("project"))
    put(project, DHARMA, ("services", NEWCOMER), {"description": "Sends invoices", "team": "finops", "port": 3010})
    environment, port = every_system(project), free_port()
    with serving(environment) as exporter, (directory / "log").open("w") as log:
        configure(directory, environment, exporter, seconds=2)
        command = [tool("prometheus"), "--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address=127.0.0.1:{port}"]
        process = subprocess.Popen(command, cwd=directory, stderr=log)
        try:
            running = Server(port=port, environment=environment)
            until(running.ready, seconds=60, what="Prometheus scrapes")
            yield running
        finally:
            process.terminate()
            process.wait(timeout=30)


def all_queries(environment: Environment) -> list[tuple[str, Query]]:
    """Every query in PromQL, with the name of its dashboard."""
    boards = dashboards(environment)
    return [(board.uid, query) for board in boards for query in queries(json.loads(board.json)) if query.kind == "prometheus"]


def test_every_panel_of_all_systems_has_data(server: Server) -> None:
    everything = all_queries(server.environment)
    left = dict.fromkeys((query.expression for _, query in everything), "not asked")

    def answered() -> bool:
        answers = {expression: server.fault(expression) for expression in left}
        left.clear()
        left.update({expression: said for expression, said in answers.items() if said})
        return not left

    try:
        until(answered, seconds=90, what="every query gives data")
    except AssertionError:
        lines = [
            f"{uid}: panel '{query.panel}' query {query.reference}: {left[query.expression]}: {query.expression}"
            for uid, query in everything
            if query.expression in left
        ]
        pytest.fail(f"{len(lines)} of {len(everything)} queries:\n" + "\n".join(lines), pytrace=False)
    panels = {(uid, query.panel) for uid, query in everything}
    print(f"{len(everything)} queries of {len(panels)} panels of {len({uid for uid, _ in everything})} dashboards give data")


PANELS = {
    "overview": ("Services", "Request rate", "Error ratio", "Latency, 95th percentile", "Error budget left", "Burn rate", "Pods ready"),
    "service": ("Services", "Request rate by endpoint", "Latency percentiles", "Error budget left", "Pods ready"),
    "slo": ("Promised", "Kept", "Burn rate over 1h"),
    "dharma-overview": ("Services", "Request rate", "Error budget left"),
    "team-finops": ("Services", "Request rate", "Error budget left"),
}
"""Where people look for a service, by dashboard."""


def test_a_service_that_is_new_in_the_catalogue_is_on_every_dashboard_of_its_kind(server: Server) -> None:
    asked = [query for query in all_queries(server.environment) if query[1].panel in PANELS.get(query[0], ())]
    assert {uid: {query.panel for name, query in asked if name == uid} for uid in PANELS} == {
        uid: set(titles) for uid, titles in PANELS.items()
    }

    def absent() -> list[str]:
        return [f"{uid}: {query.panel}" for uid, query in asked if not shows(server, query, NEWCOMER)]

    until(lambda: not absent(), seconds=60, what=f"{NEWCOMER} is on all panels")
    assert [query.panel for _, query in asked if shows(server, query, "biling")] == []


def shows(server: Server, query: Query, service: str) -> bool:
    """Whether a panel shows a service."""
    return any(one["metric"].get("service") == service for one in server.ask(substituted(query.expression, EVERYTHING)))


Makers = Mapping[str, Sequence[Mapping[str, object]]]
"""The rules that record under a name."""


def makers(environment: Environment) -> Makers:
    """All recording rules of an environment, by the name of what they make."""
    found: dict[str, list[Mapping[str, object]]] = {}
    for name, text in environment.rule_files.items():
        for _, rule in each(parse(text, name).content, "groups", "*", "rules", "*"):
            if "record" in mapping(rule):
                found.setdefault(str(mapping(rule)["record"]), []).append(mapping(rule))
    return found


def written_twice(server: Server, made: Makers) -> set[str]:
    """The series that more than one rule makes: each would write over what the other one says."""
    twice: set[str] = set()
    for name, rules in made.items():
        written: set[frozenset[tuple[str, str]]] = set()
        for rule in rules if len(rules) > 1 else ():
            added = {label: str(value) for label, value in mapping(rule.get("labels")).items()}
            series = [{**one["metric"], "__name__": name, **added} for one in server.ask(str(rule["expr"]))]
            new = {frozenset((label, str(value)) for label, value in labels.items()) for labels in series}
            twice |= {f"{name}{sorted(labels)}" for labels in new & written}
            written |= new
    return twice


def test_no_two_rules_make_the_same_series(server: Server) -> None:
    until(lambda: server.ask('service:http_errors:rate5m{system="x0tta6bl4"}'), seconds=90, what="rules have something to say")
    made = makers(server.environment)
    assert written_twice(server, made) == set()
    ours = made["service:http_errors:rate5m"]
    careless: Mapping[str, object] = {"record": "service:http_errors:rate5m", "expr": "0 * service:http_requests:rate5m"}
    assert written_twice(server, {"service:http_errors:rate5m": [*ours, careless]})


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("no_such_metric", "no data"),
        ("up * NaN", "NaN only"),
        ("sum(", "refused"),
        ('service:http_requests:rate5m{servcie=~".+"}', "no data"),
        ('{job!=""}', " series"),
    ],
)
def test_a_query_without_an_answer_is_seen(server: Server, expression: str, said: str) -> None:
    assert said in server.fault(expression)
