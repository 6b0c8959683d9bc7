"""The main job on a real cluster: nine services watched, addresses that answer, and a second deployment that changes nothing."""

import urllib.request

import pytest

from sandbox import serving
from tests.conftest import Platform
from tests.e2e.incident import scale
from tests.waiting import until

pytestmark = pytest.mark.cluster

SERVICES = ("ai-engine", "api-gateway", "auth", "blueprint", "costing", "guardrails", "iac-generator", "monitoring", "orchestrator")
PLATFORM_JOBS = (
    "alertmanager",
    "apiserver",
    "cadvisor",
    "coredns",
    "grafana",
    "kube-state-metrics",
    "kubelet",
    "loki",
    "loki-canary",
    "node-exporter",
    "prometheus",
    "promtail",
)


def test_every_service_and_the_platform_are_scraped(platform: Platform) -> None:
    health = serving.targets(platform.kube)
    jobs = {job for job, _ in health}
    assert {f"dharma/{service}" for service in SERVICES} <= jobs
    assert {*PLATFORM_JOBS, "dharma/postgresql", "dharma/redis"} <= jobs
    assert {state for _, state in health} == {"up"}


def test_a_stopped_pod_keeps_the_platform_from_being_called_serving(platform: Platform) -> None:
    scale(platform.kube, "observability", "grafana", 0)
    try:
        missing = until(lambda: serving.problems(platform.kube), seconds=60, what="the missing target is seen")
        assert any("grafana" in problem for problem in missing)
    finally:
        scale(platform.kube, "observability", "grafana", 1)
        serving.wait(platform.kube, timeout_seconds=120, say=print)


def test_printed_addresses_answer_from_the_host(platform: Platform) -> None:
    ready = {"prometheus": "/-/ready", "alertmanager": "/-/ready", "grafana": "/api/health"}
    urls = {address.name: address.url for address in serving.addresses(platform.kube)}
    for name, path in ready.items():
        with urllib.request.urlopen(urls[name] + path, timeout=5) as answer:  # noqa: S310 - http, printed by us
            assert answer.status == 200, name


def test_a_second_up_changes_nothing(platform: Platform) -> None:
    changes = platform.engine.up()
    assert set(changes) == {"same"}
