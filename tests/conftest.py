"""What many tests share: a real cluster of their own, and the platform deployed on it, each made once and only when asked for."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox import cluster, demo, serving, target
from sandbox.cluster import lifecycle
from sandbox.cluster.lifecycle import SIMULATED
from sandbox.engine import Engine, Target
from sandbox.kube import Kube
from sandbox.up import make_namespaces
from tests.session import clusters, plugin

SANDBOX = os.environ.get("OBSERVABILITY_TEST_SANDBOX", "test")
"""The sandbox of the tests; another one lets two runs go on side by side."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the session: budgets and durations."""
    plugin.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Measures what tests cost; the sandboxes of the session end with it at the latest, those of killed sessions end now."""
    if not hasattr(config, "workerinput"):
        lifecycle.begin_session()
    plugin.register(config, SANDBOX)
    config.pluginmanager.register(clusters, "session-clusters")


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


@pytest.fixture(scope="session")
def simulated_instance() -> Iterator[cluster.Instance]:
    """A sandbox whose nodes are played: deployments, kills and deletions are quick there, and as real as the control plane is."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv(SIMULATED, "1")
        instance = cluster.up(f"{SANDBOX}-s")
    yield instance
    cluster.down(f"{SANDBOX}-s")


@pytest.fixture(scope="session")
def simulated(simulated_instance: cluster.Instance) -> Target:
    """The same with the namespace of the catalogues' services, which is not ours to make."""
    make_namespaces(Kube(simulated_instance.kubeconfig), ["dharma"])
    return target.sandbox(simulated_instance)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C works here and in child processes, even where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
