"""``KUBECONTEXT=name``: the platform on a cluster that is there already, without a sandbox and without the demo."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import cluster, confirmation
from sandbox.__main__ import main
from sandbox.cluster.instance import state_root
from sandbox.kube import Kube

pytestmark = pytest.mark.cluster


@pytest.fixture
def kube(spare_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kube]:
    """A cluster of the user's, chosen by its context."""
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["/nonexistent", str(spare_instance.kubeconfig)]))
    monkeypatch.setenv("KUBECONTEXT", spare_instance.context)
    monkeypatch.setattr(cluster, "up", _no_sandbox)
    monkeypatch.setattr("sandbox.up.DISCOVERY_SECONDS", 5)
    yield Kube(spare_instance.kubeconfig)
    shutil.rmtree(state_root() / "contexts" / spare_instance.context, ignore_errors=True)


def _no_sandbox(name: str) -> None:
    raise AssertionError(f"the sandbox {name} is started, though a context is given")


def test_the_platform_comes_to_a_cluster_that_is_there_and_leaves_it_as_it_was(
    kube: Kube, spare_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = namespaces(kube) - {"dharma"}
    if "dharma" not in namespaces(kube):
        kube.call("POST", "/api/v1/namespaces", body={"metadata": {"name": "dharma"}})
    assert main(["up"]) == 0
    told = capfd.readouterr()
    assert "note: scrape job dharma/auth: no target" in told.err
    assert f"deployed to {spare_instance.context}" in told.err
    assert "dharma-demo" not in namespaces(kube)

    assert main(["status"]) == 1  # the services are not there
    assert "scrape job dharma/auth: no target" in capfd.readouterr().out

    assert main(["drift"]) == 0
    kube.call("DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/dharma/rolebindings/observability-prometheus")
    capfd.readouterr()
    assert main(["drift", "--json"]) == 1
    (found,) = json.loads(capfd.readouterr().out)["managed"]
    assert (found["object"], found["operation"]) == ("dharma/observability-prometheus", "delete")

    monkeypatch.setenv(confirmation.VARIABLE, "dev")
    assert main(["destroy"]) == 0
    assert f"deleting dev from {spare_instance.context}; the cluster and what else is on it stay" in capfd.readouterr().out
    assert namespaces(kube) - {"dharma"} == before


def test_a_namespace_that_is_missing_is_named_and_not_made(
    kube: Kube, spare_instance: cluster.Instance, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    catalogue = Path("configs/catalogues/dharma.yaml").read_text().replace("\nnamespace: dharma\n", "\nnamespace: elsewhere\n")
    root = tmp_path / "checkout"
    shutil.copytree(".", root, ignore=shutil.ignore_patterns(".git", ".*cache", ".hypothesis", "tests"))
    (root / "configs/catalogues/dharma.yaml").write_text(catalogue)
    monkeypatch.setattr("sandbox.__main__.ROOT", root)
    assert main(["up"]) == 2
    assert (
        f"namespace elsewhere does not exist on {spare_instance.context}: the catalogue's system runs there; "
        "create it first (kubectl create namespace elsewhere)"
    ) in capsys.readouterr().err
    assert "elsewhere" not in namespaces(kube)
    assert "observability" not in namespaces(kube)


def namespaces(kube: Kube) -> set[str]:
    """Their names."""
    return {str(space["metadata"]["name"]) for space in kube.list("/api/v1/namespaces")}
