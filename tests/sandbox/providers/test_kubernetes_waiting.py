"""Waiting for readiness: what it waits for, how it ends, and what it says. Pods have no node here; the test says what becomes of them."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.providers.values import Json, Obj
from tests.sandbox.providers.live import NOWHERE, Namespace, eventually
from tests.sandbox.providers.plugin import Plugin, RefusedError, Resource

pytestmark = pytest.mark.cluster

READY: Obj = {
    "phase": "Running",
    "conditions": [{"type": "Ready", "status": "True"}],
    "containerStatuses": [{"name": "main", "ready": True, "image": "a", "imageID": "a", "restartCount": 0}],
}
CRASHING: Obj = {
    "phase": "Running",
    "containerStatuses": [
        {
            "name": "main",
            "ready": False,
            "image": "a",
            "imageID": "a",
            "restartCount": 4,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 1m20s"}},
            "lastState": {"terminated": {"exitCode": 7, "reason": "Error"}},
        }
    ],
}


def _in_background(plugin: Plugin, name: str, obj: Obj, timeout: float = 60) -> "Future[Resource]":
    return ThreadPoolExecutor(1).submit(plugin.make, name, obj, timeout=timeout)


def _job(namespace: Namespace, name: str) -> Obj:
    pod: Obj = {"restartPolicy": "Never", "nodeSelector": NOWHERE, "containers": [{"name": "main", "image": "a"}]}
    return namespace.obj("Job", name, api_version="batch/v1", spec={"backoffLimit": 0, "template": {"spec": pod}})


def _reasons(refused: "pytest.ExceptionInfo[RefusedError]") -> str:
    assert refused.value.partial is not None
    return "\n".join(refused.value.partial.reasons)


def test_deployment_is_made_once_its_pods_are_available(plugin: Plugin, namespace: Namespace) -> None:
    making = _in_background(plugin, "web", namespace.deployment("web"))
    pod = namespace.pod()
    assert not making.done()
    namespace.set_status(pod, READY)
    assert making.result(timeout=60).id == f"{namespace.name}/web"


def test_deployment_that_is_not_ready_in_time_is_kept_and_says_which_pod_and_why(
    plugin: Plugin, namespace: Namespace, is_official: bool
) -> None:
    making = _in_background(plugin, "web", namespace.deployment("web"), timeout=4)
    pod = namespace.pod()
    namespace.set_status(pod, CRASHING)
    with pytest.raises(RefusedError) as refused:
        making.result(timeout=60)
    told = _reasons(refused)
    assert pod in told
    assert "CrashLoopBackOff" in told
    assert is_official or "exit code 7" in told
    assert refused.value.partial is not None
    assert refused.value.partial.id == f"{namespace.name}/web"
    assert "__inputs" in refused.value.partial.properties.fields


def test_pods_that_admission_refuses_are_told(plugin: Plugin, namespace: Namespace) -> None:
    namespace.kube.call(
        "PATCH",
        f"/api/v1/namespaces/{namespace.name}",
        body={"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
        kind="application/merge-patch+json",
    )
    with pytest.raises(RefusedError) as refused:
        plugin.make("web", namespace.deployment("web"), timeout=3)
    assert "violates PodSecurity" in _reasons(refused)


def test_unready_object_is_reported_by_a_refresh_and_repaired_by_the_next_update(plugin: Plugin, namespace: Namespace) -> None:
    declared = namespace.deployment("web")
    making = _in_background(plugin, "web", declared)
    pod = namespace.pod()
    namespace.set_status(pod, READY)
    made = making.result(timeout=60)
    namespace.set_status(pod, {"conditions": [{"type": "Ready", "status": "False"}]})
    eventually(lambda: (namespace.get("Deployment", "web") or {})["status"].get("unavailableReplicas"), "an unavailable pod")
    with pytest.raises(RefusedError) as refused:
        plugin.read(made)
    assert _reasons(refused)
    namespace.set_status(pod, READY)
    assert plugin.update(made, declared, timeout=60).id == made.id


def test_annotations_skip_the_wait_or_bound_it(plugin: Plugin, namespace: Namespace) -> None:
    plugin.make("skipped", namespace.deployment("skipped", annotations={"pulumi.com/skipAwait": "true"}))
    with pytest.raises(RefusedError):
        plugin.make("bounded", namespace.deployment("bounded", annotations={"pulumi.com/timeoutSeconds": "1"}))


def test_job_is_made_once_it_has_succeeded(plugin: Plugin, namespace: Namespace) -> None:
    making = _in_background(plugin, "work", _job(namespace, "work"))
    namespace.set_status(namespace.pod(), {"phase": "Succeeded"})
    assert making.result(timeout=60).id


def test_job_that_failed_ends_the_wait(plugin: Plugin, namespace: Namespace) -> None:
    making = _in_background(plugin, "work", _job(namespace, "work"), timeout=100)
    namespace.set_status(namespace.pod(), {"phase": "Failed"})
    with pytest.raises(RefusedError) as refused:
        making.result(timeout=60)
    assert "BackoffLimitExceeded" in _reasons(refused)


def _service(namespace: Namespace, name: str, **spec: Json) -> Obj:
    return namespace.obj("Service", name, spec={"ports": [{"port": 80}], **spec})


@pytest.mark.parametrize("spec", [{"clusterIP": "None", "selector": {"app": "a"}}, {"type": "ExternalName", "externalName": "example.com"}])
def test_service_that_needs_no_pods_is_made_at_once(plugin: Plugin, namespace: Namespace, spec: Obj) -> None:
    assert plugin.make("web", _service(namespace, "web", **spec)).id


def test_service_without_pods_behind_it_is_not_ready(plugin: Plugin, namespace: Namespace) -> None:
    with pytest.raises(RefusedError) as refused:
        plugin.make("web", _service(namespace, "web", selector={"app": "nobody"}), timeout=2)
    assert "selector" in _reasons(refused)


def test_service_is_made_once_a_ready_endpoint_is_behind_it(plugin: Plugin, namespace: Namespace, is_official: bool) -> None:
    """Pods without a node become no endpoints, so the slice is written by hand."""
    making = _in_background(plugin, "web", _service(namespace, "web", selector={"app": "nobody"}))
    eventually(lambda: namespace.get("Service", "web"), "the service")
    slice_: Obj = namespace.obj("EndpointSlice", "web-by-hand", api_version="discovery.k8s.io/v1", addressType="IPv4")
    slice_["endpoints"] = [{"addresses": ["10.9.8.7"], "conditions": {"ready": True}}]
    labelled = {**slice_, "metadata": {"name": "web-by-hand", "labels": {"kubernetes.io/service-name": "web"}}}
    namespace.kube.call("POST", f"/apis/discovery.k8s.io/v1/namespaces/{namespace.name}/endpointslices", body=labelled)
    assert is_official or making.result(timeout=100).id  # the official one of v4.32 looks at Endpoints


def _ingress(namespace: Namespace) -> Obj:
    backend: Obj = {"service": {"name": "web", "port": {"number": 80}}}
    rule: Obj = {"host": "web.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    return namespace.obj("Ingress", "web", api_version="networking.k8s.io/v1", spec={"rules": [rule]})


def test_ingress_is_made_once_a_controller_gave_it_an_address(plugin: Plugin, namespace: Namespace) -> None:
    making = _in_background(plugin, "web", _ingress(namespace), timeout=100)
    eventually(lambda: namespace.get("Ingress", "web"), "the ingress")
    assert not making.done()
    status: Obj = {"status": {"loadBalancer": {"ingress": [{"hostname": "balancer.example"}]}}}
    namespace.merge("Ingress", "web", status, manager="controller", part="/status")
    assert making.result(timeout=100).id == f"{namespace.name}/web"


def test_ingress_that_no_controller_takes_is_kept_and_says_so(plugin: Plugin, namespace: Namespace, is_official: bool) -> None:
    with pytest.raises(RefusedError) as refused:
        plugin.make("web", _ingress(namespace), timeout=2)
    assert is_official or "no controller gave the ingress an address" in _reasons(refused)
    assert refused.value.partial is not None
    assert refused.value.partial.id == f"{namespace.name}/web"


def test_claim_waits_for_its_first_consumer_or_a_volume(plugin: Plugin, namespace: Namespace) -> None:
    for mode, ready in (("WaitForFirstConsumer", True), ("Immediate", False)):
        storage: Obj = {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": f"{namespace.name}-{mode.lower()}"},
            "provisioner": "observability.test/nobody",
            "volumeBindingMode": mode,
        }
        storage_class = plugin.make(mode, storage)
        spec: Obj = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Mi"}},
            "storageClassName": storage_class.id,
            "volumeMode": "Block",  # of which the sandbox makes none, whatever the class
        }
        claim = namespace.obj("PersistentVolumeClaim", mode.lower(), spec=spec, annotations={"pulumi.com/timeoutSeconds": "2"})
        if ready:
            assert plugin.make("data", claim).id
        else:
            with pytest.raises(RefusedError):
                plugin.make("data", claim)
        plugin.delete(storage_class)


def test_cancel_ends_the_wait_and_keeps_what_was_made(executable: Path, kubeconfig: Path, namespace: Namespace) -> None:
    with Plugin(executable, {"kubeconfig": str(kubeconfig)}) as plugin:
        making = _in_background(plugin, "web", namespace.deployment("web"), timeout=600)
        namespace.pod()
        plugin.cancel()
        with pytest.raises(RefusedError) as refused:
            making.result(timeout=60)
    assert refused.value.partial is not None
    assert refused.value.partial.id == f"{namespace.name}/web"


def test_cancel_ends_a_deletion_that_is_held(executable: Path, kubeconfig: Path, namespace: Namespace) -> None:
    held = namespace.obj("ConfigMap", "held")
    metadata = held["metadata"]
    assert isinstance(metadata, dict)
    metadata["finalizers"] = ["observability.test/held"]
    with Plugin(executable, {"kubeconfig": str(kubeconfig)}) as plugin:
        made = plugin.make("held", held)
        failures: list[str] = []

        def delete() -> None:
            try:
                plugin.delete(made)
            except RefusedError as refused:
                failures.append(str(refused))

        deleting = threading.Thread(target=delete)
        deleting.start()
        eventually(lambda: (namespace.get("ConfigMap", "held") or {})["metadata"].get("deletionTimestamp"), "a deletion")
        plugin.cancel()
        deleting.join(timeout=60)
    assert len(failures) == 1
    namespace.merge("ConfigMap", "held", {"metadata": {"finalizers": None}})


def test_progress_is_shown_while_it_waits(plugin: Plugin, namespace: Namespace, is_official: bool) -> None:
    with pytest.raises(RefusedError):
        plugin.make("web", namespace.deployment("web"), timeout=2)
    shown = [message for message in plugin.engine.messages if message]
    assert shown
    assert is_official or any("0 of 1 pods" in message for message in shown)
