"""Loki and Promtail as plain processes of this machine, told what an environment would tell them: for tests that kill them, and benches.

What differs from a cluster is in this file alone: addresses, directories, files in the place of pods, keys in the place of a token.
"""

import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import cast

from components.documents import Document
from components.log_agent import START, start_script
from components.log_config import FOLDER, loki_config
from components.loki import SCRATCH
from components.platform import part
from components.promtail import NOTES, STATE, HostLines, promtail_config
from model.documents import mapping, to_yaml
from model.environment import Environment
from model.logs import Logs
from sandbox.ports import free_port
from sandbox.toolchain import tool

_HOST = "127.0.0.1"
_GROUP, _USER, _KERNEL = 2, 11, 12
"""Where proc(5) has the process group and both CPU times in ``stat``, counted from the state."""
CLOCK_TICK = 1 / os.sysconf("SC_CLK_TCK")
"""The smallest CPU time that the kernel tells (seconds)."""

_KEYS = {"AWS_ACCESS_KEY_ID": "bare", "AWS_SECRET_ACCESS_KEY": "bare", "AWS_EC2_METADATA_DISABLED": "true"}


@dataclass(kw_only=True)
class Program:
    """A program that can be killed and started again where it was. As a context manager it runs within, and is gone afterwards."""

    command: Sequence[str | Path]
    address: str
    """Its API and its metrics."""

    log: Path
    """What it says, of all its lives."""

    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path | None = None
    """Where it runs; None for here."""

    _process: "subprocess.Popen[bytes] | None" = None

    def __enter__(self) -> "Program":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, in a process group of its own."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                cwd=self.folder,
                start_new_session=True,
            )

    def kill(self) -> None:
        """``kill -9`` of it and of all that it started, as when a container dies."""
        if self._process is not None:
            with suppress(ProcessLookupError):  # it may have ended, and all that it started too
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self, *, timeout_seconds: float) -> None:
        """Ask it to end, and wait until it has. Raises TimeoutExpired."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout_seconds)
            self.kill()

    def ask(self, path: str, data: bytes | None = None, kind: str = "application/json") -> bytes:
        """What it answers: GET without data, POST with some. Raises OSError."""
        request = urllib.request.Request(f"{self.address}{path}", data=data, headers={"Content-Type": kind})  # noqa: S310 - http, ours
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return bytes(answer.read())

    def answers(self, path: str) -> bool:
        """Whether it answers there at all, and well."""
        try:
            self.ask(path)
        except OSError:
            return False
        return True

    def metric(self, name: str, labels: str = "") -> float:
        """The sum of a metric over all series with these labels, written as they are exposed (``status_code="204"``). Raises OSError."""
        lines = re.findall(rf"^{name}(\{{.*\}})? (\S+)$", self.ask("/metrics").decode(), re.MULTILINE)
        return sum(float(value) for found, value in lines if labels in found)

    @property
    def cpu_seconds(self) -> float:
        """The CPU time that it and what it started have used in this life. Raises RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self.command[0]} does not run")
        group = [fields for fields in _processes() if int(fields[_GROUP]) == self._process.pid]
        return sum(int(fields[_USER]) + int(fields[_KERNEL]) for fields in group) * CLOCK_TICK


def _processes() -> Iterator[list[str]]:
    """What proc(5) says in ``stat`` of each process, from its state on."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            yield file.read_text().rpartition(")")[2].split()


def wait(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Wait until a condition holds. Raises TimeoutError with ``what`` after so many ``seconds``."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)


def loki(folder: Path, environment: Environment, logs: Logs, changes: Mapping[str, object] | None = None) -> Program:
    """A Loki of these settings that keeps its volume in ``folder``; ``changes`` are merged into its document."""
    http, grpc, gossip = free_port(), free_port(), free_port()
    here: Document = {
        "server": {"http_listen_address": _HOST, "http_listen_port": http, "grpc_listen_address": _HOST, "grpc_listen_port": grpc},
        "common": {"instance_addr": _HOST},
        "memberlist": {"bind_addr": [_HOST], "bind_port": gossip, "advertise_addr": _HOST, "join_members": []},
        # Otherwise it waits a quarter of a minute for others that might join.
        "ingester": {"lifecycler": {"min_ready_duration": "0s"}},
    }
    config = loki_config(logs, environment.log_schema, part(environment, "loki"), domain="cluster.local", cluster_label="bare")
    whole = merged(merged(_moved(config, FOLDER, str(folder)), here), changes or {})
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "loki.yaml"
    file.write_text(to_yaml(whole))
    return Program(
        command=(tool("loki"), f"-config.file={file}", "-target=all"),
        address=f"http://{_HOST}:{http}",
        log=folder / "loki.log",
        # As in its read-only container, there is no /tmp for it.
        environment={
            **_KEYS,
            "AWS_REGION": logs.bucket.region,
            "TMPDIR": "/nonexistent",
            **{key: value.replace(FOLDER, str(folder)) for key, value in SCRATCH.items()},
        },
    )


def promtail(
    folder: Path, environment: Environment, push: str, labels: Mapping[str, str], stages: Sequence[Document] | None = None
) -> Program:
    """A Promtail that reads ``folder/*.log`` as one container with these labels; with other ``stages`` when they are given."""
    http = free_port()
    drop = environment.settings.logs.agent.drop_levels if environment.settings.logs else ()
    no_hosts = HostLines(files=(), pipeline=environment.host_pipeline)
    config = promtail_config(environment.pipeline, environment.catalogues, push=push, drop=drop, hosts=no_hosts)
    [containers] = cast("list[Document]", config["scrape_configs"])
    files: Document = {
        "job_name": containers["job_name"],
        "static_configs": [{"labels": {**labels, "__path__": str(folder / "*.log")}}],
        "pipeline_stages": containers["pipeline_stages"] if stages is None else list(stages),
    }
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    here: Document = {"server": {"http_listen_address": _HOST, "http_listen_port": http}, "scrape_configs": [files]}
    file, start = folder / "promtail.yaml", folder / START
    file.write_text(to_yaml(merged(_moved(config, STATE, str(state)), here)))
    start.write_text(start_script())
    notes = NOTES.replace(STATE, str(state))
    command = ("/bin/sh", start, notes, tool("promtail"), f"-config.file={file}")
    return Program(command=command, address=f"http://{_HOST}:{http}", log=state / "promtail.out")


def merged(document: Mapping[str, object], changes: Mapping[str, object]) -> Document:
    """The document with the changes: mappings are merged, anything else is replaced."""
    return {
        key: merged(mapping(document.get(key)), mapping(changes[key]))
        if isinstance(document.get(key), dict) and isinstance(changes.get(key), dict)
        else changes.get(key, document.get(key))
        for key in {**document, **changes}
    }


def _moved(value: Mapping[str, object], old: str, new: str) -> Document:
    """The document with every path below ``old`` below ``new``."""

    def step(item: object) -> object:
        match item:
            case dict():
                return _moved(cast(Document, item), old, new)
            case list():
                return [step(entry) for entry in cast("list[object]", item)]
            case str() if item == old or item.startswith(f"{old}/"):
                return new + item.removeprefix(old)
            case _:
                return item

    return {key: step(item) for key, item in value.items()}
