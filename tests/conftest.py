"""What many tests share: a real cluster of their own, and the platform deployed on it, each made once and only when asked for."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox import cluster, demo, serving, target
from sandbox.engine import Engine
from sandbox.kube import Kube

SANDBOX = "test"


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The dev environment, deployed and serving on the test cluster."""

    kube: Kube
    engine: Engine
    instance: cluster.Instance


@pytest.fixture(scope="session")
def cluster_instance() -> Iterator[cluster.Instance]:
    """A sandbox of the tests' own; one that is up for other purposes is not touched."""
    instance = cluster.up(SANDBOX)
    yield instance
    cluster.down(SANDBOX)


@pytest.fixture(scope="session")
def platform(cluster_instance: cluster.Instance) -> Platform:
    """What `make up` leaves, on the test cluster."""
    demo.up(cluster_instance.kubeconfig)
    engine = Engine(target.sandbox(cluster_instance), "dev", say=print)
    engine.up()
    kube = Kube(cluster_instance.kubeconfig)
    serving.wait(kube, timeout_seconds=300, say=print)
    return Platform(kube=kube, engine=engine, instance=cluster_instance)
