"""Which changes replace an object: the stand-in and the official provider must plan the same."""

import pytest

from sandbox.providers.kubernetes.immutable import FIELDS
from sandbox.providers.values import Json, Obj, mapping
from tests.sandbox.providers.immutable_cases import IN_PLACE, REPLACING, Case
from tests.sandbox.providers.plugin import Plugin, Resource, struct, urn_of

_REPLACE_KINDS = {1, 3, 5}  # ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE of provider.proto
pytestmark = pytest.mark.cluster


def _object(case: Case, value: Json) -> Obj:
    api_version, kind, path, *_ = case
    obj: Obj = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "fixed", "namespace": "default"}}
    *parents, last = path.split(".")
    node = obj
    for step in parents:
        inner: Obj = {"name": "main"} if step.endswith("ontainers") else {}
        if step != "0":  # which is in the inner object already: a list of one
            node[step] = [inner] if step.endswith("ontainers") else {**mapping(node, step), **inner}
            found = node[step]
            node = inner if isinstance(found, list) else mapping(node, step)
    if value is not None:
        node[last] = value
    return obj


def _plan(plugin: Plugin, case: Case) -> tuple[bool, bool]:
    """Whether changing the field changes anything, and whether it replaces."""
    *_, old, new = case
    before, after = _object(case, old), _object(case, new)
    state = struct({**before, "__inputs": before, "__initialApiVersion": case[0], "__fieldManager": "pulumi-kubernetes-00000000"})
    known = Resource(urn_of("r", before), "default/fixed", struct(before), state)
    diff = plugin.diff(known, struct(after))
    kinds = {change.kind for change in diff.detailedDiff.values()}
    assert bool(kinds & _REPLACE_KINDS) == bool(diff.replaces), diff
    return bool(kinds), bool(diff.replaces)


def _name(case: Case) -> str:
    return f"{case[1]}.{case[2]}"


@pytest.mark.parametrize("case", REPLACING, ids=_name)
def test_change_replaces(plugin: Plugin, case: Case) -> None:
    assert _plan(plugin, case) == (True, True)


@pytest.mark.parametrize("case", IN_PLACE, ids=_name)
def test_change_is_made_in_place(plugin: Plugin, case: Case) -> None:
    assert _plan(plugin, case) == (True, False)


@pytest.mark.parametrize(
    "case", [case for case in REPLACING if case[1] in ("ConfigMap", "Secret") and "ata" in case[2].rsplit(".")[0]], ids=_name
)
def test_data_is_changed_in_place_where_it_is_mutable(mutable_plugin: Plugin, case: Case) -> None:
    assert _plan(mutable_plugin, case) == (True, case[2].startswith("metadata"))


def test_immutable_config_map_is_replaced_even_where_they_are_mutable(mutable_plugin: Plugin) -> None:
    before: Obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default"},
        "immutable": True,
        "data": {"a": "1"},
    }
    state = struct({**before, "__inputs": before})
    diff = mutable_plugin.diff(Resource(urn_of("r", before), "default/a", struct(before), state), struct({**before, "data": {"a": "2"}}))
    assert list(diff.replaces) == ["data.a"]


def test_every_replacing_field_has_a_case() -> None:
    tested = {(version, kind, path.replace(".0.", ".*.")) for version, kind, path, *_ in REPLACING}
    declared = {(version, kind, name) for (version, kind), names in FIELDS.items() for name in names.split()}
    assert declared <= tested


@pytest.mark.parametrize(("autonamed", "expected"), [(True, False), (False, True)])
def test_only_a_fixed_name_is_deleted_before_it_is_replaced(plugin: Plugin, autonamed: bool, expected: bool) -> None:
    annotations: Obj = {"pulumi.com/autonamed": "true"} if autonamed else {}
    before: Obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "default", "annotations": annotations},
        "data": {"a": "1"},
    }
    state = struct({**before, "__inputs": before})
    diff = plugin.diff(Resource(urn_of("r", before), "default/a", struct(before), state), struct({**before, "data": {"a": "2"}}))
    assert diff.deleteBeforeReplace is expected
