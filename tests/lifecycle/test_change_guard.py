"""The guard with the real engine: what it refuses changes nothing, at preview and update; what it says is what the engine plans."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from components.intent import intent
from guard.change import Change
from guard.changes import changes
from model.namespaces import NAMESPACE
from sandbox.engine import EngineError, Target
from sandbox.kube import Kube
from tests.components.environments import NAMES, environment
from tests.guard.deploying import Deployment, Step, deployment
from tests.guard.edits import SEED, Edit, edited, edits
from tests.guard.plan import losses, planned

pytestmark = pytest.mark.cluster

CHANGES = int(os.environ.get("OBSERVABILITY_TEST_CHANGES", "2"))
"""Previews a stack: half of them of changes that lose something."""

CONFIG = f"/api/v1/namespaces/{NAMESPACE}/configmaps/loki-config"
OF_THE_PLACE = ("logs.bucket.endpoint", "logs.bucket.region")
"""Settings for which the sandbox has values of its own."""


OTHERS = [pytest.param(name, marks=pytest.mark.nightly) for name in NAMES if name != "dev"]


@pytest.fixture(scope="module", params=["dev", *OTHERS])
def deployed(simulated: Target, request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """An environment as it is, made and taken away again."""
    made = deployment(simulated, request.param)
    with made.configured():
        made.engine.up()
    yield made
    made.engine.destroy(with_data=True)


def test_the_engine_plans_for_what_holds_data_what_was_reckoned(deployed: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    for edit, expected in sample(deployed.name, monkeypatch):
        with deployed.configured(edit, [change.line for change in told(deployed.name, edit, monkeypatch)]):
            assert deployed.planned() == expected, f"seed {SEED}: {edit}"


def test_what_is_refused_changes_nothing_until_it_is_accepted(
    deployed: Deployment, simulated: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube, engine = Kube(simulated.kubeconfig), deployed.engine
    [edit] = [one for one in edits(deployed.name) if one.key == "logs.retention" and one.after == halved(deployed.name)]
    [change] = told(deployed.name, edit, monkeypatch)
    before = kube.get(CONFIG)
    # The second update is refused like the first: a refusal does not make the stack forget what was deployed.
    for command in (engine.preview, engine.up, engine.up):
        with deployed.configured(edit), pytest.raises(EngineError, match="the guard refuses 1 change"):
            command()
        text = "\n".join(deployed.said)
        assert change.line in text
        assert f"way out: {change.way_out}" in text
    assert kube.get(CONFIG) == before
    with deployed.configured(edit, [change.line]):
        assert "update" in engine.up()
    assert f"accepted: {change.line}" in "\n".join(deployed.said)
    assert kube.get(CONFIG)["data"] != before["data"]
    with deployed.configured(edit, [change.line]):
        assert set(engine.up()) == {"same"}
    assert f"'{change.line}' is about nothing in this deployment" in "\n".join(deployed.said)


def halved(name: str) -> str:
    """Half the retention of logs."""
    logs = environment(name).settings.logs
    assert logs
    return f"{int(logs.retention.seconds / 2)}s"


def told(name: str, edit: Edit, patch: pytest.MonkeyPatch) -> tuple[Change, ...]:
    """What the guard says of an edit."""
    after = edited(name, edit, patch)
    assert after, edit
    return changes(intent(environment(name)), intent(after), datetime.now(UTC).date())


def sample(name: str, patch: pytest.MonkeyPatch) -> list[tuple[Edit, set[Step]]]:
    """Changes with what they would replace or delete: half of them lose something that the engine itself does not protect."""
    before, found = planned(environment(name), patch), dict[bool, list[tuple[Edit, set[Step]]]]({True: [], False: []})
    mixed = random.Random(SEED).sample(edits(name), len(edits(name)))  # noqa: S311 - reproducible, not secret
    for edit in (one for one in mixed if one.key not in OF_THE_PLACE):
        after = edited(name, edit, patch)
        if after is None or (len(found[False]) >= CHANGES and not told(name, edit, patch)):
            continue
        lost = losses(before, planned(after, patch, like=environment(name)))
        if not any(loss.resource.protected for loss in lost):
            found[bool(lost)].append((edit, {(loss.operation, loss.kind, loss.resource.name) for loss in lost}))
        if len(found[True]) >= CHANGES // 2 and len(found[False]) >= CHANGES:
            break
    losing = found[True][: CHANGES // 2]
    return [*losing, *found[False][: CHANGES - len(losing)]]
