"""A line that a service prints is found in Loki, with all that people search by."""

import secrets
import time
import urllib.error
import urllib.request

import pytest

from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e.tracing import series
from tests.waiting import until

pytestmark = pytest.mark.cluster

SECONDS = 10
"""How soon a line must be found."""


def request(kube: Kube, trace: str) -> None:
    """A request to a service of the demo as part of a trace, which it mentions in the line that it prints."""
    address = kube.get("/api/v1/namespaces/dharma/services/blueprint")["spec"]["clusterIP"]
    headers = {"Traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    try:
        urllib.request.urlopen(urllib.request.Request(f"http://{address}:3001/api/v1/blueprints", headers=headers), timeout=5).close()
    except urllib.error.HTTPError as refused:
        refused.close()  # it prints a line then too


def streams(kube: Kube, trace: str) -> dict[str, str]:
    """The labels of the stream that has a line of a trace, with its structured metadata; nothing while there is none."""
    query = {"query": f'{{namespace="dharma"}} | trace_id="{trace}"', "since": "1h"}
    found = kube.service("observability", "loki", "http", "loki/api/v1/query_range", query)["data"]["result"]
    return {key: str(value) for key, value in found[0]["stream"].items()} if found else {}


def test_a_line_is_found_by_its_trace_within_seconds(platform: Platform) -> None:
    trace = secrets.token_hex(16)
    before = time.monotonic()
    request(platform.kube, trace)
    found = until(lambda: streams(platform.kube, trace), seconds=SECONDS, what=f"a line of trace {trace} is found")
    print(f"found after {time.monotonic() - before:.1f} s")
    assert {key: found[key] for key in ("namespace", "service", "system", "team", "stream", "trace_id")} == {
        "namespace": "dharma",
        "service": "blueprint",
        "system": "dharma",
        "team": "platform",
        "stream": "stdout",
        "trace_id": trace,
    }
    assert found["level"] in ("info", "warn", "error")
    assert found["pod"].startswith("blueprint-")


def test_no_stream_is_named_after_what_every_pod_or_request_has_of_its_own(platform: Platform) -> None:
    labels = label_names(platform.kube)
    assert {"namespace", "service", "level", "team"} <= labels
    assert labels & {"pod", "node", "filename", "trace_id", "span_id"} == set()


def test_the_canary_finds_its_lines(platform: Platform) -> None:
    def count(metric: str) -> float:
        answer = series(platform.kube, f"sum({metric})")
        return float(answer[0]["value"][1]) if answer else 0.0

    found, missing = count("loki_canary_response_latency_seconds_count"), count("loki_canary_missing_entries_total")
    until(lambda: count("loki_canary_response_latency_seconds_count") > found + 10, seconds=120, what="the canary has found ten lines")
    assert count("loki_canary_missing_entries_total") == missing  # what it missed before, it missed while Loki was restarted on purpose


def label_names(kube: Kube) -> set[str]:
    return set(kube.service("observability", "loki", "http", "loki/api/v1/labels")["data"])
