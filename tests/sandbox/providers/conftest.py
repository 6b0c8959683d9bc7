"""A provider plugin on a real API server. PROVIDER_KUBERNETES=/path/to/pulumi-resource-kubernetes tests the official plugin instead."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.kube import Kube
from sandbox.providers import install
from tests.sandbox.providers.live import Namespace
from tests.sandbox.providers.plugin import Plugin


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """OBSERVABILITY_TEST_KUBECONFIG where it is set, else the suite's own cluster."""
    given = os.environ.get("OBSERVABILITY_TEST_KUBECONFIG")
    return Path(given) if given else Path(request.getfixturevalue("cluster_instance").kubeconfig)


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugin under test."""
    given = os.environ.get("PROVIDER_KUBERNETES")
    return Path(given) if given else install(tmp_path_factory.mktemp("bin")) / "pulumi-resource-kubernetes"


@pytest.fixture(scope="session")
def is_official() -> bool:
    """Whether the official plugin is under test: its messages are its own."""
    return "PROVIDER_KUBERNETES" in os.environ


@pytest.fixture(scope="session")
def plugin(executable: Path, kubeconfig: Path) -> Iterator[Plugin]:
    """The plugin with default settings."""
    with Plugin(executable, {"kubeconfig": str(kubeconfig)}) as running:
        yield running


@pytest.fixture(scope="session")
def mutable_plugin(executable: Path, kubeconfig: Path) -> Iterator[Plugin]:
    """The plugin with ConfigMaps and Secrets that change in place."""
    settings = {"kubeconfig": str(kubeconfig), "enableConfigMapMutable": True, "enableSecretMutable": True}
    with Plugin(executable, settings) as running:
        yield running


@pytest.fixture
def namespace(kubeconfig: Path) -> Iterator[Namespace]:
    """A namespace of the test's own, with the means to look into it and to play the kubelet in it."""
    with ExitStack() as stack:
        yield stack.enter_context(Namespace(Kube(kubeconfig), f"provider-{uuid.uuid4().hex[:8]}"))
