"""A real Loki with our own configuration of its ruler, and a stand-in for Alertmanager that remembers what it is told."""

import json
import subprocess
import threading
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import yaml

from components.platform import documents
from model.documents import each, mapping, to_yaml
from model.logs import TENANT
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.components.environments import environment
from tests.waiting import until

Labels = frozenset[tuple[str, str]]
"""The labels of an alert."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Lines of one stream, each with its age in minutes."""

    labels: Mapping[str, str]
    lines: Sequence[tuple[float, str]]


@dataclass
class Receiver:
    """What Alertmanager would have been told."""

    url: str = ""
    told: list[dict[str, object]] = field(default_factory=list[dict[str, object]])


@contextmanager
def receiver() -> Generator[Receiver]:
    """An HTTP server that takes alerts as Alertmanager's API v2 does."""
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/api/v2/alerts":
                received.told += body
            self.send_response(200 if self.path == "/api/v2/alerts" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads this."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    received.url = f"http://127.0.0.1:{server.server_port}"
    yield received
    server.shutdown()


@dataclass(frozen=True, kw_only=True)
class Loki:
    """A running Loki."""

    url: str

    def get(self, path: str) -> dict[str, object]:
        """An answer of its API."""
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:  # noqa: S310 - http, ours
            return cast("dict[str, object]", json.loads(answer.read()))

    def push(self, streams: Sequence[Stream], now: float) -> None:
        """Takes in lines whose ages count from ``now`` (seconds since 1970)."""
        content = [
            {
                "stream": dict(stream.labels),
                "values": [[str(int((now - age * 60) * 1e9) + place), line] for place, (age, line) in enumerate(stream.lines)],
            }
            for stream in streams
        ]
        body = json.dumps({"streams": content}).encode()
        request = urllib.request.Request(f"{self.url}/loki/api/v1/push", data=body, headers={"Content-Type": "application/json"})  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310

    def groups(self) -> list[dict[str, object]]:
        """The rule groups that it evaluates, with the state of each rule."""
        return [mapping(group) for _, group in each(self.get("/prometheus/api/v1/rules"), "data", "groups", "*")]

    def ready(self) -> bool:
        """Whether it takes in lines."""
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=5) as answer:  # noqa: S310 - http, ours
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def loki(folder: Path, rules: Mapping[str, str], alertmanager: str) -> Generator[Loki]:
    """A Loki of its own in ``folder`` that evaluates these rule files; it ends with the block."""
    http, grpc = free_port(), free_port()
    tenant = folder / "rules" / TENANT
    tenant.mkdir(parents=True)
    for name, text in rules.items():
        (tenant / name).write_text(text)
    (folder / "loki.yaml").write_text(to_yaml(_config(folder, http=http, grpc=grpc, alertmanager=alertmanager)))
    said = folder / "said"
    with (
        said.open("wb") as log,
        subprocess.Popen([tool("loki"), f"-config.file={folder / 'loki.yaml'}"], stdout=log, stderr=log) as process,
    ):
        server = Loki(url=f"http://127.0.0.1:{http}")
        try:
            until(lambda: server.ready() or process.poll() is not None, seconds=90, what="Loki is ready")
            assert process.poll() is None, said.read_text()[-3000:]
            yield server
        finally:
            process.kill()


def _config(folder: Path, *, http: int, grpc: int, alertmanager: str) -> dict[str, object]:
    """What production's Loki is told, but for one server by itself, on this machine's disk, that is asked soon."""
    given = mapping(yaml.safe_load(documents(environment("prod"))["loki/loki.yaml"]))
    del given["memberlist"]
    ruler = {**mapping(given["ruler"]), "alertmanager_url": alertmanager, "resend_delay": "1s"}
    return {
        **given,
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": http,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": grpc,
        },
        "common": {
            "path_prefix": str(folder),
            "replication_factor": 1,
            "instance_addr": "127.0.0.1",
            "ring": {"kvstore": {"store": "inmemory"}},
        },
        "storage_config": {
            **mapping(given["storage_config"]),
            "object_store": {"filesystem": {"dir": str(folder / "objects")}},
            "tsdb_shipper": {"active_index_directory": str(folder / "index"), "cache_location": str(folder / "cache")},
        },
        "schema_config": {
            "configs": [{**mapping(period), "object_store": "filesystem"} for _, period in each(given, "schema_config", "configs", "*")]
        },
        "compactor": {"working_directory": str(folder / "compactor"), "retention_enabled": False},
        "ingester": {**mapping(given["ingester"]), "wal": {"dir": str(folder / "wal")}, "lifecycler": {"min_ready_duration": "0s"}},
        "ruler_storage": {"backend": "local", "local": {"directory": str(folder / "rules")}},
        "ruler": ruler,
    }
