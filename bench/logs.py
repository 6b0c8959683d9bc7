"""What our pipeline costs Promtail: lines a second and CPU time, against a pipeline without stages in the same run."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.figures import Figure, Say, ratio
from components.documents import Document
from model.environment import load
from sandbox import bare
from sandbox.engine import ROOT

LINES = 100_000
"""How many lines each pipeline gets."""

LABELS = {"namespace": "shop", "service": "checkout", "container": "main", "pod": "checkout-1", "node": "n1"}
"""What is known about the container."""

_QUIET_SECONDS = 3.0
"""After that long without a line Promtail has sent them all: the pipeline holds a line for a second, the client for another."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one pipeline took for all lines."""

    seconds: float
    cpu_seconds: float
    sent: int
    """Lines that the server got."""


def measure(say: Say, lines: int = LINES) -> Iterator[Figure]:
    """Figures of both pipelines and their ratios."""
    given = corpus(lines)
    say(f"{lines} lines through a Promtail without stages")
    empty = through(given, stages=[])
    say(f"{lines} lines through a Promtail with the pipeline of prod")
    ours = through(given)
    for name, run in {"empty pipeline": empty, "our pipeline": ours}.items():
        yield Figure(name=f"{name}, throughput", value=lines / run.seconds, unit="lines/s")
        yield Figure(name=f"{name}, CPU", value=run.cpu_seconds / lines * 10_000, unit="s per 10,000 lines")
    yield Figure(name="our pipeline / empty, time", value=ours.seconds / empty.seconds, unit="times")
    yield Figure(name="our pipeline / empty, CPU", value=ratio(ours.cpu_seconds, empty.cpu_seconds, bare.CLOCK_TICK), unit="times")


def corpus(count: int) -> bytes:
    """Lines as the container runtime writes them: of ten, six of JSON, two plain, one of logfmt, one of PostgreSQL; 2 ms apart, not new."""
    first = datetime.now(UTC) - timedelta(hours=1)
    return b"".join(
        f"{(first + timedelta(milliseconds=2 * number)).isoformat()} stdout F {_line(number)}\n".encode() for number in range(count)
    )


def _line(number: int) -> str:
    match number % 10:
        case 6 | 7:
            return f"2026-11-21 09:00:00,001 INFO [worker-{number % 7}] com.example.Checkout - order {number} paid by jane.doe@example.org"
        case 8:
            return f'level=warn msg="slow query" traceID=4bf92f3577b34da6{number:016x} duration=1.2s query={number}'
        case 9:
            return f"2026-11-21 09:00:00.001 UTC [42] shop@orders ERROR:  duplicate key value violates constraint {number}"
        case kind:
            fields = {"level": "info", "msg": "request", "n": number, "trace_id": f"{number:032x}", "status": 200, "user": "x" * 40}
            return json.dumps({**fields, "endpoint": "/health" if kind == 5 and number % 4 == 0 else f"/orders/{number}"})


def through(lines: bytes, stages: Sequence[Document] | None = None) -> Run:
    """Let a Promtail read all lines and send them to a server that only takes them; with other ``stages`` than ours when they are given."""
    with tempfile.TemporaryDirectory() as directory, Sink() as sink:
        folder = Path(directory)
        file = folder / "0.log"
        file.touch()
        agent = bare.promtail(folder, load(ROOT, "prod"), push=sink.address, labels=LABELS, stages=stages)
        with agent:
            bare.wait(lambda: agent.answers("/ready"), seconds=60, what="Promtail is ready")
            cpu, started = agent.cpu_seconds, time.monotonic()
            file.write_bytes(lines)
            bare.wait(lambda: agent.metric("promtail_read_bytes_total") >= len(lines), seconds=600, what="Promtail has read all lines")
            read = time.monotonic()
            bare.wait(lambda: time.monotonic() - max(read, sink.last) > _QUIET_SECONDS, seconds=600, what="Promtail has sent all lines")
            sent = int(agent.metric("promtail_sent_entries_total"))
            return Run(seconds=sink.last - started, cpu_seconds=agent.cpu_seconds - cpu, sent=sent)


class Sink:
    """Takes what it is sent, looks at nothing, and knows when the last came."""

    def __init__(self) -> None:
        sink = self

        class Take(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(204)
                self.end_headers()
                sink.last = time.monotonic()

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self.last = time.monotonic()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Take)
        self.address = f"http://127.0.0.1:{self._server.server_port}/loki/api/v1/push"

    def __enter__(self) -> "Sink":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
