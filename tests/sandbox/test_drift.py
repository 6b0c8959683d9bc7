"""What is told of an object that somebody changed."""

import json
from typing import Any

import pytest
from pulumi.automation import OpType
from pulumi.automation.events import EngineEvent, ResOutputsEvent, StepEventMetadata, StepEventStateMetadata

from sandbox.drift import Drift, observed
from sandbox.drift_report import Report

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
"""A secret as the engine writes it in its events."""


def seen(operation: OpType, old: dict[str, Any], new: dict[str, Any] | None) -> list[Drift]:
    """What is observed when a refresh finds these inputs in place of those."""
    urn, kind = "urn:pulumi:dev::observability::kubernetes:apps/v1:Deployment::web-server", "kubernetes:apps/v1:Deployment"
    before, after = (
        None if inputs is None else StepEventStateMetadata(type=kind, urn=urn, id="ns/web", parent="", provider="", inputs=inputs)
        for inputs in (old, new)
    )
    step = StepEventMetadata(op=operation, urn=urn, type=kind, provider="", old=before, new=after)
    return list(observed(EngineEvent(sequence=1, timestamp=1, res_outputs_event=ResOutputsEvent(metadata=step))))


def test_a_changed_field_is_told_with_both_values() -> None:
    (found,) = seen(OpType.UPDATE, {"spec": {"replicas": 1, "paused": False}}, {"spec": {"replicas": 0, "paused": False}})
    assert str(found) == "changed: Deployment ns/web (resource web-server)\n  spec.replicas: 1 -> 0"


def test_a_deleted_object_is_told_by_its_name() -> None:
    (found,) = seen(OpType.DELETE, {"spec": {}}, None)
    assert str(found) == "deleted: Deployment ns/web (resource web-server)"


@pytest.mark.parametrize("operation", [OpType.SAME, OpType.REFRESH])
def test_what_is_as_declared_is_no_drift(operation: OpType) -> None:
    assert seen(operation, {"a": 1}, {"a": 1}) == []


def test_of_a_secret_only_that_it_differs_is_told() -> None:
    (found,) = seen(OpType.UPDATE, {"data": SECRET}, {"data": SECRET})
    assert str(found).endswith("\n  data: a secret value differs")
    assert "ciphertext" not in Report(managed=(found,)).json


def test_a_secret_that_was_not_touched_is_not_told() -> None:
    (found,) = seen(OpType.UPDATE, {"data": SECRET, "immutable": True}, {"data": SECRET, "immutable": False})
    assert [field.path for field in found.fields] == ["immutable"]


def test_long_values_are_cut_for_people_and_whole_for_programs() -> None:
    (found,) = seen(OpType.UPDATE, {"data": {"a.yaml": "x" * 500}}, {"data": {"a.yaml": "y"}})
    assert '(502 characters) -> "y"' in str(found)
    [told] = json.loads(Report(managed=(found,)).json)["managed"]
    assert told["fields"] == [{"path": 'data["a.yaml"]', "declared": "x" * 500, "live": "y"}]
