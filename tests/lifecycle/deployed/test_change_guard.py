"""The guard with the real engine: what it refuses changes nothing in the cluster; what it says is what the engine plans.

Staging and production: tests/lifecycle/empty/test_environments.py. Refusal at preview, and acceptances: tests/guard/test_engine.py.
"""

import pytest

from tests.e2e.leaking import Trail
from tests.guard.deploying import Deployment, deployment
from tests.lifecycle.guarding import assert_done_once_accepted, assert_planned, assert_refused

pytestmark = pytest.mark.cluster


@pytest.fixture
def deployed(trail: Trail) -> Deployment:
    """dev as it is."""
    return deployment(trail.engine.target, trail.engine.name, trail.engine.project)


@pytest.mark.parametrize("count", [2, pytest.param(6, marks=pytest.mark.nightly)])
def test_the_engine_plans_for_what_holds_data_what_was_reckoned(deployed: Deployment, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_planned(deployed, count, monkeypatch)


def test_what_is_refused_changes_nothing(deployed: Deployment, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_refused(deployed, trail.kube, monkeypatch)


@pytest.mark.nightly
def test_what_is_accepted_is_done(deployed: Deployment, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_done_once_accepted(deployed, trail.kube, monkeypatch)
