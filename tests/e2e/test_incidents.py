"""An incident in which much breaks at once: each alert is told to people when its fault is there, and told to be over when it is not."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from sandbox import serving
from sandbox.demo.deploy import set_faults
from sandbox.demo.image import reference
from sandbox.demo.pods import Container, Manifest, deployment
from sandbox.kube import Kube, KubeError
from tests.conftest import Platform
from tests.e2e.test_alerting import ALERTMANAGER, received
from tests.e2e.test_platform import scale, team
from tests.e2e.tracing import request
from tests.waiting import until

pytestmark = pytest.mark.cluster

SPACE = "dharma"
JOBS = f"/apis/batch/v1/namespaces/{SPACE}/jobs"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
DEAD_SECONDS = 120
"""How soon people must know that a service is dead (seed 004)."""

FIRING_SECONDS = 600
RESOLVED_SECONDS = 900
"""How long it may take until all is told: the rules look back five minutes, and a group that was told is told again after five."""

ALERTS = {
    "ServiceDown": "costing",
    "CriticalErrorRate": "iac-generator",
    "CriticalLatency": "monitoring",
    "SLOErrorBudgetBurn": "api-gateway",
    "RedisDown": "redis",
    "DatabaseDown": "postgresql",
    "AuthenticationFailures": "auth",
    "KubernetesJobFailed": "fails-at-once",
    "KubernetesPodCrashLooping": "fails-always",
    "ContainerOOMKilled": "ai-engine",
    "CollectorExportStalled": "collector",
    "ElasticsearchUnknown": "elasticsearch",
}
"""What must be told, and of which service."""

STOPPED = {
    "costing": (SPACE, "deployments"),
    "redis": (SPACE, "deployments"),
    "postgresql": (SPACE, "deployments"),
    "elasticsearch": ("observability", "statefulsets"),
}
FAULTS: dict[str, dict[str, object]] = {
    "iac-generator": {"errorRate": 1},
    "monitoring": {"latency": "3s"},
}
STARVED = "ai-engine"
"""It needs no database: a critical alert on it would hide the warning."""
ATTEMPTS = 2000
"""Of which 3 % are refused, which is more than the 20 in five minutes that people mistype."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """The platform that sees it, when it began, and when services were stopped, in seconds since 1970."""

    platform: Platform
    began: float
    stopped: float

    def told(self, status: str) -> dict[tuple[str, str], dict[str, Any]]:
        """What people were told since it began, by alert and service."""
        alerts = [alert for message in received(self.platform, "alerts") for alert in message["alerts"] if alert["status"] == status]
        begin = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.began))
        return {(alert["labels"]["alertname"], alert["labels"].get("service", "")): alert for alert in alerts if alert["startsAt"] > begin}

    def wait(self, status: str, seconds: float) -> dict[tuple[str, str], dict[str, Any]]:
        """What was told, when all that must be was; it fails with what is missing."""
        begin = time.monotonic()
        try:
            until(lambda: set(ALERTS.items()) <= set(self.told(status)), seconds=seconds)
        except AssertionError:
            missing = sorted(set(ALERTS.items()) - set(self.told(status)))
            alerts = cast("list[dict[str, Any]]", self.platform.kube.get(f"{ALERTMANAGER}/api/v2/alerts"))
            services = {service for _, service in missing}
            known = [(alert["labels"], alert["status"]) for alert in alerts if alert["labels"].get("service") in services]
            pytest.fail(f"not told as {status} within {seconds:g} s: {missing}; Alertmanager has of their services: {known}")
        print(f"all of {len(ALERTS)} told as {status} after {time.monotonic() - begin:.0f} s")
        return self.told(status)


def pod_of(name: str) -> dict[str, Any]:
    """The spec of a Deployment whose only container ends at once, with an error."""
    container = Container(name="main", image=reference(), arguments=("no-such-command",))
    return cast("dict[str, Any]", deployment(name, SPACE, (container,)))


def failing_job() -> Manifest:
    """A Job that fails and is not tried again."""
    template = pod_of("fails-at-once")["spec"]["template"]
    template["spec"]["restartPolicy"] = "Never"
    metadata = {"name": "fails-at-once", "namespace": SPACE}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"backoffLimit": 0, "template": template}}


def attack(kube: Kube) -> None:
    """Somebody guesses passwords."""
    for _ in range(ATTEMPTS):
        request(kube, "/api/v1/login", target=(SPACE, "auth", 3008), method="POST")


def starve(platform: Platform) -> None:
    """Fill a service's memory until Kubernetes says what killed it: on a busy node it now and then knows of no more than an error."""

    def killed() -> bool:
        [pod] = platform.kube.get(PODS, {"labelSelector": f"app.kubernetes.io/name={STARVED}"})["items"]
        [status] = pod["status"]["containerStatuses"]
        if any(status[state].get("terminated", {}).get("reason") == "OOMKilled" for state in ("state", "lastState")):
            return True
        if status["ready"]:
            set_faults(platform.instance.kubeconfig, STARVED, {"memoryMiB": 256})
        return False

    until(killed, seconds=120, what=f"{STARVED} is killed for its memory")


def breaks(platform: Platform) -> None:
    """Everything at once."""
    starve(platform)
    for service, faults in FAULTS.items():
        set_faults(platform.instance.kubeconfig, service, faults)
    platform.kube.call("POST", JOBS, body=failing_job())
    platform.kube.call("POST", DEPLOYMENTS, body=pod_of("fails-always"))
    for name, (space, kind) in STOPPED.items():
        scale(platform.kube, space, name, 0, kind=kind)


def heal(platform: Platform) -> None:
    """Ends whatever there is of it."""
    for name, (space, kind) in STOPPED.items():
        scale(platform.kube, space, name, 1, kind=kind)
    for service in (*FAULTS, STARVED):
        platform.kube.call("DELETE", PODS, query={"labelSelector": f"app.kubernetes.io/name={service}"})
    for path in (f"{JOBS}/fails-at-once", f"{DEPLOYMENTS}/fails-always"):
        with contextlib.suppress(KubeError):
            platform.kube.call("DELETE", path, query={"propagationPolicy": "Background"})


@pytest.fixture(scope="module")
def incident(platform: Platform) -> Iterator[Incident]:
    began = time.time()
    try:
        attack(platform.kube)
        breaks(platform)
        yield Incident(platform=platform, began=began, stopped=time.time())
    finally:
        heal(platform)
        serving.wait(platform.kube, timeout_seconds=300, say=print)


def test_whom_it_concerns_is_told_of_each_fault(incident: Incident) -> None:
    dead = until(lambda: incident.told("firing").get(("ServiceDown", "costing")), seconds=DEAD_SECONDS, what="ServiceDown is told")
    print(f"ServiceDown told {time.time() - incident.stopped:.0f} s after the service was stopped")
    assert dead["labels"]["team"] == team(incident.platform.kube, "costing")
    assert dead["labels"]["severity"] == "critical"
    told = incident.wait("firing", FIRING_SECONDS)
    labels = {alert: told[alert, service]["labels"] for alert, service in ALERTS.items()}
    assert {each["env"] for each in labels.values()} == {"dev"}
    assert len(labels) >= 12
    categories = {each["category"] for each in labels.values()}
    print("categories:", ", ".join(sorted(categories)))
    assert len(categories) >= 6


def test_and_that_it_is_over(incident: Incident) -> None:
    heal(incident.platform)
    incident.wait("resolved", RESOLVED_SECONDS)
