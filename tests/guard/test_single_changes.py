"""At least 200 single-setting changes a stack: nothing that holds data is replaced or deleted unless the guard announced it."""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
import yaml

from components.intent import intent
from guard import changes as rules
from guard.changes import changes
from model.environment import Environment
from tests.components.environments import NAMES, environment
from tests.guard.edits import Edit, edited, edits
from tests.guard.plan import Loss, Plan, always, losses, planned

CHUNKS = 8
"""Parts of the work, so that several processes share it."""

AT_LEAST = 200
"""Valid changes a stack."""

_LOADED: dict[bytes, bytes] = {}
_DUMPED: dict[bytes, bytes] = {}
_PLANS: dict[str, Plan] = {}


@pytest.fixture(autouse=True)
def quick_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same text is parsed once, and the same value written once: nearly all that is read and written is the same every time."""
    monkeypatch.setattr(yaml, "load", partial(_remembered, yaml.load, _LOADED))
    monkeypatch.setattr(yaml, "dump", partial(_remembered, yaml.dump, _DUMPED))


def _remembered(work: Callable[..., object], known: dict[bytes, bytes], given: object, *rest: object, **named: object) -> object:
    key = pickle.dumps(given)
    if key not in known:
        known[key] = pickle.dumps(work(given, *rest, **named))
    return pickle.loads(known[key])  # noqa: S301 - our own


def lost_by(name: str, after: Environment, patch: pytest.MonkeyPatch) -> Sequence[Loss]:
    """What holds data, and would be replaced or deleted on the way from an environment as it is."""
    if name not in _PLANS:
        _PLANS[name] = planned(environment(name), patch)
    return losses(_PLANS[name], planned(after, patch, like=environment(name)))


def unannounced(name: str, after: Environment, lost: Sequence[Loss]) -> list[Loss]:
    """What the guard says nothing of."""
    told = changes(intent(environment(name)), intent(after), datetime.now(UTC).date())
    return [loss for loss in lost if not any(loss.is_told_by(change) for change in told)]


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_holds_data_goes_unannounced(name: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, list[Loss]] = {}
    for edit in edits(name)[chunk::CHUNKS]:
        if after := edited(name, edit, monkeypatch):
            found[str(edit)] = unannounced(name, after, lost_by(name, after, monkeypatch))
    assert {edit: lost for edit, lost in found.items() if lost} == {}
    assert len(found) >= AT_LEAST / CHUNKS, f"{len(found)} valid changes of {len(edits(name)[chunk::CHUNKS])}"


def the_edit(name: str, key: str, after: object) -> Edit:
    [found] = [edit for edit in edits(name) if (edit.key, edit.after) == (key, after)]
    return found


LOSING = {
    "_volumes": ("prod", "logs", None, "StatefulSet"),
    "_places": ("staging", "cluster.name", "stagingx", "Namespace"),
}
"""By rule of the guard: a change that it alone tells, and a kind of what would go."""


@pytest.mark.parametrize("rule", LOSING)
def test_without_a_rule_of_the_guard_a_loss_goes_unannounced(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, key, value, kind = LOSING[rule]
    after = edited(name, the_edit(name, key, value), monkeypatch)
    assert after
    lost = lost_by(name, after, monkeypatch)
    assert kind in {loss.kind for loss in lost}
    assert unannounced(name, after, lost) == []
    monkeypatch.setattr(rules, rule, always(()))
    assert kind in {loss.kind for loss in unannounced(name, after, lost)}


def test_a_renamed_bucket_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    after = edited("prod", the_edit("prod", "logs.bucket.name", "dharma-observability-logs-prodx"), monkeypatch)
    assert after
    lost = lost_by("prod", after, monkeypatch)
    assert [(loss.operation, loss.kind) for loss in lost] == [("replace", "Bucket")]
    monkeypatch.setattr(rules, "_places", always(()))
    assert unannounced("prod", after, lost) == lost


def test_a_larger_volume_replaces_nothing_only_because_its_templates_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = environment("prod"), edited("prod", the_edit("prod", "prometheus.storage", f"{400 * 2**20}Ki"), monkeypatch)
    assert after
    assert lost_by("prod", after, monkeypatch) == []
    heeded = planned(after, monkeypatch, like=before)
    heeded = replace(heeded, held={key: replace(one, ignored=()) for key, one in heeded.held.items()})
    assert [loss.name for loss in losses(planned(before, monkeypatch), heeded)] == ["observability/prometheus"]
