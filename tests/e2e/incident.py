"""Faults of the running platform and its services, and what people were told of them."""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, cast

import pytest

from sandbox.demo.deploy import set_faults
from sandbox.demo.image import reference
from sandbox.demo.pods import Container, Manifest, deployment
from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e.tracing import request, series
from tests.waiting import until

ALERTMANAGER = "/api/v1/namespaces/observability/pods/alertmanager-0:9093/proxy"
WORKLOADS = "/apis/apps/v1/namespaces"
SPACE = "dharma"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"

DEAD_SECONDS = 120
"""How soon people must know that a service is dead."""

ERRORS = 120
"""More errors of one service within five minutes than the ruler calls usual."""

FAILING_JOB = "fails-at-once"

Fault = tuple[str, str]
"""An alert and the service that it is about."""


def received(platform: Platform, kind: str) -> list[dict[str, Any]]:
    """What came to a part of the sandbox's receiver: ``alerts``, ``slack``, ``pagerduty`` or ``mail``."""
    found = cast("list[dict[str, Any]]", platform.kube.service("dharma-demo", "alert-receiver", "8080", kind))
    return [item["notification"] for item in found]


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Faults on the platform, and what was said of them since."""

    platform: Platform
    began: float
    """Seconds since 1970."""

    def told(self, status: str) -> dict[Fault, dict[str, Any]]:
        """The alerts of which people were told since it began, ``firing`` or ``resolved``."""
        messages = received(self.platform, "alerts")
        alerts = [alert for message in messages for alert in message["alerts"] if alert["status"] == status]
        begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.began))
        return {(alert["labels"]["alertname"], alert["labels"].get("service", "")): alert for alert in alerts if alert["startsAt"] > begin}

    def receivers(self, fault: Fault) -> set[str]:
        """Who was told of a fault since it began, by the names that Alertmanager has for them."""
        messages = received(self.platform, "alerts")
        begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.began))
        told = [(message["receiver"], alert) for message in messages for alert in message["alerts"] if alert["startsAt"] > begin]
        return {receiver for receiver, alert in told if (alert["labels"]["alertname"], alert["labels"].get("service")) == fault}

    def wait(self, faults: Collection[Fault], status: str, seconds: float) -> dict[Fault, dict[str, Any]]:
        """What was told, when all that must be was; fails with what is missing."""
        begin, wanted = time.monotonic(), set(faults)
        try:
            until(lambda: wanted <= set(self.told(status)), seconds=seconds)
        except AssertionError:
            missing = sorted(wanted - set(self.told(status)))
            alerts = cast("list[dict[str, Any]]", self.platform.kube.get(f"{ALERTMANAGER}/api/v2/alerts"))
            services = {service for _, service in missing}
            known = [(alert["labels"], alert["status"]) for alert in alerts if alert["labels"].get("service") in services]
            pytest.fail(f"not told as {status} within {seconds:g} s: {missing}; Alertmanager has of their services: {known}")
        print(f"all of {len(wanted)} told as {status} after {time.monotonic() - begin:.0f} s")
        return self.told(status)


def scale(kube: Kube, namespace: str, name: str, replicas: int, kind: str = "deployments") -> None:
    """What `kubectl scale` does to a workload of a kind."""
    path = f"{WORKLOADS}/{namespace}/{kind}/{name}/scale"
    kube.call("PATCH", path, body={"spec": {"replicas": replicas}}, kind="application/merge-patch+json")


def team(kube: Kube, service: str) -> str:
    """The team that the catalogue's series names for a service."""
    return str(series(kube, f'catalogue:service:info{{service="{service}"}}')[0]["metric"]["team"])


def burst(platform: Platform, service: str, port: int) -> None:
    """A service answers many requests with an error, and prints a line for each."""
    set_faults(platform.instance.kubeconfig, service, {"errorRate": 1})
    try:
        for _ in range(ERRORS):
            request(platform.kube, "/api/v1/blueprints", target=(SPACE, service, port))
    finally:
        set_faults(platform.instance.kubeconfig, service, {})


def failing_pod(name: str) -> dict[str, Any]:
    """A Deployment whose only container ends at once, with an error."""
    container = Container(name="main", image=reference(), arguments=("no-such-command",))
    return cast("dict[str, Any]", deployment(name, SPACE, (container,)))


def failing_job() -> Manifest:
    """A Job that fails and is not tried again."""
    template = failing_pod(FAILING_JOB)["spec"]["template"]
    template["spec"]["restartPolicy"] = "Never"
    metadata = {"name": FAILING_JOB, "namespace": SPACE}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"backoffLimit": 0, "template": template}}
