"""The demo on a real cluster: its pods pass the admission that is in force, its requests reach the datastores, its faults show and heal."""

import pytest

from sandbox import cluster, demo
from sandbox.demo.deploy import set_faults
from sandbox.kube import Kube, KubeError, Object
from tests.waiting import until

pytestmark = pytest.mark.cluster

ANSWER = {"service": "costing", "status": 200}


@pytest.fixture(scope="module")
def kube(cluster_instance: cluster.Instance) -> Kube:
    demo.up(cluster_instance.kubeconfig)
    return Kube(cluster_instance.kubeconfig)


def ask(kube: Kube) -> Object | None:
    """What a route answers that needs PostgreSQL and another service; None when it fails."""
    try:
        return kube.service("dharma", "costing", "http", "api/v1/prices")
    except KubeError:
        return None


def answers(kube: Kube) -> None:
    assert until(lambda: ask(kube), seconds=60, what="costing answers") == ANSWER


def versions(kube: Kube) -> dict[str, str]:
    deployments = kube.list("/apis/apps/v1/namespaces/dharma/deployments")
    return {each["metadata"]["name"]: f"{each['metadata']['uid']} {each['metadata']['generation']}" for each in deployments}


def test_a_request_goes_all_the_way(kube: Kube) -> None:
    answers(kube)


def test_a_second_up_changes_nothing(kube: Kube, cluster_instance: cluster.Instance) -> None:
    before = versions(kube)
    demo.up(cluster_instance.kubeconfig)
    assert versions(kube) == before


@pytest.mark.parametrize("faults", [{"errorRate": 1}, {"stop": True}], ids=str)
def test_a_fault_shows_and_heals(kube: Kube, cluster_instance: cluster.Instance, faults: dict[str, object]) -> None:
    answers(kube)
    set_faults(cluster_instance.kubeconfig, "costing", faults)
    try:
        until(lambda: ask(kube) is None, seconds=10, what="costing fails")
    finally:
        set_faults(cluster_instance.kubeconfig, "costing", {})
    answers(kube)


def test_a_bad_fault_is_refused_by_name(cluster_instance: cluster.Instance, kube: Kube) -> None:
    answers(kube)
    with pytest.raises(KubeError, match=r"errorRate: 2 given, must be from 0 to 1"):
        set_faults(cluster_instance.kubeconfig, "costing", {"errorRate": 2})
