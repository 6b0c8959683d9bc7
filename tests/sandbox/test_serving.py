"""What keeps the platform from being called serving."""

from typing import Any, cast

from sandbox.kube import Kube
from sandbox.serving import problems


def pod(name: str, *, ready: str, phase: str = "Running", owner: str = "ReplicaSet") -> dict[str, Any]:
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}
    return {"metadata": {"name": name, "ownerReferences": [{"kind": owner}]}, "status": status}


class Api:
    """A cluster with some pods in one namespace, whose Prometheus has nothing to scrape."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self._pods = list(pods)

    def list(self, path: str) -> "list[dict[str, Any]]":
        return self._pods if path == "/api/v1/namespaces/observability/pods" else []

    def service(self, *_: object) -> dict[str, Any]:
        return {"data": {"activeTargets": [], "scrapePools": []}}


def test_a_pod_that_is_not_ready_is_named() -> None:
    found = problems(cast(Kube, Api(pod("grafana", ready="False", phase="Pending"), pod("loki", ready="True"))))
    assert list(found) == ["pod observability/grafana is not ready (Pending)"]


def test_pods_of_jobs_come_and_go() -> None:
    ended = (pod("old", ready="False", phase="Succeeded", owner="Job"), pod("broken", ready="False", phase="Failed", owner="Job"))
    assert list(problems(cast(Kube, Api(*ended)))) == []
