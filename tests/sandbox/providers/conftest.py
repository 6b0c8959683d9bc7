"""A provider plugin on a real API server. PROVIDER_KUBERNETES=/path/to/pulumi-resource-kubernetes tests the official plugin instead.

The aws stand-in is tested against an S3, KMS and IAM API on this machine (moto).
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, cast

import pytest
from moto.server import ThreadedMotoServer

from sandbox.kube import Kube
from sandbox.providers import install
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import Obj
from tests.sandbox.providers.live import Namespace
from tests.sandbox.providers.plugin import Plugin


@pytest.fixture(scope="session")
def kubeconfig(request: pytest.FixtureRequest) -> Path:
    """OBSERVABILITY_TEST_KUBECONFIG where it is set, else the simulated cluster: the tests say themselves what becomes of pods."""
    given = os.environ.get("OBSERVABILITY_TEST_KUBECONFIG")
    return Path(given) if given else Path(request.getfixturevalue("simulated_instance").kubeconfig)


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


class _Server(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def get_host_and_port(self) -> tuple[str, int]: ...


@pytest.fixture(scope="session")
def settings() -> Iterator[Obj]:
    """The provider's configuration for an API of the test's own."""
    server = cast(_Server, ThreadedMotoServer(port=0, verbose=False))
    server.start()
    host, port = server.get_host_and_port()
    endpoints: Obj = dict.fromkeys(("s3", "iam", "kms", "sts"), f"http://{host.replace('0.0.0.0', '127.0.0.1')}:{port}")  # noqa: S104 - moto's own name of itself
    yield {
        "region": "eu-central-1",
        "accessKey": "test",
        "secretKey": "test",
        "skipCredentialsValidation": True,
        "endpoints": json.dumps([endpoints]),
    }
    server.stop()


@pytest.fixture(scope="session")
def aws_plugin(settings: Obj, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugin]:
    """The stand-in."""
    with Plugin(install(tmp_path_factory.mktemp("bin")) / "pulumi-resource-aws", settings) as running:
        yield running


@pytest.fixture(scope="session")
def aws(settings: Obj) -> Aws:
    """The test's own view of the API."""
    return Aws(settings)
