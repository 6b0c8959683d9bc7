"""The cluster where a node cannot run: the real control plane, and a node that kwok plays."""

import os
import signal
from collections.abc import Iterator

import pytest

from sandbox import cluster
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_init, find_strays
from sandbox.kube import Kube
from tests.sandbox.machine import difference, machine
from tests.waiting import until

pytestmark = pytest.mark.cluster
NAME = "simulated"
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
        environment.setenv("OBSERVABILITY_SIMULATED", "1")
        yield cluster.up(NAME)
    cluster.down(NAME)
    assert difference(before, machine(NAME)) == {}


def _phase(kube: Kube, path: str) -> str:
    return str(kube.get(f"/api/v1/namespaces/default/{path}")["status"].get("phase"))


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
