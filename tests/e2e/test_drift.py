"""What no state can see: an object that nobody deployed, and a program that runs with what nobody deployed."""

import json
from collections.abc import Iterator

import pytest

from model.namespaces import NAMESPACE
from sandbox import serving
from sandbox.__main__ import main
from sandbox.drift_report import DIFFERS, NOTHING, ONLY_UNMANAGED, Report, examine
from sandbox.running import Running
from sandbox.unmanaged import Unmanaged
from tests.conftest import Platform
from tests.e2e.test_platform import kubectl
from tests.waiting import until

pytestmark = pytest.mark.cluster

CONFIG_MAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
ARRIVES_SECONDS = 90
"""How soon a changed configuration reaches the running process."""


def look(platform: Platform) -> Report:
    return examine(platform.engine, platform.kube)


@pytest.fixture
def notes(platform: Platform) -> Iterator[str]:
    """A ConfigMap that somebody made by hand."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes"}, "data": {"a": "b"}}
    platform.kube.call("POST", CONFIG_MAPS, query={"fieldManager": "somebody"}, body=body)
    yield "notes"
    platform.kube.call("DELETE", f"{CONFIG_MAPS}/notes")


def test_a_fresh_deployment_has_no_drift_of_any_kind(platform: Platform) -> None:
    report = look(platform)
    assert list(map(str, (*report.managed, *report.running, *report.unmanaged))) == []
    assert report.severity == NOTHING


def test_what_nobody_deployed_is_found(platform: Platform, notes: str) -> None:
    report = look(platform)
    assert report.unmanaged == (Unmanaged(kind="ConfigMap", object=f"{NAMESPACE}/{notes}", made_by="somebody"),)
    assert report.severity == ONLY_UNMANAGED


def test_a_program_with_another_configuration_is_found_and_repaired(platform: Platform) -> None:
    """The editor of `kubectl` makes each scrape_timeout 9s; the program takes the file, as a reload by hand would make it do."""
    kubectl(platform, "edit", f"--namespace={NAMESPACE}", "configmap/prometheus-config")
    expected = Running(program="prometheus", path="global.scrape_timeout", declared="10s", loaded="9s")
    report = until(lambda: found if (found := look(platform)).running else None, seconds=ARRIVES_SECONDS * 2, what="it runs with the edit")
    assert expected in report.running
    assert {one.program for one in report.running} == {"prometheus"}
    assert report.severity == DIFFERS
    platform.engine.up()
    until(lambda: not look(platform).running, seconds=ARRIVES_SECONDS * 2, what="it runs with what was deployed")
    serving.wait(platform.kube, timeout_seconds=120, say=print)


def test_a_workflow_finds_the_same_from_the_state_in_a_backend(
    platform: Platform, notes: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As the official CLI has it: the checkout's stack file, the address of a backend, and a context of the kubeconfig."""
    variables = platform.engine._variables()  # pyright: ignore[reportPrivateUsage] - what a workflow's job has from its set-up
    for name, value in {**variables, "KUBECONTEXT": platform.instance.context}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    command = ["drift", "--json", "--backend", variables["PULUMI_BACKEND_URL"]]
    capfd.readouterr()
    assert main(command) == ONLY_UNMANAGED
    report = json.loads(capfd.readouterr().out)
    assert (report["managed"], report["running"]) == ([], [])
    assert [one["object"] for one in report["unmanaged"]] == [f"{NAMESPACE}/{notes}"]
    assert main(["drift", "--env", "staging", *command[1:]]) == 2
    assert "the state of staging in file://" in capfd.readouterr().err
    platform.kube.call("DELETE", "/apis/rbac.authorization.k8s.io/v1/namespaces/dharma/rolebindings/observability-prometheus")
    try:
        assert main(command) == DIFFERS
    finally:
        platform.engine.up()
    [found] = json.loads(capfd.readouterr().out.partition("\n}\n")[0] + "}")["managed"]
    assert (found["object"], found["operation"]) == ("dharma/observability-prometheus", "delete")
