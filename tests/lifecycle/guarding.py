"""The guard held against the real engine, on an environment that is deployed: what it plans, and that what is refused changes nothing."""

import random
from datetime import UTC, datetime

import pytest

from components.intent import intent
from guard.change import Change
from guard.changes import changes
from model.namespaces import NAMESPACE
from sandbox.engine import EngineError
from sandbox.kube import Kube
from tests.components.environments import environment
from tests.guard.deploying import Deployment, Step
from tests.guard.edits import SEED, Edit, edited, edits
from tests.guard.plan import losses, planned

CONFIG = f"/api/v1/namespaces/{NAMESPACE}/configmaps/loki-config"
OF_THE_PLACE = ("logs.bucket.endpoint", "logs.bucket.region")
"""Settings for which the sandbox has values of its own."""


def assert_planned(deployed: Deployment, count: int, patch: pytest.MonkeyPatch) -> None:
    """The engine plans for a sample of changes, of what holds data, what was reckoned."""
    for edit, expected in sample(deployed.name, count, patch):
        with deployed.configured(edit, [change.line for change in told(deployed.name, edit, patch)]):
            assert deployed.planned() == expected, f"seed {SEED}: {edit}"


def assert_refused(deployed: Deployment, kube: Kube, patch: pytest.MonkeyPatch) -> None:
    """An update that loses something is refused and changes nothing in the cluster."""
    edit, change = loss(deployed.name, patch)
    before = kube.get(CONFIG)
    with deployed.configured(edit), pytest.raises(EngineError, match="the guard refuses 1 change"):
        deployed.engine.up()
    text = "\n".join(deployed.said)
    assert change.line in text
    assert f"way out: {change.way_out}" in text
    assert kube.get(CONFIG) == before


def assert_done_once_accepted(deployed: Deployment, kube: Kube, patch: pytest.MonkeyPatch) -> None:
    """The same update does what it says once it is accepted, and the next one takes it back."""
    edit, change = loss(deployed.name, patch)
    before = kube.get(CONFIG)["data"]
    with deployed.configured(edit, [change.line]):
        assert "update" in deployed.engine.up()
    assert f"accepted: {change.line}" in "\n".join(deployed.said)
    assert kube.get(CONFIG)["data"] != before
    deployed.engine.up()
    assert kube.get(CONFIG)["data"] == before


def loss(name: str, patch: pytest.MonkeyPatch) -> tuple[Edit, Change]:
    """An edit that halves the retention of logs, and what the guard says of it."""
    [edit] = [one for one in edits(name) if one.key == "logs.retention" and one.after == halved(name)]
    [change] = told(name, edit, patch)
    return edit, change


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


def sample(name: str, count: int, patch: pytest.MonkeyPatch) -> list[tuple[Edit, set[Step]]]:
    """Changes with what they would replace or delete: half of them lose something that the engine itself does not protect."""
    before, found = planned(environment(name), patch), dict[bool, list[tuple[Edit, set[Step]]]]({True: [], False: []})
    mixed = random.Random(SEED).sample(edits(name), len(edits(name)))  # noqa: S311 - reproducible, not secret
    for edit in (one for one in mixed if one.key not in OF_THE_PLACE):
        after = edited(name, edit, patch)
        if after is None or (len(found[False]) >= count and not told(name, edit, patch)):
            continue
        lost = losses(before, planned(after, patch, like=environment(name)))
        if not any(loss.resource.protected for loss in lost):
            found[bool(lost)].append((edit, {(loss.operation, loss.kind, loss.resource.name) for loss in lost}))
        if len(found[True]) >= count // 2 and len(found[False]) >= count:
            break
    losing = found[True][: count // 2]
    return [*losing, *found[False][: count - len(losing)]]
