"""What dashboards ask of logs and traces, on a real Loki with the limits of production and on a real Jaeger."""

import json
import subprocess
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from checks.dashboard_queries import EVERYTHING, queries, questions, substituted
from dashboards.__main__ import every_system
from dashboards.library import dashboards
from model.documents import to_yaml
from model.environment import Environment
from pictures.example import loki_configuration, streams
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.alerting import call
from tests.dashboards.asking import Series, fault
from tests.waiting import until

pytestmark = pytest.mark.binaries

CALLER, CALLED = "api-gateway", "auth"
TRACES = {"good": "0" * 31 + "1", "bad": "0" * 31 + "2"}


@contextmanager
def program(name: str, config: Mapping[str, object], flag: str, directory: Path) -> Generator[None]:
    """A real program with a configuration, until the end of the block."""
    (directory / "config.yaml").write_text(to_yaml(dict(config)))
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([tool(name), f"{flag}={directory / 'config.yaml'}"], cwd=directory, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()  # nobody needs what it keeps
            process.wait(timeout=30)


def answers(port: int, method: str, path: str, body: object = None) -> bool:
    """Whether a program takes a request: not yet, while it starts."""
    try:
        call(port, method, path, body)
    except (OSError, AssertionError):
        return False
    return True


@pytest.fixture(scope="module")
def every() -> Environment:
    """Production with all systems."""
    return every_system()


@pytest.fixture(scope="module")
def loki(every: Environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Loki that has lines of every service."""
    directory, port, now = tmp_path_factory.mktemp("loki"), free_port(), time.time()
    with program("loki", loki_configuration(every, directory, port), "-config.file", directory):
        until(
            lambda: answers(port, "POST", "/loki/api/v1/push", {"streams": streams(every, now - 60, now)}),
            seconds=60,
            what="Loki takes lines",
        )
        yield port


def lines(port: int, expression: str) -> list[Series]:
    """What Loki gives for a query of a dashboard. Raises AssertionError for one that it refuses."""
    asked = urlencode({"query": substituted(expression, EVERYTHING), "since": "10m", "step": "15s", "limit": "50"})
    return cast("list[Series]", json.loads(call(port, "GET", f"/loki/api/v1/query_range?{asked}"))["data"]["result"])


def test_every_query_of_logs_gives_lines(every: Environment, loki: int) -> None:
    boards = dashboards(every)
    asked = [(board.uid, query) for board in boards for query in queries(json.loads(board.json)) if query.kind == "loki"]
    faults = {expression: fault(lines(loki, expression)) for expression in {query.expression for _, query in asked}}
    assert [f"{uid}: {query.panel}: {faults[query.expression]}" for uid, query in asked if faults[query.expression]] == []
    print(f"{len(asked)} queries of {len({uid for uid, _ in asked})} dashboards give lines")


def test_a_query_of_logs_without_an_answer_is_seen(loki: int) -> None:
    assert fault(lines(loki, '{servcie=~"$service"}')) == "no data"
    assert fault(lines(loki, '{system=~"$system", level="eror"}')) == "no data"
    with pytest.raises(AssertionError, match="400 parse error"):
        lines(loki, 'sum by (level) (rate({system=~"$system"})')


@pytest.fixture(scope="module")
def jaeger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Jaeger that has two traces: one service calls another, which fails once."""
    port, otlp = free_port(), free_port()
    with program("jaeger", jaeger_configuration(port, otlp), "--config", tmp_path_factory.mktemp("jaeger")):
        until(lambda: answers(otlp, "POST", "/v1/traces", {"resourceSpans": spans()}), seconds=60, what="Jaeger takes spans")
        yield port


def jaeger_configuration(port: int, otlp: int) -> dict[str, object]:
    """One server that keeps traces in memory."""
    here = "127.0.0.1"
    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 100}}}},
            "jaeger_query": {
                "storage": {"traces": "memory"},
                "http": {"endpoint": f"{here}:{port}"},
                "grpc": {"endpoint": f"{here}:{free_port()}"},
            },
        },
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{here}:{otlp}"}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }


def spans() -> list[dict[str, object]]:
    """Both traces, as OTLP has them in JSON."""
    found: list[dict[str, object]] = []
    for index, (kind, trace) in enumerate(TRACES.items(), start=1):
        client, server = f"{index:015x}1", f"{index:015x}2"
        status = {"status": {"code": 2}} if kind == "bad" else {}
        found.append(of_service(CALLER, {"traceId": trace, "spanId": client, "name": "call", "kind": 3, **times(), **status}))
        found.append(
            of_service(
                CALLED, {"traceId": trace, "spanId": server, "parentSpanId": client, "name": "answer", "kind": 2, **times(), **status}
            )
        )
    return found


def times() -> dict[str, str]:
    """A span of a moment ago."""
    now = time.time_ns()
    return {"startTimeUnixNano": str(now - 10**9), "endTimeUnixNano": str(now)}


def of_service(service: str, span: Mapping[str, object]) -> dict[str, object]:
    """A span with the resource that sent it."""
    attributes = [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": attributes}, "scopeSpans": [{"spans": [span]}]}


def ask_jaeger(port: int, path: str, parameters: Mapping[str, str]) -> Sequence[dict[str, Any]]:
    """What Jaeger answers to a question of a dashboard about the last hour, for which people chose the caller."""
    now = time.time()
    when = {"start": f"{now - 3600:.0f}000000", "end": f"{now + 60:.0f}000000", "endTs": f"{now + 60:.0f}000", "lookback": "3600000"}
    chosen = {key: substituted(value, {"service": CALLER}) for key, value in parameters.items()}
    return cast("Sequence[dict[str, Any]]", json.loads(call(port, "GET", f"/{path}?{urlencode({**chosen, **when})}"))["data"])


def test_every_question_to_jaeger_is_answered(every: Environment, jaeger: int) -> None:
    [board] = [json.loads(board.json) for board in dashboards(every) if board.uid == "traces"]
    asked = {question.panel: question for question in questions(board)}
    assert set(asked) == {"Newest traces", "Newest traces with errors"}

    def found(panel: str) -> Sequence[dict[str, Any]]:
        return ask_jaeger(jaeger, asked[panel].path, asked[panel].parameters)

    until(lambda: len(found("Newest traces")) == len(TRACES), seconds=20, what="both traces are found")
    # The memory of 2.13 takes the text "true" for false and finds neither; Elasticsearch has the tag as it is asked for.
    assert TRACES["good"] not in [trace["traceID"] for trace in found("Newest traces with errors")]


def test_a_question_to_jaeger_without_an_answer_is_seen(jaeger: int) -> None:
    assert not ask_jaeger(jaeger, "api/traces", {"service": "biling"})
    with pytest.raises(AssertionError, match="400"):
        ask_jaeger(jaeger, "api/traces", {})
