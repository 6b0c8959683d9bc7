"""Deploying and steering the demo, against an API server that is a table of answers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from sandbox.demo import deploy
from sandbox.demo.__main__ import main
from sandbox.demo.pods import MANAGED_BY, MANAGER
from sandbox.kube import Object

OURS = {MANAGED_BY: MANAGER}


class FakeKube:
    """Keeps what is applied; Deployments are ready at once, pods are as given."""

    def __init__(self) -> None:
        self.namespaces: dict[str, dict[str, str]] = {}
        self.pods: list[Object] = []
        self.calls: list[tuple[str, str, object]] = []
        self.ready = True

    def list(self, path: str) -> list[Object]:
        assert path == "/api/v1/namespaces"
        return [{"metadata": {"name": name, "labels": labels}} for name, labels in self.namespaces.items()]

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        if path.endswith("/pods"):
            return {"items": self.pods if query else []}
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas"), 1 if self.ready else 0)
        return {"metadata": {"generation": 1}, "spec": {"replicas": 1}, "status": {"observedGeneration": 1, **counts}}

    def call(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None, kind: str = "") -> Object:
        self.calls.append((method, path, body))
        if method == "DELETE" and path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
            del self.namespaces[path.rsplit("/", 1)[1]]
        return {"applied": [kind, dict(query or {})]}


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    fake = FakeKube()

    def connect(_: Path) -> FakeKube:
        return fake

    monkeypatch.setattr(deploy, "Kube", connect)
    return fake


CONFIG = Path("kubeconfig")


def test_up_applies_every_object_namespaces_first(kube: FakeKube) -> None:
    deploy.up(CONFIG)
    paths = [path for method, path, _ in kube.calls if method == "PATCH"]
    assert paths[:2] == ["/api/v1/namespaces/dharma", "/api/v1/namespaces/dharma-demo"]
    assert "/apis/apps/v1/namespaces/dharma/deployments/api-gateway" in paths
    assert "/api/v1/namespaces/dharma-demo/services/alert-receiver" in paths


@pytest.mark.parametrize("change", [deploy.up, deploy.down])
def test_a_namespace_of_somebody_else_is_left_alone(kube: FakeKube, change: Callable[[Path], None]) -> None:
    kube.namespaces = {"dharma": {"team": "real"}}
    with pytest.raises(deploy.DemoError, match="namespace dharma is there and was not made by the demo"):
        change(CONFIG)
    assert kube.calls == []


def test_down_deletes_only_its_namespaces(kube: FakeKube) -> None:
    kube.namespaces = {"dharma": OURS, "dharma-demo": OURS, "default": {}}
    deploy.down(CONFIG)
    assert set(kube.namespaces) == {"default"}


def test_what_never_gets_ready_is_reported_with_the_reason(kube: FakeKube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deploy, "TIMEOUT_SECONDS", 0)
    kube.ready = False
    state = {"waiting": {"reason": "ErrImagePull"}}
    kube.pods = [
        {
            "metadata": {"name": "auth-1"},
            "status": {"phase": "Pending", "containerStatuses": [{"name": "auth", "ready": False, "state": state}]},
        }
    ]
    with pytest.raises(deploy.DemoError, match=r"(?s)not ready within 0 s.*dharma/auth:.*auth-1 \(Pending\): auth: .*ErrImagePull"):
        deploy.up(CONFIG)


@pytest.mark.parametrize(
    ("status", "ready"),
    [
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}, True),
        ({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}, False),
        ({}, False),
    ],
    ids=["ready", "not seen yet", "an old pod is left", "not ready", "new"],
)
def test_a_deployment_is_ready_when_only_new_pods_run(status: Object, *, ready: bool) -> None:
    assert deploy.is_ready({"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}) is ready


def running(name: str) -> Object:
    return {"metadata": {"name": name}, "status": {"phase": "Running"}}


def test_faults_reach_every_running_pod(kube: FakeKube) -> None:
    leaving = {"metadata": {"name": "auth-3", "deletionTimestamp": "now"}, "status": {"phase": "Running"}}
    kube.pods = [running("auth-1"), running("auth-2"), leaving, {"metadata": {"name": "auth-4"}, "status": {"phase": "Pending"}}]
    assert main(["fault", "auth", "--error-rate", "0.5", "--latency", "800ms"]) == 0
    faults = {"errorRate": 0.5, "latency": "800ms"}
    assert kube.calls == [("PUT", f"/api/v1/namespaces/dharma/pods/{name}:8081/proxy/faults", faults) for name in ("auth-1", "auth-2")]


def test_heal_stop_and_start(kube: FakeKube) -> None:
    kube.pods = [running("auth-1")]
    for command in ("heal", "stop", "start"):
        assert main([command, "auth"]) == 0
    scale = "/apis/apps/v1/namespaces/dharma/deployments/auth/scale"
    assert kube.calls == [
        ("DELETE", "/api/v1/namespaces/dharma/pods/auth-1:8081/proxy/faults", None),
        ("PATCH", scale, {"spec": {"replicas": 0}}),
        ("PATCH", scale, {"spec": {"replicas": 1}}),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["stop", "api-gatway"], "error: service 'api-gatway': not in the catalogue; allowed: "),
        (["stop", "api-gatway"], "did you mean api-gateway?"),
        (["fault", "auth"], "error: fault: none given; allowed: --error-rate, --latency, --memory-mib, --crash, --stop"),
        (["heal", "auth"], "error: no pod of auth is running; `start auth` makes one"),
        (["--catalogue", "darma", "up"], "there is no such file"),
    ],
)
def test_bad_input_is_refused_in_words(kube: FakeKube, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert main(arguments) == 1
    assert message in capsys.readouterr().err
    assert kube.calls == []
