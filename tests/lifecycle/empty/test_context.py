"""``KUBECONTEXT=name``: the platform on a cluster that is there already, without a sandbox and without the demo.

Nothing runs on played nodes, so Prometheus and Alertmanager are stood in for; those that run are asked in tests/e2e.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from model.namespaces import NAMESPACE
from sandbox import cluster, confirmation
from sandbox.__main__ import main
from sandbox.cluster.instance import state_root
from sandbox.kube import Kube, KubeError, Object
from tests.e2e import projects

pytestmark = pytest.mark.cluster


@pytest.fixture
def kube(simulated_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kube]:
    """A cluster of the user's, chosen by its context."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/nonexistent", str(simulated_instance.kubeconfig)]))
    monkeypatch.setenv("KUBECONTEXT", simulated_instance.context)
    monkeypatch.setattr(cluster, "up", _no_sandbox)
    monkeypatch.setattr("sandbox.up.DISCOVERY_SECONDS", 0)
    monkeypatch.setattr(Kube, "service", _answer)
    yield Kube(simulated_instance.kubeconfig)
    shutil.rmtree(state_root() / "contexts" / simulated_instance.context, ignore_errors=True)


def _no_sandbox(name: str) -> None:
    raise AssertionError(f"the sandbox {name} is started, though a context is given")


def _answer(kube: Kube, namespace: str, name: str, *words: object) -> Object:
    """What the programs answer that would run: they have loaded what they were given, and Prometheus finds no service."""
    given: Mapping[str, str] = kube.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}-config")["data"]
    path = str(words[1])
    match name, path.rpartition("/")[2]:
        case "prometheus", "config":
            return {"data": {"yaml": given["prometheus.yml"]}}
        case "alertmanager", "status":
            return {"config": {"original": given["alertmanager.yml"]}}
        case "prometheus", "targets":
            return {"data": {"activeTargets": []}}
        case "prometheus", "scrape_pools":
            return {"data": {"scrapePools": ["dharma/auth"]}}
        case _:
            raise KubeError(f"{name} does not answer to {path}")


def test_the_platform_comes_to_a_cluster_that_is_there_and_leaves_it_as_it_was(
    kube: Kube, simulated_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if "dharma" not in namespaces(kube):
        kube.call("POST", "/api/v1/namespaces", body={"metadata": {"name": "dharma"}})
    before = namespaces(kube)
    assert main(["up"]) == 0
    told = capfd.readouterr()
    assert "note: scrape job dharma/auth: no target" in told.err
    assert f"deployed to {simulated_instance.context}" in told.err
    assert "dharma-demo" not in namespaces(kube)

    assert main(["status"]) == 1  # the services are not there
    assert "scrape job dharma/auth: no target" in capfd.readouterr().out

    assert main(["drift"]) == 0  # so the state is that of this cluster: without it, every object would be nobody's

    monkeypatch.setenv(confirmation.VARIABLE, "dev")
    assert main(["destroy"]) == 0
    assert f"deleting dev from {simulated_instance.context}; the cluster and what else is on it stay" in capfd.readouterr().out
    assert namespaces(kube) == before


def test_a_namespace_that_is_missing_is_named_and_not_made(
    kube: Kube, simulated_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    root = projects.copy(tmp_path / "checkout")
    projects.edit(root, "configs/catalogues/dharma.yaml", "\nnamespace: dharma\n", "\nnamespace: elsewhere\n")
    monkeypatch.setattr("sandbox.__main__.ROOT", root)
    assert main(["up"]) == 2
    assert (
        f"namespace elsewhere does not exist on {simulated_instance.context}: the catalogue's system runs there; "
        "create it first (kubectl create namespace elsewhere)"
    ) in capsys.readouterr().err
    assert "elsewhere" not in namespaces(kube)
    assert NAMESPACE not in namespaces(kube)


def namespaces(kube: Kube) -> set[str]:
    """Their names."""
    return {str(space["metadata"]["name"]) for space in kube.list("/api/v1/namespaces")}
