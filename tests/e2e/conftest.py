"""What the tests of a whole deployment share besides the platform: a simulated cluster with dev on it, whose secrets are canaries."""

from collections.abc import Iterator

import pytest

from sandbox import cluster
from tests.conftest import SANDBOX
from tests.e2e import leaking
from tests.e2e.leaking import Trail


@pytest.fixture(scope="session")
def simulated_instance() -> Iterator[cluster.Instance]:
    """A real control plane whose node kwok plays, with an S3 of its own: nothing runs in its pods, so nothing is slow to restart."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OBSERVABILITY_SIMULATED", "1")
        instance = cluster.up(f"{SANDBOX}-3")
    yield instance
    cluster.down(f"{SANDBOX}-3")


@pytest.fixture(scope="session")
def trail(simulated_instance: cluster.Instance, tmp_path_factory: pytest.TempPathFactory) -> Trail:
    """dev on that cluster, with all that was said and written while it was deployed and looked at."""
    return leaking.deployed(simulated_instance, tmp_path_factory.mktemp("project"))
