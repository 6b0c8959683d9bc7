"""Which changes replace an object: the stand-in and the official provider must plan the same.

The cases are the official provider's; what Kubernetes itself documents as immutable is held against them.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes import client

from sandbox.providers.kubernetes.immutable import FIELDS, replacing_fields
from sandbox.providers.values import UNKNOWN, Json, Obj, mapping
from tests.sandbox.providers.immutable_cases import IN_PLACE, REPLACING, Case
from tests.sandbox.providers.plugin import Plugin, Resource, struct, urn_of

_REPLACE_KINDS = {1, 3, 5}  # ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE of provider.proto


@pytest.fixture(scope="module")
def plugin(executable: Path) -> Iterator[Plugin]:
    """The plugin before its cluster is made: it plans from what the program says and what the state remembers."""
    with Plugin(executable, {"kubeconfig": UNKNOWN}) as running:
        yield running


@pytest.fixture(scope="module")
def asking_plugin(executable: Path, kubeconfig: Path) -> Iterator[Plugin]:
    """The plugin with an API server, which it asks."""
    with Plugin(executable, {"kubeconfig": str(kubeconfig)}) as running:
        yield running


@pytest.fixture(scope="module")
def mutable_plugin(executable: Path) -> Iterator[Plugin]:
    """The same with ConfigMaps and Secrets that change in place."""
    with Plugin(executable, {"kubeconfig": UNKNOWN, "enableConfigMapMutable": True, "enableSecretMutable": True}) as running:
        yield running


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


ONE_OF_EACH_KIND = list({case[:2]: case for case in reversed(REPLACING)}.values())


@pytest.mark.cluster
@pytest.mark.parametrize("case", ONE_OF_EACH_KIND, ids=_name)
def test_change_replaces_on_a_server_too(asking_plugin: Plugin, case: Case) -> None:
    """The plugin that has a server asks it whether a kind has namespaces, and whether a change is one of spelling alone."""
    assert _plan(asking_plugin, case) == (True, True)


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


_IMMUTABLE = re.compile(r"immutable|cannot be updated|not be changed", re.IGNORECASE)
_DEPTH = 3
"""Of steps into an object: as deep as the table goes."""

_CONTAINERS = ("containers", "initContainers")
LEFT_TO_THE_SERVER = {
    "Job": {"spec.backoffLimitPerIndex", "spec.managedBy"},
    "Pod": {
        *(f"spec.{name}" for name in _CONTAINERS),  # as a whole; what they hold is in the table
        *(f"spec.{name}.*.{field}" for name in _CONTAINERS for field in ("envFrom", "name")),
        *("spec.resourceClaims", "spec.resourceClaims.*.resourceClaimTemplateName", "spec.resources.claims"),
    },
    "Service": {"spec.clusterIPs", "spec.healthCheckNodePort", "spec.loadBalancerClass"},
}
"""What Kubernetes calls immutable although the official provider does not replace on it: the API server refuses such a change."""


def _documented(model: type[Any], path: str = "") -> Iterator[str]:
    """The fields that Kubernetes' own description of a kind calls immutable, as its Python client has it."""
    types, keys = cast("dict[str, str]", model.openapi_types), cast("dict[str, str]", model.attribute_map)
    for name, type_name in types.items():
        here = f"{path}{keys[name]}"
        if here in ("apiVersion", "kind", "status", "immutable") or "ephemeral" in here:
            continue
        if _IMMUTABLE.search(inspect.getdoc(getattr(model, name)) or ""):
            yield here
        inner = getattr(client, re.sub(r"^list\[|\]$", "", type_name), None)
        if hasattr(inner, "openapi_types") and here.count(".") < _DEPTH and "emplate" not in here:
            yield from _documented(cast("type[Any]", inner), f"{here}{'.*' if type_name.startswith('list') else ''}.")


@pytest.mark.parametrize(("version", "kind"), FIELDS)
def test_what_kubernetes_documents_as_immutable_is_replaced(version: str, kind: str) -> None:
    documented = set(_documented(getattr(client, f"V1{kind}")))
    assert {"metadata.name", "metadata.namespace"} <= documented
    declared = {
        ".".join(map(str, path))
        for path in replacing_fields({"apiVersion": version, "kind": kind}, config_map_mutable=False, secret_mutable=False)
    }
    assert documented - declared == LEFT_TO_THE_SERVER.get(kind, set())


def test_kubernetes_documents_more_than_names() -> None:
    assert "spec.clusterIP" in set(_documented(client.V1Service))
    assert "spec.containers.*.args" in set(_documented(client.V1Pod))


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
