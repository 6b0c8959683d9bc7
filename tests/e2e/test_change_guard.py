"""The guard with the real engine: what it refuses is refused at preview and update, and changes nothing; what it says is what the engine plans."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from moto.server import ThreadedMotoServer

from components.intent import intent
from guard.changes import changes
from model.documents import mapping
from model.namespaces import NAMESPACE
from sandbox import cluster
from sandbox.engine import EngineError, Target
from sandbox.kube import Kube
from tests.components.environments import NAMES, environment
from tests.conftest import SANDBOX
from tests.guard.deploying import Deployment, Step, deployment, place
from tests.guard.edits import SEED, Edit, edited, edits, stack_of
from tests.guard.plan import Plan, losses, planned

pytestmark = pytest.mark.cluster

CHANGES = int(os.environ.get("OBSERVABILITY_TEST_CHANGES", "6"))
"""Previews a stack."""

CONFIG = f"/api/v1/namespaces/{NAMESPACE}/configmaps/loki-config"
LINE = "logs.retention: 2d -> 1d"
ELSEWHERE = ("cluster.storageClass", "logs.bucket.endpoint", "logs.bucket.region", "catalogues", "prometheus.resources")
"""Settings that this cluster has values of its own for."""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A simulated cluster, and an S3 on this machine."""
    name, s3 = f"{SANDBOX}-guard", ThreadedMotoServer(port=0, verbose=False)
    s3.start()
    host, port = s3.get_host_and_port()
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv("OBSERVABILITY_SIMULATED", "1")
        yield place(cluster.up(name), f"http://{host}:{port}", tmp_path_factory.mktemp("guard") / "pulumi")
    cluster.down(name)
    s3.stop()


@pytest.fixture(scope="module", params=NAMES)
def deployed(there: Target, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """An environment as it is, made and taken away again."""
    made = deployment(there, request.param)
    with made.configured():
        made.engine.up()
    yield made
    for bucket in ("logs",):
        assert bucket
    made.engine.destroy()
