"""What changed between two JSON objects, and where."""

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from sandbox.providers.differences import Path, at_or_below, changes, detailed, parse_path, path_text, pruned
from sandbox.providers.values import Obj


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": PropertyDiffKind.UPDATE}),
        ({"a": 1}, {"a": True}, {"a": PropertyDiffKind.UPDATE}),
        ({}, {"a": {"b": 1}}, {"a": PropertyDiffKind.ADD}),
        ({"a": {"b": 1}}, {"a": {}}, {"a.b": PropertyDiffKind.DELETE}),
        ({"a": [1, 2]}, {"a": [1, 3, 4]}, {"a[1]": PropertyDiffKind.UPDATE, "a[2]": PropertyDiffKind.ADD}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, {"a[0].b": PropertyDiffKind.UPDATE}),
        ({"a": [1]}, {"a": {"b": 1}}, {"a": PropertyDiffKind.UPDATE}),
        ({"x.y/z": "1"}, {"x.y/z": "2"}, {'["x.y/z"]': PropertyDiffKind.UPDATE}),
    ],
)
def test_changes(old: Obj, new: Obj, expected: dict[str, PropertyDiffKind]) -> None:
    assert {path_text(change.path): change.kind for change in changes(old, new)} == expected


def test_replacing_change_is_marked_as_such() -> None:
    found = changes({"a": 1, "b": 1, "c": 1}, {"a": 2, "b": 2, "d": 1})
    marked = detailed(found, lambda change: change.path != ("b",))
    assert {path: one.kind for path, one in marked.items()} == {
        "a": PropertyDiffKind.UPDATE_REPLACE,
        "b": PropertyDiffKind.UPDATE,
        "c": PropertyDiffKind.DELETE_REPLACE,
        "d": PropertyDiffKind.ADD_REPLACE,
    }


@pytest.mark.parametrize("path", [("spec", "ports", 0, "name"), ("metadata", "annotations", "a.b/c"), ("data", "x[0]", "y"), ("a",)])
def test_path_is_read_as_it_was_written(path: Path) -> None:
    assert parse_path(path_text(path)) == path


def test_star_is_any_step() -> None:
    assert at_or_below(("spec", "containers", 3, "image"), parse_path("spec.containers[*].image"))
    assert not at_or_below(("spec", "containers", 3, "name"), parse_path("spec.containers[*].image"))
    assert not at_or_below(("spec",), ("spec", "replicas"))


def test_live_object_is_cut_to_what_is_declared() -> None:
    live: Obj = {"spec": {"replicas": 3, "paused": False, "ports": [{"port": 80, "protocol": "TCP"}, {"port": 81}]}, "status": {}}
    assert pruned(live, {"spec": {"replicas": 1, "ports": [{"port": 80}]}}) == {"spec": {"replicas": 3, "ports": [{"port": 80}]}}
