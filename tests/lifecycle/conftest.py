"""What the tests of whole deployments share: one simulated cluster, and dev with canaries for its secrets, to be deployed on it."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from sandbox.engine import POLICY, Target
from sandbox.kube import Kube
from sandbox.providers.values import Obj
from tests.e2e import leaking
from tests.e2e.leaking import Trail
from tests.e2e.projects import ProjectEngine
from tests.lifecycle.inventory import end_state


class Dev:
    """dev on the simulated cluster. The control plane is real and the S3 answers; kwok plays the node, so that nothing is slow to start."""

    def __init__(self, engine: ProjectEngine) -> None:
        self.engine = engine
        self.kube = Kube(engine.target.kubeconfig)
        self._end_state: Obj | None = None

    @contextmanager
    def deployed(self) -> Generator[Trail]:
        """The deployment, and all that was said and written meanwhile; deleted at the end."""
        try:
            trail = leaking.follow(self.engine, self.kube, [secret.key for secret in leaking.needed(self.engine)], policies=[str(POLICY)])
            self._end_state = end_state(self.engine, self.kube)
            yield trail
        finally:
            self.engine.destroy()

    def end_state(self) -> Obj:
        """What a deployment ends with that nothing disturbs: what the last one ended with, or one that is made for this."""
        if self._end_state is None:
            with self.deployed():
                pass
        assert self._end_state
        return self._end_state


@pytest.fixture(scope="session")
def dev(simulated: Target, tmp_path_factory: pytest.TempPathFactory) -> Dev:
    """That environment; nothing of it is deployed yet."""
    return Dev(leaking.prepared(simulated, tmp_path_factory.mktemp("project")))
