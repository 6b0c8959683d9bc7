"""Single-setting changes of every stack: nothing that holds data is replaced or deleted unless the guard announced it.

One of each kind for each change of the project; every night all of them, which are at least 200 a stack.
"""

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import pytest
import yaml
from pulumi.runtime.resource import register_resource

from components.intent import intent
from guard import changes as rules
from guard.changes import changes
from guard.intent import Intent
from model.environment import Environment
from tests.components.environments import NAMES, environment
from tests.guard import plan
from tests.guard.edits import Edit, edited, edits
from tests.guard.plan import Loss, Plan, always, losses, planned

TODAY = date(2026, 12, 1)

_LOADED: dict[bytes, bytes] = {}
_DUMPED: dict[bytes, bytes] = {}
_PLANS: dict[str, Plan] = {}
_OUTCOMES: "dict[tuple[str, str], Outcome | None]" = {}


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


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What comes of an edit that the model takes."""

    after: Intent
    """What the guard compares; whole environments would be many."""

    lost: Sequence[Loss]
    """What holds data, and would be replaced or deleted."""


def outcome(name: str, edit: Edit, patch: pytest.MonkeyPatch) -> Outcome | None:
    """None when the model refuses the edit. Each is worked out once."""
    known = name, str(edit)
    if known not in _OUTCOMES:
        after = edited(name, edit, patch)
        lost = losses(plan_of(name, patch), planned(after, patch, like=environment(name))) if after else ()
        _OUTCOMES[known] = Outcome(after=intent(after), lost=lost) if after else None
    return _OUTCOMES[known]


def plan_of(name: str, patch: pytest.MonkeyPatch) -> Plan:
    """An environment as it is."""
    if name not in _PLANS:
        _PLANS[name] = planned(environment(name), patch)
    return _PLANS[name]


def unannounced(name: str, found: Outcome) -> list[Loss]:
    """What the guard says nothing of."""
    told = changes(intent(environment(name)), found.after, TODAY)
    return [loss for loss in found.lost if not any(loss.is_told_by(change) for change in told)]


Choice = Callable[[str, pytest.MonkeyPatch], Mapping[str, Outcome]]


def every_edit(name: str, patch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """The outcomes of all edits of an environment that the model takes."""
    return {str(edit): found for edit in edits(name) if (found := outcome(name, edit, patch))}


def one_of_each_kind(name: str, patch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """The outcomes of the first edit of each kind that the model takes."""
    chosen: dict[tuple[str, ...], tuple[str, Outcome]] = {}
    for edit in edits(name):
        if edit.kind not in chosen and (found := outcome(name, edit, patch)):
            chosen[edit.kind] = str(edit), found
    return dict(chosen.values())


@pytest.mark.parametrize(
    ("choice", "at_least"),
    [pytest.param(one_of_each_kind, 100, id="one of each kind"), pytest.param(every_edit, 200, id="every", marks=pytest.mark.nightly)],
)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_holds_data_goes_unannounced(name: str, choice: Choice, at_least: int, monkeypatch: pytest.MonkeyPatch) -> None:
    found = choice(name, monkeypatch)
    silent = {edit: unannounced(name, outcome) for edit, outcome in found.items()}
    assert {edit: lost for edit, lost in silent.items() if lost} == {}
    assert len(found) >= at_least


@pytest.mark.nightly
@pytest.mark.parametrize("name", NAMES)
def test_one_of_each_kind_loses_all_that_any_edit_loses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the short form stands for the long one."""

    def lost(choice: Choice) -> set[tuple[str, str, str]]:
        return {(loss.operation, loss.kind, loss.name) for found in choice(name, monkeypatch).values() for loss in found.lost}

    assert lost(one_of_each_kind) == lost(every_edit)


def the_edit(name: str, key: str, after: object) -> Edit:
    [found] = [edit for edit in edits(name) if (edit.key, edit.after) == (key, after)]
    return found


def the_outcome(name: str, key: str, after: object, patch: pytest.MonkeyPatch) -> Outcome:
    """Of an edit that the model takes."""
    found = outcome(name, the_edit(name, key, after), patch)
    assert found
    return found


def the_environment(name: str, key: str, after: object, patch: pytest.MonkeyPatch) -> Environment:
    """After such an edit."""
    found = edited(name, the_edit(name, key, after), patch)
    assert found
    return found


LOSING = {
    "_volumes": ("prod", "logs", None, "StatefulSet"),
    "_places": ("staging", "cluster.name", "stagingx", "Namespace"),
}
"""By rule of the guard: a change that it alone tells, and a kind of what would go."""


@pytest.mark.parametrize("rule", LOSING)
def test_without_a_rule_of_the_guard_a_loss_goes_unannounced(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, key, value, kind = LOSING[rule]
    found = the_outcome(name, key, value, monkeypatch)
    assert kind in {loss.kind for loss in found.lost}
    assert unannounced(name, found) == []
    monkeypatch.setattr(rules, rule, always(()))
    assert kind in {loss.kind for loss in unannounced(name, found)}


def test_a_renamed_bucket_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = the_outcome("prod", "logs.bucket.name", "dharma-observability-logs-prodx", monkeypatch)
    assert [(loss.operation, loss.kind) for loss in found.lost] == [("replace", "Bucket")]
    monkeypatch.setattr(rules, "_places", always(()))
    assert unannounced("prod", found) == found.lost


def test_a_larger_volume_replaces_nothing_only_because_its_templates_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    key, value = "prometheus.storage", f"{400 * 2**20}Ki"
    assert the_outcome("prod", key, value, monkeypatch).lost == []
    heeded = planned(the_environment("prod", key, value, monkeypatch), monkeypatch, like=environment("prod"))
    heeded = replace(heeded, held={key: replace(one, ignored=()) for key, one in heeded.held.items()})
    assert [loss.name for loss in losses(plan_of("prod", monkeypatch), heeded)] == ["observability/prometheus"]


WHOLE = {
    "a name of everything": ("dev", "cluster.name", "devx"),
    "a class of volumes": ("staging", "cluster.storageClass", None),
    "a whole part": ("prod", "logs", None),
    "nothing lost": ("prod", "prometheus.scrapeInterval", None),
}


@pytest.mark.parametrize(("name", "key", "value"), WHOLE.values(), ids=WHOLE)
def test_a_plan_without_the_rest_is_the_plan(name: str, key: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resources that hold no data and documents of their own are left out to be quick: with them the same is lost."""
    as_it_is, after = environment(name), the_environment(name, key, value, monkeypatch)
    quick = planned(after, monkeypatch, like=as_it_is)
    assert losses(plan_of(name, monkeypatch), planned(after, monkeypatch)) == the_outcome(name, key, value, monkeypatch).lost
    monkeypatch.setattr(plan, "register_what_counts", register_resource)
    assert planned(after, monkeypatch, like=as_it_is) == quick
