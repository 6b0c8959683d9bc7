"""What somebody does by hand on the running platform: found wherever it shows, and repaired, all of it by one deployment.

`tests/lifecycle` has an edit and a deletion of every kind of object, on nodes that are played.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from model.namespaces import NAMESPACE
from sandbox import serving
from sandbox.drift_report import DIFFERS, NOTHING, ONLY_UNMANAGED, Report, examine
from sandbox.running import Running, running
from sandbox.toolchain import tool
from sandbox.unmanaged import Unmanaged
from tests.conftest import Platform
from tests.e2e.arriving import ARRIVES_SECONDS
from tests.waiting import until

pytestmark = pytest.mark.cluster

CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
NOTES = Unmanaged(kind="ConfigMap", object=f"{NAMESPACE}/notes", made_by="somebody")
EDITOR = "sed -i -e 's/^  replicas: .*/  replicas: 0/' -e 's/scrape_timeout: .*/scrape_timeout: 9s/'"
"""One that needs no terminal: no pod is wanted any more, and scrapes end after 9 s."""


def kubectl(platform: Platform, *command: str) -> None:
    """What a person does at a terminal."""
    words = [tool("kubectl"), "--kubeconfig", platform.instance.kubeconfig, *command]
    subprocess.run(words, env={**os.environ, "KUBE_EDITOR": EDITOR}, check=True)


def look(platform: Platform) -> Report:
    return examine(platform.engine, platform.kube)


@pytest.fixture
def notes(platform: Platform) -> Iterator[Unmanaged]:
    """A ConfigMap that somebody made by hand."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"a": "b"}}
    platform.kube.call("POST", CONFIG_MAPS, query={"fieldManager": "somebody"}, body=body)
    yield NOTES
    platform.kube.call("DELETE", f"{CONFIG_MAPS}/notes")


@pytest.fixture(scope="module")
def declared(platform: Platform) -> Mapping[tuple[str, str], Mapping[str, str]]:
    """The data of the deployed ConfigMaps."""
    return {(one.namespace, one.name): one.data for one in platform.engine.deployed() if one.kind == "ConfigMap"}


def test_a_fresh_deployment_has_no_drift_of_any_kind(platform: Platform) -> None:
    report = look(platform)
    assert list(map(str, (*report.managed, *report.running, *report.unmanaged))) == []
    assert report.severity == NOTHING


def test_what_is_changed_by_hand_is_found_and_repaired(
    platform: Platform, notes: Unmanaged, declared: Mapping[tuple[str, str], Mapping[str, str]]
) -> None:
    """The program takes the edited file, as a reload by hand would make it do."""
    kubectl(platform, "edit", f"--namespace={NAMESPACE}", "configmap/prometheus-config")
    kubectl(platform, "edit", f"--namespace={NAMESPACE}", "deployment/grafana")
    until(lambda: running(platform.kube, declared), seconds=ARRIVES_SECONDS, what="Prometheus runs with the edit")
    kubectl(platform, "delete", "--namespace=dharma", "rolebinding/observability-prometheus")
    report = look(platform)
    assert {(drift.type.rsplit(":", 1)[1], drift.object, drift.operation) for drift in report.managed} == {
        ("ConfigMap", f"{NAMESPACE}/prometheus-config", "update"),
        ("Deployment", f"{NAMESPACE}/grafana", "update"),
        ("RoleBinding", "dharma/observability-prometheus", "delete"),
    }
    assert Running(program="prometheus", path="global.scrape_timeout", declared="10s", loaded="9s") in report.running
    assert {one.program for one in report.running} == {"prometheus"}
    assert report.unmanaged == (notes,)
    assert report.severity == DIFFERS
    platform.engine.up()
    until(lambda: not running(platform.kube, declared), seconds=ARRIVES_SECONDS, what="Prometheus runs with what was deployed")
    serving.wait(platform.kube, timeout_seconds=120, say=print)
    report = look(platform)
    assert (report.managed, report.running, report.unmanaged) == ((), (), (notes,))
    assert report.severity == ONLY_UNMANAGED
