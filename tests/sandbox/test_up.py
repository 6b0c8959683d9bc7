"""`make up`: what it refuses before anything is started."""

import pytest

from sandbox.cluster.lifecycle import SIMULATED
from sandbox.target import TargetError
from sandbox.up import require_nodes
from tests.components.environments import environment


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_an_environment_that_wants_several_nodes_is_told_where_it_can_go(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    with pytest.raises(TargetError, match=f"{name} wants 3 nodes .* `{SIMULATED}=1 SANDBOX={name} make up ENV={name}` deploys it to nodes"):
        require_nodes(environment(name))
    monkeypatch.setenv(SIMULATED, "1")
    require_nodes(environment(name))


def test_one_that_fits_one_node_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    require_nodes(environment("dev"))
