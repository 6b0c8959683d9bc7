"""What the tests of a whole deployment share besides the platform: a simulated cluster with dev on it, whose secrets are canaries."""

from collections.abc import Iterator

import pytest

from sandbox import cluster
from tests.conftest import SANDBOX
from tests.e2e import leaking
from tests.e2e.leaking import Trail


@pytest.fixture(scope="session")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """That deployment, and all that was said and written meanwhile. It keeps its cluster to itself, and to tests that put things back.

    The control plane is real and the S3 answers; kwok plays the node, so that nothing is slow to start and nothing runs.
    """
    name = f"{SANDBOX}-c"
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OBSERVABILITY_SIMULATED", "1")
        instance = cluster.up(name)
    try:
        yield leaking.deployed(instance, tmp_path_factory.mktemp("project"))
    finally:
        cluster.down(name)
