"""How soon a line that a pod prints is found in Loki, with the labels and the trace that it belongs to, in the sandbox that is up."""

import json
import secrets
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator

from bench.figures import Figure, Say, Unavailable, percentile
from sandbox import cluster, target
from sandbox.cluster.errors import ClusterError
from sandbox.kube import Kube, KubeError

LINES = 200
"""How many lines are printed."""

LONGEST_SECONDS = 60.0
"""A line that is not found by then is lost: an agent that could not reach Loki tries again after half a minute at the latest."""

_EVERY_SECONDS = 0.1
_WANTED = ("level", "service", "namespace", "pod")


def measure(say: Say, lines: int = LINES) -> Iterator[Figure]:
    """The delays' median, 95th percentile and maximum, and how many lines were not found at all."""
    try:
        kube = Kube(cluster.running(target.sandbox_name()).kubeconfig)
        service, loki = (_address(kube, *found) for found in (("dharma", "blueprint", "3001"), ("observability", "loki", "3100")))
    except (ClusterError, KubeError) as error:
        raise Unavailable(f"no sandbox with the platform is up (make up): {error}") from error
    say(f"{lines} requests, each of which makes a pod print a line")
    delays = found_after(service, loki, lines)
    for name, percent in {"p50": 50, "p95": 95, "slowest": 100}.items() if delays else ():
        yield Figure(name=f"a line is found, {name}", value=percentile(delays, percent), unit="s")
    yield Figure(name=f"lines of {lines} not found within {LONGEST_SECONDS:g} s", value=lines - len(delays), unit="lines")


def found_after(service: str, loki: str, lines: int) -> list[float]:
    """Seconds between each request, of a trace of its own, and the first search that finds its line whole; lost lines are left out."""
    begin = time.time_ns()
    printed: dict[str, float] = {}
    delays: dict[str, float] = {}
    end = time.monotonic() + LONGEST_SECONDS
    while len(delays) < lines and time.monotonic() < end:
        if len(printed) < lines:
            trace = secrets.token_hex(16)
            printed[trace] = time.monotonic()
            _request(service, trace)
            end = time.monotonic() + LONGEST_SECONDS
        for trace in _traces(loki, begin) & (printed.keys() - delays.keys()):
            delays[trace] = time.monotonic() - printed[trace]
        time.sleep(_EVERY_SECONDS)
    return list(delays.values())


def _address(kube: Kube, namespace: str, name: str, port: str) -> str:
    return f"http://{kube.get(f'/api/v1/namespaces/{namespace}/services/{name}')['spec']['clusterIP']}:{port}"


def _request(service: str, trace: str) -> None:
    request = urllib.request.Request(f"{service}/api/v1/blueprints", headers={"Traceparent": f"00-{trace}-b7ad6b7169203331-01"})  # noqa: S310 - http, ours
    try:
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError as refused:
        refused.close()  # it prints a line then too


def _traces(loki: str, begin: int) -> set[str]:
    """The traces of all lines since ``begin`` (ns) that have every label that people search by."""
    query = urllib.parse.urlencode({"query": '{namespace="dharma",service="blueprint"}', "start": begin, "limit": 5000})
    with urllib.request.urlopen(f"{loki}/loki/api/v1/query_range?{query}", timeout=10) as answer:  # noqa: S310
        streams = json.loads(answer.read())["data"]["result"]
    return {stream["stream"]["trace_id"] for stream in streams if all(stream["stream"].get(key) for key in (*_WANTED, "trace_id"))}
