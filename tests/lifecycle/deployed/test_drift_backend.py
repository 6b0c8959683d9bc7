"""A workflow finds drift as `make drift` does, from the state in a backend of the official CLI."""

import json
from collections.abc import Iterator, Mapping

import pytest

from model.namespaces import NAMESPACE
from sandbox.__main__ import main
from sandbox.drift_report import DIFFERS, ONLY_UNMANAGED
from sandbox.kube import Kube, current_context
from tests.e2e.leaking import Trail

pytestmark = pytest.mark.cluster

CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
ROLE_BINDING = "/apis/rbac.authorization.k8s.io/v1/namespaces/dharma/rolebindings/observability-prometheus"

Declared = Mapping[tuple[str, str], Mapping[str, str]]


@pytest.fixture
def notes(trail: Trail) -> Iterator[str]:
    """A ConfigMap that somebody made by hand."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"a": "b"}}
    trail.kube.call("POST", CONFIG_MAPS, query={"fieldManager": "somebody"}, body=body)
    yield f"{NAMESPACE}/notes"
    trail.kube.call("DELETE", f"{CONFIG_MAPS}/notes")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Declared]:
    """With what programs should run when they are asked for it: in simulated pods none answers."""
    asked: list[Declared] = []

    def running(_: Kube, declared: Declared) -> tuple[()]:
        asked.append(declared)
        return ()

    monkeypatch.setattr("sandbox.drift_report.running", running)
    return asked


@pytest.fixture
def backend(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the backend. The rest of what a workflow's job sets is in the environment: the context, the passphrase."""
    variables = trail.engine._variables()  # pyright: ignore[reportPrivateUsage] - what the job has from its set-up
    for name, value in {**variables, "KUBECONTEXT": current_context(trail.engine.target.kubeconfig)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    return variables["PULUMI_BACKEND_URL"]


def test_a_workflow_finds_the_same_from_the_state_in_a_backend(
    trail: Trail, notes: str, asked: list[Declared], backend: str, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["drift", "--json", "--backend", backend]
    capfd.readouterr()
    assert main(command) == ONLY_UNMANAGED
    report = json.loads(capfd.readouterr().out)
    assert report["managed"] == []
    assert [one["object"] for one in report["unmanaged"]] == [notes]
    assert "scrape_interval" in asked[0][NAMESPACE, "prometheus-config"]["prometheus.yml"]
    assert main(["drift", "--env", "staging", *command[1:]]) == 2
    assert "the state of staging in file://" in capfd.readouterr().err
    trail.kube.call("DELETE", ROLE_BINDING)
    try:
        assert main(command) == DIFFERS
    finally:
        trail.engine.up()
    [found] = json.loads(capfd.readouterr().out.partition("\n}\n")[0] + "}")["managed"]
    assert (found["object"], found["operation"]) == ("dharma/observability-prometheus", "delete")
