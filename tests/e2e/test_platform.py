"""The main job on a real cluster: nine services watched, drift seen and repaired."""

import os
import subprocess
import urllib.request
from typing import Any, cast

import pytest

from sandbox import serving
from sandbox.kube import Kube
from sandbox.toolchain import tool
from tests.conftest import Platform
from tests.e2e.tracing import series
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
WORKLOADS = "/apis/apps/v1/namespaces"


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


@pytest.mark.parametrize(
    ("command", "kind", "operation"),
    [
        (("edit", "--namespace=observability", "deployment/grafana"), "Deployment", "update"),
        (("edit", "--namespace=observability", "configmap/prometheus-config"), "ConfigMap", "update"),
        (("delete", "--namespace=dharma", "rolebinding/observability-prometheus"), "RoleBinding", "delete"),
    ],
)
def test_what_is_changed_by_hand_is_seen_and_repaired(platform: Platform, command: tuple[str, ...], kind: str, operation: str) -> None:
    assert platform.engine.drift() == ()
    kubectl(platform, *command)
    found = platform.engine.drift()
    assert [(drift.type.rsplit(":", 1)[1], drift.operation) for drift in found] == [(kind, operation)]
    platform.engine.up()
    assert platform.engine.drift() == ()
    serving.wait(platform.kube, timeout_seconds=120, say=print)


def kubectl(platform: Platform, *command: str) -> None:
    """What a person does at a terminal; the editor is one that needs no terminal."""
    editor = "sed -i -e 's/^  replicas: .*/  replicas: 0/' -e 's/scrape_timeout: .*/scrape_timeout: 9s/'"
    subprocess.run(
        [tool("kubectl"), "--kubeconfig", platform.instance.kubeconfig, *command], env={**os.environ, "KUBE_EDITOR": editor}, check=True
    )


def scale(kube: Kube, namespace: str, name: str, replicas: int, kind: str = "deployments") -> None:
    """What `kubectl scale` does to a workload of a kind."""
    kube.call(
        "PATCH",
        f"{WORKLOADS}/{namespace}/{kind}/{name}/scale",
        body={"spec": {"replicas": replicas}},
        kind="application/merge-patch+json",
    )


def team(kube: Kube, service: str) -> str:
    """The team that the catalogue's series names for a service."""
    return str(series(kube, f'catalogue:service:info{{service="{service}"}}')[0]["metric"]["team"])


def notification(kube: Kube, alert: str, service: str, status: str) -> dict[str, Any] | None:
    """The first alert of this name, service and status that the receiver was told."""
    received = cast("list[dict[str, Any]]", kube.service("dharma-demo", "alert-receiver", "8080", "alerts"))
    for message in received:
        for told in message["notification"]["alerts"]:
            if (told["labels"]["alertname"], told["labels"].get("service"), told["status"]) == (alert, service, status):
                return told
    return None
