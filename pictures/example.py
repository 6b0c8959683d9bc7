"""Servers with examples of what all systems say, for dashboards of systems that no sandbox runs: a real Prometheus and a real Loki.

The same examples, by which the tests ask every query of every dashboard. Here their counters speed up and slow down, so that there are
curves to look at; what is shown are the minutes that Prometheus has run.
"""

import json
import math
import time
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlencode

from components.platform import documents
from model.documents import each, mapping, parse, to_yaml
from model.environment import Environment
from pictures.asking import Source
from pictures.exposition import serving, targets
from sandbox.bare import Program, wait
from sandbox.ports import free_port
from sandbox.toolchain import tool

SCRAPE = 15
"""Seconds between two scrapes."""

LINES: Mapping[str, str] = {
    "info": "GET /api/v1/things 200",
    "warn": "GET /api/v1/things took 1.8 s",
    "error": "GET /api/v1/things 403 forbidden",
}
"""What every service says, by level."""

_HOST = "127.0.0.1"
_WAVE = 240
"""Seconds from one busy time to the next."""

_FIRST = 60
"""Seconds after which the rules have something to say."""


@contextmanager
def example(environment: Environment, directory: Path, minutes: float, say: Callable[[str], None]) -> Generator[Source]:
    """The servers, after they have run so many minutes."""
    loki_port, port = free_port(), free_port()
    with serving(environment, pace) as exporter:
        configure(directory, environment, exporter, seconds=SCRAPE)
        flags = ("--config.file=prometheus.yml", "--storage.tsdb.path=data", f"--web.listen-address={_HOST}:{port}")
        prometheus = Program(
            command=(tool("prometheus"), *flags), address=f"http://{_HOST}:{port}", log=directory / "log", folder=directory
        )
        (directory / "loki").mkdir()
        file = directory / "loki/config.yaml"  # Prometheus takes every YAML in its own directory for rules
        file.write_text(to_yaml(loki_configuration(environment, file.parent, loki_port)))
        loki = Program(command=(tool("loki"), f"-config.file={file}"), address=f"http://{_HOST}:{loki_port}", log=file.parent / "log")
        with prometheus, loki:
            say(f"a Prometheus and a Loki with examples run for {minutes:g} minutes, so that there is something to show")
            wait(lambda: prometheus.answers("/-/ready") and loki.answers("/ready"), seconds=120, what="Prometheus and Loki are ready")
            time.sleep(_FIRST)
            begin = time.time()
            time.sleep(60 * minutes)
            now = time.time()
            loki.ask("/loki/api/v1/push", json.dumps({"streams": streams(environment, begin, now)}).encode())
            yield Source(
                words="examples of all systems, as the tests ask every query of them, on a real Prometheus and Loki",
                ask=asking({"prometheus": prometheus, "loki": loki}),
                scrape=SCRAPE,
                now=now,
                oldest=begin,
            )


def asking(programs: Mapping[str, Program]) -> Callable[[str, str, Mapping[str, str]], Mapping[str, Any]]:
    """How programs of this machine are asked."""

    def ask(server: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", json.loads(programs[server].ask(f"/{path}?{urlencode(parameters)}")))

    return ask


def pace(path: str, seconds: float) -> float:
    """How far the counters of a target are after some seconds: each has its own speed, which goes up and down.

    What counts seconds of a processor counts at most one a second; only services are faster.
    """
    seed = zlib.crc32(path.encode())
    speed, phase = 0.5 + seed % 97 / 40 if path.startswith("/service/") else 0.6, seed % 89
    return speed * (seconds + 0.5 * _WAVE / math.tau * math.sin(math.tau * seconds / _WAVE + phase))


def configure(directory: Path, environment: Environment, exporter: int, *, seconds: int) -> None:
    """The configuration of a Prometheus that scrapes all of them and evaluates the real rules, every so many seconds."""
    for name, text in environment.rule_files.items():
        (directory / name).write_text(impatient(text, seconds))
    (directory / "prometheus.yml").write_text(to_yaml(configuration(environment, exporter, seconds)))


def impatient(text: str, seconds: int) -> str:
    """Rules that are evaluated every so many seconds and fire at once."""
    content = parse(text, "rules").content
    for _, group in each(content, "groups", "*"):
        mapping(group)["interval"] = f"{seconds}s"
    for _, rule in each(content, "groups", "*", "rules", "*"):
        mapping(rule).pop("for", None)
    return to_yaml(content)


def configuration(environment: Environment, port: int, seconds: int) -> dict[str, object]:
    """Every target; histograms also as native ones, and the latency of services that have it so as nothing else."""
    latencies = native_latencies(environment)
    jobs: list[dict[str, object]] = []
    for path, labels in targets(environment).items():
        target = {"targets": [f"{_HOST}:{port}"], "labels": {**labels, "__metrics_path__": path}}
        native = {"convert_classic_histograms_to_nhcb": True, "always_scrape_classic_histograms": True}
        classic = [f"{latencies[path]}_(bucket|count|sum)"] if path in latencies else []
        dropped = [{"source_labels": ["__name__"], "regex": names, "action": "drop"} for names in classic]
        jobs.append({"job_name": path, "honor_labels": True, **native, "metric_relabel_configs": dropped, "static_configs": [target]})
    times = dict.fromkeys(("scrape_interval", "evaluation_interval", "scrape_timeout"), f"{seconds}s")
    return {"global": times, "rule_files": ["*.yaml"], "scrape_configs": jobs}


def native_latencies(environment: Environment) -> dict[str, str]:
    """The metrics of latency that are native histograms, by the path of their target."""
    return {
        f"/service/{catalogue.system}/{name}": service.signals.latency
        for catalogue in environment.catalogues
        for name, service in catalogue.services.items()
        if service.signals.histogram == "native"
    }


def loki_configuration(environment: Environment, directory: Path, port: int) -> dict[str, object]:
    """One server that stores in files, with the limits of the environment."""
    deployed = parse(documents(environment)["loki/loki.yaml"], "loki.yaml").content
    stored = {"from": "2020-01-01", "store": "tsdb", "object_store": "filesystem", "schema": "v13"}
    return {
        "auth_enabled": False,
        "analytics": deployed["analytics"],
        "limits_config": deployed["limits_config"],
        "server": {"http_listen_address": _HOST, "http_listen_port": port, "grpc_listen_port": free_port()},
        "common": {
            "instance_addr": _HOST,
            "path_prefix": str(directory),
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {"filesystem": {"chunks_directory": "chunks", "rules_directory": "rules"}},
        },
        "schema_config": {"configs": [{**stored, "index": {"prefix": "index_", "period": "24h"}}]},
    }


def streams(environment: Environment, begin: float, end: float) -> list[dict[str, object]]:
    """Lines of all services from ``begin`` to ``end``, with the labels that the agent leaves them."""
    kept = next(stage.keep_labels for stage in environment.pipeline.stages if stage.keep_labels)
    found: list[dict[str, object]] = []
    for catalogue in environment.catalogues:
        for name, service in catalogue.services.items():
            whose = {"namespace": catalogue.namespace, "system": catalogue.system, "service": name, "team": service.team}
            for every, (level, line) in zip((3, 20, 45), LINES.items(), strict=True):
                labels = {label: value for label, value in {**whose, "pod": f"{name}-0", "level": level}.items() if label in kept}
                times = [begin + at for at in range(0, int(end - begin), every)]
                found.append({"stream": labels, "values": [[f"{moment * 1e9:.0f}", line] for moment in times]})
    return found
