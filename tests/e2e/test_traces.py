"""A request becomes one trace that is found in seconds; metrics, traces and logs lead to each other; shares are those of the catalogue."""

import http.client
import itertools
import json
import math
import secrets
import time
from collections.abc import Sequence
from typing import cast

import pytest

from model.correlation import CALL_SECONDS, CALLS, SERVICE, SERVICE_ATTRIBUTE, TRACE_ID
from model.traces import Traces
from sandbox.kube import Kube, Object
from tests.components.environments import environment
from tests.conftest import Platform
from tests.e2e.tracing import SPACE, Storage, address, request, series, trace, traces
from tests.waiting import until

pytestmark = pytest.mark.cluster

SECONDS = 15
"""How soon a trace must be found."""

NEWEST = 20
"""How many exemplars are tried at a time: a platform that ran for long has thousands."""

REQUESTS = 5000
CHANCE = 1e-6
"""How often a right share may be taken for a wrong one. Six are less than 100 %, so of 100,000 runs less than one fails by chance."""

CATALOGUE = environment("dev").catalogues[0]


def processes(found: Object) -> dict[str, dict[str, str]]:
    """The tags of every process of a trace, by service."""
    return {
        process["serviceName"]: {tag["key"]: str(tag["value"]) for tag in process["tags"]}
        for process in cast("dict[str, Object]", found["processes"]).values()
    }


def test_a_request_is_one_trace_across_its_dependencies_within_seconds(platform: Platform) -> None:
    kube, agent = platform.kube, f"test-{secrets.token_hex(8)}"
    until(lambda: request(kube, "/api/v1/blueprints")[1], what="sampling is known to the gateway")
    before = time.monotonic()
    identity, kept = request(kube, "/api/v1/blueprints", agent=agent)
    assert kept
    query = {
        "service": "api-gateway",
        "operation": "GET /api/v1/blueprints",
        "tags": json.dumps({"user_agent.original": agent}),
        "lookback": "1h",
    }
    wanted = {"api-gateway", "auth", "blueprint", "orchestrator", "iac-generator"}

    def whole() -> Object | None:
        found = traces(kube, query)
        return found[0] if found and wanted <= set(processes(found[0])) else None

    found = until(whole, seconds=SECONDS, what="the trace is found with all its services")
    print(f"trace of {len(found['spans'])} spans found after {time.monotonic() - before:.1f} s")
    assert found["traceID"] == identity
    assert {span["traceID"] for span in found["spans"]} == {identity}
    gateway = processes(found)["api-gateway"]
    assert gateway["service.namespace"] == "dharma"
    assert gateway["k8s.namespace.name"] == "dharma"
    assert gateway["k8s.deployment.name"] == "api-gateway"
    assert gateway["k8s.pod.name"].startswith("api-gateway-")


def exemplars(kube: Kube, query: str) -> list[Object]:
    """The newest of the last ten minutes, the very newest first: of an older one another test may have lost the trace."""
    window = {"query": query, "start": str(time.time() - 600), "end": str(time.time())}
    found = kube.service("observability", "prometheus", "http", "api/v1/query_exemplars", window)["data"]
    by_age = sorted((exemplar for line in found for exemplar in line["exemplars"]), key=lambda exemplar: -float(exemplar["timestamp"]))
    return by_age[:NEWEST]


@pytest.mark.parametrize(
    "histogram", [f'{CALL_SECONDS}_bucket{{{SERVICE}="blueprint"}}', 'http_request_duration_seconds_bucket{service="blueprint"}']
)
def test_the_circle_from_a_metric_to_its_trace_to_its_logs_to_its_metrics(platform: Platform, histogram: str) -> None:
    kube = platform.kube

    def circle() -> tuple[Object, dict[str, str]] | None:
        """A trace and the labels of a line of it. The spans of a trace arrive one by one, and its lines besides."""
        for exemplar in exemplars(kube, histogram):
            found = trace(kube, exemplar["labels"][TRACE_ID])
            stream = lines(kube, str(found["traceID"])) if found else None
            if found and stream and {"blueprint", stream[SERVICE]} <= set(processes(found)):
                return found, stream
        return None

    found, stream = until(circle, seconds=120, what="an exemplar leads to a trace, and that to its lines")
    service = stream[SERVICE]
    counted = series(kube, f'sum(rate({CALLS}{{{SERVICE}="{service}"}}[5m]))')
    assert float(counted[0]["value"][1]) > 0
    assert stream["namespace"] == processes(found)[service]["k8s.namespace.name"]


def lines(kube: Kube, identity: str) -> dict[str, str] | None:
    """The labels of a line that belongs to a trace."""
    query = {"query": f'{{namespace="dharma"}} | {TRACE_ID}="{identity}"', "since": "1h"}
    found = kube.service("observability", "loki", "http", "loki/api/v1/query_range", query)["data"]["result"]
    return cast("dict[str, str]", found[0]["stream"]) if found else None


def test_who_calls_whom_is_in_prometheus(platform: Platform) -> None:
    def edges() -> set[tuple[str, str]]:
        found = series(platform.kube, "traces_service_graph_request_total")
        return {(str(edge["metric"]["client"]), str(edge["metric"]["server"])) for edge in found}

    wanted = {("api-gateway", "auth"), ("api-gateway", "blueprint"), ("orchestrator", "iac-generator")}
    until(lambda: wanted <= edges(), seconds=90, what="the graph of services is whole")


def test_metrics_of_spans_are_named_like_all_others(platform: Platform) -> None:
    [found] = until(
        lambda: series(platform.kube, f'topk(1, {CALLS}{{{SERVICE}="auth",span_kind="SPAN_KIND_SERVER"}})'), what="auth is counted"
    )
    assert found["metric"]["system"] == "dharma"
    assert SERVICE_ATTRIBUTE.replace(".", "_") not in found["metric"]
    assert "exported_job" not in found["metric"]


@pytest.mark.parametrize("service", sorted(CATALOGUE.services))
def test_every_service_is_told_its_share(platform: Platform, service: str) -> None:
    told = platform.kube.service("observability", "jaeger-collector", "sampling", "api/sampling", {"service": service})
    share = CATALOGUE.services[service].sampling.ratio
    assert told["probabilisticSampling"]["samplingRate"] == pytest.approx(share)
    operations = {
        each["operation"]: each["probabilisticSampling"]["samplingRate"] for each in told["operationSampling"]["perOperationStrategies"]
    }
    assert operations["GET /healthz"] == pytest.approx(0.01)
    assert told["operationSampling"]["defaultSamplingProbability"] == pytest.approx(share)


def interval(share: float, requests: int) -> tuple[float, float]:
    """The least and the greatest number of traces: less or more are as rare as `CHANCE` says, by the binomial distribution."""
    chances = [chance(kept, requests, share) for kept in range(requests + 1)]
    low, high = rare(chances), requests - rare(chances[::-1])
    # Jaeger's client keeps the first request of each operation besides, so that no operation is unknown.
    return low, min(high + 1, requests)


def chance(kept: int, requests: int, share: float) -> float:
    """How probable it is that exactly so many requests are kept."""
    if share in (0, 1):
        return float(kept == share * requests)
    ways = math.lgamma(requests + 1) - math.lgamma(kept + 1) - math.lgamma(requests - kept + 1)
    return math.exp(ways + kept * math.log(share) + (requests - kept) * math.log1p(-share))


def rare(chances: Sequence[float]) -> int:
    """How many of the first chances are half of `CHANCE` together at most."""
    return sum(total <= CHANCE / 2 for total in itertools.accumulate(chances))


def sampled(host: str, port: int, requests: int) -> int:
    """How many of so many requests begin a trace that is kept."""
    connection, kept = http.client.HTTPConnection(host, port, timeout=10), 0
    for _ in range(requests):
        connection.request("GET", "/")
        answer = connection.getresponse()
        answer.read()
        kept += str(answer.headers["Traceresponse"]).endswith("-01")
    connection.close()
    return kept


OFTEN = ("costing", "monitoring")
"""The services whose shares are tried for each change, 30 % and 10 %; those of the others at night."""


@pytest.mark.parametrize(
    "service", [pytest.param(name, marks=() if name in OFTEN else pytest.mark.nightly) for name in sorted(CATALOGUE.services)]
)
def test_the_share_of_a_service_is_that_of_the_catalogue(platform: Platform, service: str) -> None:
    low, high = interval(CATALOGUE.services[service].sampling.ratio, REQUESTS)
    kept = sampled(address(platform.kube, "dharma", service), CATALOGUE.services[service].port, REQUESTS)
    print(f"{service}: {kept} of {REQUESTS}, expected between {low} and {high}")
    assert low <= kept <= high


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.8])
def test_a_share_that_is_not_the_catalogues_is_noticed(share: float) -> None:
    """One that is seven points off: what it leads to is beside the interval, but for runs as rare as those."""
    low, high = interval(share, REQUESTS)
    assert interval(share + 0.07, REQUESTS)[0] > high
    assert interval(share - 0.07, REQUESTS)[1] < low


def test_a_share_of_all_leaves_no_request_out() -> None:
    assert interval(1.0, REQUESTS) == (REQUESTS, REQUESTS)


def test_the_storage_is_green_and_its_templates_fit_it(platform: Platform) -> None:
    storage = Storage(kube=platform.kube)
    assert storage.call("GET", "/_cluster/health/jaeger-*")["status"] == "green"
    settings = cast("Traces", environment("dev").settings.traces)
    for name, template in storage.call("GET", "/_template/jaeger-*").items():
        index = template["settings"]["index"]
        assert (int(index["number_of_shards"]), int(index["number_of_replicas"])) == (settings.shards, settings.copies), name


def test_without_the_password_the_storage_answers_nobody(platform: Platform) -> None:
    secret = platform.kube.get(f"{SPACE}/secrets/trace-storage")
    assert set(secret["data"]) == {"password"}
    connection = http.client.HTTPConnection(address(platform.kube, "observability", "elasticsearch"), 9200, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == http.client.BAD_REQUEST
