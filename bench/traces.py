"""What the way of a span costs: spans a second and CPU time through collector and Jaeger, against a collector that drops all at its end.

Both runs get the same messages, OTLP as JSON over HTTP, and the collector has the pipeline of prod, with its queue on disk. Two parts of it
are left out as this machine alone has nothing for them: the names of pods (no API server) and the metrics of Elasticsearch. For the same
reason Jaeger keeps spans in memory, so what storing costs is not in the figures.
"""

import http.client
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Say, Unavailable, ratio
from components import traces
from components.collector_config import Neighbours, collector_config
from components.documents import Document
from components.jaeger_config import telemetry
from model.documents import mapping, to_yaml
from model.environment import Environment, load
from model.namespaces import NAMESPACE
from sandbox import bare
from sandbox.bare import Program
from sandbox.engine import ROOT
from sandbox.ports import free_port
from sandbox.toolchain import tool

SPANS = 200_000
"""How many spans each run gets."""

MESSAGE = 100
"""Spans of one message."""

_TRACE = 10
_SENDERS = 4
_HOST = "127.0.0.1"
_PROCESSORS = ("memory_limiter", "transform/system", "filter/health")


@dataclass(frozen=True, kw_only=True)
class Run:
    """What all spans took."""

    seconds: float
    cpu_seconds: float
    """Of all programs together."""

    arrived: int
    """Spans that the last program has when the time ends."""


def measure(say: Say, spans: int = SPANS) -> Iterator[Figure]:
    """Figures of both runs and their ratios."""
    environment = load(ROOT, "prod")
    given = corpus(spans)
    say(f"{spans} spans through a collector that drops them at its end")
    dropped = through(environment, given, spans, kept=False)
    say(f"{spans} spans through a collector and Jaeger")
    kept = through(environment, given, spans, kept=True)
    for name, run in {"collector alone": dropped, "collector and Jaeger": kept}.items():
        yield Figure(name=f"{name}, throughput", value=spans / run.seconds, unit="spans/s")
        yield Figure(name=f"{name}, CPU", value=run.cpu_seconds / spans * 10_000, unit="s per 10,000 spans")
    yield Figure(name="with Jaeger / alone, time", value=kept.seconds / dropped.seconds, unit="times")
    yield Figure(name="with Jaeger / alone, CPU", value=ratio(kept.cpu_seconds, dropped.cpu_seconds, bare.CLOCK_TICK), unit="times")


def corpus(count: int) -> list[bytes]:
    """Messages of spans as a service sends them: requests of ten spans each, of which one in ten is a health check."""
    now = time.time_ns()
    return [
        json.dumps({"resourceSpans": [_of_service([_span(number, now) for number in range(first, min(first + MESSAGE, count))])]}).encode()
        for first in range(0, count, MESSAGE)
    ]


def _of_service(spans: Sequence[Document]) -> Document:
    resource = {"attributes": [_attribute("service.name", "checkout"), _attribute("service.namespace", "shop")]}
    return {"resource": resource, "scopeSpans": [{"scope": {"name": "bench"}, "spans": list(spans)}]}


def _span(number: int, now: int) -> Document:
    route = "/healthz" if number // _TRACE % 10 == 0 else f"/orders/{number % 7}"
    start = now - 10**9 + number
    return {
        "traceId": f"{number // _TRACE + 1:032x}",
        "spanId": f"{number + 1:016x}",
        **({"parentSpanId": f"{number:016x}"} if number % _TRACE else {}),
        "name": f"GET {route}",
        "kind": 2 if number % 2 == 0 else 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + 10**6 * (1 + number % 50)),
        "attributes": [_attribute("http.route", route), _attribute("http.request.method", "GET"), _attribute("url.scheme", "http")],
        "status": {"code": 2} if number % 97 == 0 else {},
    }


def _attribute(key: str, value: str) -> Document:
    return {"key": key, "value": {"stringValue": value}}


def through(environment: Environment, messages: Sequence[bytes], spans: int, *, kept: bool) -> Run:
    """Send all messages to a collector, which passes them on to a Jaeger when they are to be ``kept``; until the last span is there."""
    with tempfile.TemporaryDirectory() as directory, ExitStack() as running:
        folder, port = Path(directory), free_port()
        jaeger = running.enter_context(_jaeger(folder, port)) if kept else None
        collector, take = _collector(environment, folder, port if kept else None)
        running.enter_context(collector)
        programs = [program for program in (jaeger, collector) if program]
        for program in programs:
            bare.wait(lambda program=program: program.answers("/metrics"), seconds=60, what=f"{program.log.stem} answers")
        bare.wait(lambda: _send(take, [b"{}"]), seconds=60, what="the collector takes spans")
        cpu, started = sum(program.cpu_seconds for program in programs), time.monotonic()
        with ThreadPoolExecutor(_SENDERS) as senders:
            shares = [messages[first::_SENDERS] for first in range(_SENDERS)]
            sent = [senders.submit(_send, take, share) for share in shares]
        if not all(each.result() for each in sent):
            raise Unavailable("the collector went away")
        last, count = (jaeger, "otelcol_exporter_sent_spans_total") if jaeger else (collector, "otelcol_receiver_accepted_spans_total")
        wanted = staying(spans) if jaeger else spans
        bare.wait(lambda: last.metric(count) >= wanted, seconds=600, what="all spans have arrived")
        return Run(
            seconds=time.monotonic() - started,
            cpu_seconds=sum(program.cpu_seconds for program in programs) - cpu,
            arrived=int(last.metric(count)),
        )


def staying(count: int) -> int:
    """How many of the first spans are kept: health checks are dropped on the way, but for those that failed."""
    return sum(number // _TRACE % 10 != 0 or number % 97 == 0 for number in range(count))


def _send(port: int, messages: Sequence[bytes]) -> bool:
    """Whether all messages were taken, over one connection; one that was refused for want of memory is sent again."""
    connection = http.client.HTTPConnection(_HOST, port, timeout=60)
    try:
        for message in messages:
            while not _taken(connection, message):
                time.sleep(0.05)
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _taken(connection: http.client.HTTPConnection, message: bytes) -> bool:
    connection.request("POST", "/v1/traces", body=message, headers={"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status == http.client.OK


def _collector(environment: Environment, folder: Path, jaeger: int | None) -> tuple[Program, int]:
    """The collector, and the port at which it takes spans."""
    settings = environment.settings.traces
    if settings is None:
        raise Unavailable(f"{environment.name} has no traces")
    take, metrics, made, queue = free_port(), free_port(), free_port(), folder / "queue"
    queue.mkdir()
    neighbours = Neighbours(
        collector=traces.part(environment, NAMESPACE, "collector"),
        jaeger="jaeger",
        storage=traces.access(environment, settings, NAMESPACE),
        domain=environment.settings.cluster.domain,
    )
    whole = collector_config(settings.collector.model_copy(update={"replicas": 1}), environment.catalogues, neighbours)
    processors, exporters = mapping(whole["processors"]), mapping(whole["exporters"])
    last = "otlp/jaeger" if jaeger else "nop"
    sending: Document = {"otlp/jaeger": {**mapping(exporters["otlp/jaeger"]), "endpoint": f"{_HOST}:{jaeger}"}} if jaeger else {"nop": {}}
    config: Document = {
        "service": {
            "extensions": ["file_storage"],
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": list(_PROCESSORS), "exporters": [last, "spanmetrics", "servicegraph"]},
                "metrics/spans": mapping(mapping(mapping(whole["service"])["pipelines"])["metrics/spans"]),
            },
            "telemetry": telemetry(metrics, "collector"),
        },
        "extensions": {"file_storage": {"directory": str(queue)}},
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"{_HOST}:{take}"}}}},
        "processors": {name: processors[name] for name in (*_PROCESSORS, "transform/labels")},
        "connectors": whole["connectors"],
        "exporters": {**sending, "prometheus/spans": {**mapping(exporters["prometheus/spans"]), "endpoint": f"{_HOST}:{made}"}},
    }
    return _program(folder, "otelcol-contrib", config, metrics), take


def _jaeger(folder: Path, otlp: int) -> Program:
    """A Jaeger that keeps what comes to a port in memory."""
    metrics = free_port()
    config: Document = {
        "service": {
            "extensions": ["jaeger_storage"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": telemetry(metrics, "jaeger"),
        },
        "extensions": {"jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 10_000}}}}},
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"{_HOST}:{otlp}"}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }
    return _program(folder, "jaeger", config, metrics)


def _program(folder: Path, name: str, config: Document, metrics: int) -> Program:
    file = folder / f"{name}.yaml"
    file.write_text(to_yaml(config))
    return Program(command=(tool(name), f"--config={file}"), address=f"http://{_HOST}:{metrics}", log=folder / f"{name}.log")
