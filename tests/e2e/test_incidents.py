"""An incident in which much breaks at once: each of twelve alerts is told when its fault is there, and told to be over when it is not."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from sandbox import serving
from sandbox.demo.deploy import set_faults
from sandbox.kube import Kube, KubeError
from tests.conftest import Platform
from tests.e2e.incident import DEAD_SECONDS, FAILING_JOB, JOBS, SPACE, WORKLOADS, Incident, failing_job, failing_pod, scale, team
from tests.e2e.tracing import request
from tests.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.nightly]

DEPLOYMENTS = f"{WORKLOADS}/{SPACE}/deployments"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
ALWAYS_FAILING = "fails-always"

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
    "KubernetesJobFailed": FAILING_JOB,
    "KubernetesPodCrashLooping": ALWAYS_FAILING,
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
    platform.kube.call("POST", DEPLOYMENTS, body=failing_pod(ALWAYS_FAILING))
    for name, (space, kind) in STOPPED.items():
        scale(platform.kube, space, name, 0, kind=kind)


def heal(platform: Platform) -> None:
    """Ends whatever there is of it."""
    for name, (space, kind) in STOPPED.items():
        scale(platform.kube, space, name, 1, kind=kind)
    for service in (*FAULTS, STARVED):
        platform.kube.call("DELETE", PODS, query={"labelSelector": f"app.kubernetes.io/name={service}"})
    for path in (f"{JOBS}/{FAILING_JOB}", f"{DEPLOYMENTS}/{ALWAYS_FAILING}"):
        with contextlib.suppress(KubeError):
            platform.kube.call("DELETE", path, query={"propagationPolicy": "Background"})


@pytest.fixture(scope="module")
def incident(platform: Platform) -> Iterator[Incident]:
    began = time.time()
    try:
        attack(platform.kube)
        breaks(platform)
        yield Incident(platform=platform, began=began)
    finally:
        heal(platform)
        serving.wait(platform.kube, timeout_seconds=300, say=print)


def test_whom_it_concerns_is_told_of_each_fault(incident: Incident) -> None:
    dead = ("ServiceDown", "costing")
    told = incident.wait([dead], "firing", DEAD_SECONDS)
    assert told[dead]["labels"]["team"] == team(incident.platform.kube, "costing")
    assert told[dead]["labels"]["severity"] == "critical"
    told = incident.wait(ALERTS.items(), "firing", FIRING_SECONDS)
    labels = [told[fault]["labels"] for fault in ALERTS.items()]
    assert len(labels) >= 12
    assert {each["env"] for each in labels} == {"dev"}
    categories = {each["category"] for each in labels}
    print("categories:", ", ".join(sorted(categories)))
    assert len(categories) >= 6


def test_and_that_it_is_over(incident: Incident) -> None:
    heal(incident.platform)
    incident.wait(ALERTS.items(), "resolved", RESOLVED_SECONDS)
