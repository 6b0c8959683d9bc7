"""The cluster where a node cannot run: the real control plane, and a node that kwok plays."""

import os
import signal
from collections.abc import Iterator

import pytest

from model.documents import mapping
from sandbox import cluster
from sandbox.cluster.instance import Instance
from sandbox.cluster.lifecycle import SIMULATED
from sandbox.cluster.ownership import find_init, find_strays
from sandbox.kube import Kube, Object
from tests.components.environments import manifest
from tests.conftest import SANDBOX
from tests.sandbox.machine import difference, machine
from tests.waiting import until

pytestmark = pytest.mark.cluster
NAME = f"{SANDBOX}-m"
_NODES = "/api/v1/nodes"
CONTAINER = {"name": "x", "image": "nowhere/nothing:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
POD = {
    "metadata": {"name": "x"},
    "spec": {"containers": [CONTAINER], "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]},
}
CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """A sandbox without a node of its own, and a look at what it leaves."""
    before = machine(NAME)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(SIMULATED, "1")
        instance = cluster.up(NAME)
    yield instance
    assert {"processes", "files"} <= difference(before, machine(NAME), instance).keys(), "the comparison is blind"
    cluster.down(NAME)
    assert difference(before, machine(NAME), instance) == {}


def _phase(kube: Kube, path: str) -> str:
    return str(kube.get(f"/api/v1/namespaces/default/{path}")["status"].get("phase"))


def _ready(node: Object) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)


def test_the_status_says_why(instance: Instance) -> None:
    assert instance.simulated
    found = cluster.status(NAME)
    assert found.healthy, found
    assert "simulated nodes (kwok): OBSERVABILITY_SIMULATED is set" in str(found)


def test_pods_and_claims_get_ready(instance: Instance) -> None:
    kube = Kube(instance.kubeconfig)
    kube.call("POST", "/api/v1/namespaces/default/persistentvolumeclaims", body=CLAIM)
    until(lambda: kube.get("/api/v1/namespaces/default/serviceaccounts/default"))
    kube.call("POST", "/api/v1/namespaces/default/pods", body=POD)
    until(lambda: _phase(kube, "persistentvolumeclaims/data") == "Bound")
    until(lambda: _phase(kube, "pods/x") == "Running")


def _node(name: str, zone: str) -> Object:
    """A node that kwok plays, in a zone."""
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zone}
    return {"metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}}}


def test_replicas_are_placed_in_a_zone_each(instance: Instance) -> None:
    kube = Kube(instance.kubeconfig)
    for zone in "abc":
        for number in (1, 2):
            kube.call("POST", _NODES, body=_node(f"{zone}-{number}", zone))
    until(lambda: all(_ready(node) for node in kube.list(_NODES)))
    loki = mapping(manifest("prod", "StatefulSet", "loki")["spec"])
    template = mapping(loki["template"])
    spread = mapping(template["spec"])["topologySpreadConstraints"]
    pod = {"containers": [{"name": "x", "image": "nowhere/nothing:1"}], "topologySpreadConstraints": spread}
    labels = mapping(mapping(template["metadata"])["labels"])
    spec = {"replicas": 3, "selector": loki["selector"], "template": {"metadata": {"labels": labels}, "spec": pod}}
    kube.call("POST", "/apis/apps/v1/namespaces/default/deployments", body={"metadata": {"name": "loki"}, "spec": spec})

    def placed() -> list[str]:
        zones = {node["metadata"]["name"]: node["metadata"]["labels"].get("topology.kubernetes.io/zone", "") for node in kube.list(_NODES)}
        pods = [pod for pod in kube.list("/api/v1/namespaces/default/pods") if pod["metadata"]["name"].startswith("loki-")]
        return sorted(zones[pod["spec"]["nodeName"]] for pod in pods if "nodeName" in pod["spec"])

    until(lambda: len(placed()) == 3)
    assert placed() == ["a", "b", "c"]


def test_an_ingress_of_a_class_gets_an_address(instance: Instance) -> None:
    kube, path = Kube(instance.kubeconfig), "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
    spec = mapping(manifest("prod", "Ingress", "access-grafana")["spec"])
    of_nobody = {key: value for key, value in spec.items() if key != "ingressClassName"}
    for name, given in (("nobodys", of_nobody), ("grafana", spec)):
        kube.call("POST", path, body={"metadata": {"name": name}, "spec": given})
    until(lambda: kube.get(f"{path}/grafana")["status"]["loadBalancer"].get("ingress"))
    assert not kube.get(f"{path}/nobodys")["status"]["loadBalancer"]


def test_programs_that_outlive_their_init_are_ended(instance: Instance) -> None:
    init = find_init(NAME)
    assert init
    os.kill(init, signal.SIGKILL)
    until(lambda: find_init(NAME) is None)
    before = find_strays(NAME)
    assert before, "nothing outlived it: the test is blind"
    assert cluster.up(NAME) == instance
    assert set(before).isdisjoint(find_strays(NAME))
    assert _phase(Kube(instance.kubeconfig), "persistentvolumeclaims/data") == "Bound"


def test_damaged_data_is_told_from_other_failures(instance: Instance) -> None:
    cluster.down(NAME, keep_data=True)
    database = instance.state / "etcd/member/snap/db"
    intact = database.read_bytes()
    database.write_bytes(b"not a database")
    with pytest.raises(
        cluster.ClusterError, match=r"(?s)does not come up: etcd keeps failing.*etcd\.log.*`make down` and `make up` start afresh"
    ):
        cluster.up(NAME)
    assert find_init(NAME) is None
    assert not find_strays(NAME)
    database.write_bytes(intact)
    assert cluster.up(NAME) == instance
