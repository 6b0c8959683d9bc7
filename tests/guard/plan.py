"""What the engine would do to things that hold data, told without an engine: by the fields on which the providers replace."""

import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TypeVar, cast

import pulumi
import pytest
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.resource import register_resource

from checks.record import LATER, Recorded, record
from components.platform import documents
from dashboards.board import Board
from dashboards.library import dashboards
from guard.change import Change
from model.environment import Environment
from model.secrets import required
from sandbox.providers.aws.provider import KINDS
from sandbox.providers.differences import at_or_below, changes, parse_path
from sandbox.providers.kubernetes.immutable import replaces, replacing_fields
from sandbox.providers.values import Obj, mapping, text
from tests.components.environments import ROOT, environment

T = TypeVar("T")

STATEFUL = ("StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "Namespace", "Bucket", "Key")
"""What holds data, or is the way to it."""

PROVIDERS = "pulumi:providers:"
"""The beginning of the types of providers."""

Key = tuple[tuple[str, ...], str, str]
"""Parents, type and name: what the engine knows a resource by."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """Something that holds data and would be replaced or deleted."""

    operation: str
    resource: Recorded

    @property
    def kind(self) -> str:
        """Such as ``StatefulSet``."""
        return self.resource.type.rpartition(":")[2]

    @property
    def name(self) -> str:
        """namespace/name, or the name in the program."""
        metadata = mapping(cast("Obj", self.resource.manifest), "metadata")
        name, namespace = text(metadata, "name") or self.resource.name, text(metadata, "namespace")
        return f"{namespace}/{name}" if namespace else name

    def is_told_by(self, change: Change) -> bool:
        """Whether somebody who reads the change knows of it."""
        if change.what == "cluster.name":
            return True
        if self.kind == "Bucket":
            return change.what.startswith("logs.bucket.")
        return change.what.startswith(f"{self.kind} {self.name}") or change.what == f"selector of {self.name}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The resources of a program that hold data, and its providers."""

    held: Mapping[Key, Recorded]
    providers: Mapping[str, Obj]


def always(value: T) -> Callable[..., T]:
    """A function that has one answer to everything."""

    def answer(*_: object, **__: object) -> T:
        return value

    return answer


def planned(given: Environment, patch: pytest.MonkeyPatch, like: Environment | None = None) -> Plan:
    """What ``__main__.py`` would make of an environment, as a first deployment: what holds data, and the providers.

    With the documents of another one where it is ``like`` that, and without registering what holds no data: both are most of the work.
    The documents are in ConfigMaps, which hold none.
    """
    needed = required(given.settings, given.catalogues, given.routing)
    secrets = {f"observability:{secret.key}": "https://a.example" for secret in needed}

    def program() -> None:
        pulumi.runtime.set_all_config(secrets, list(secrets))
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    with patch.context() as within:
        within.setattr("model.environment.from_config", always(given))
        within.setattr(pulumi.log, "warn", always(None))
        within.setattr("pulumi.runtime.resource._get_stack_trace", StackTrace)  # a tenth of the work, and of no use here
        within.setattr("components.change_guard.standing", always(()))  # which images it runs is no matter here
        if like:
            written, boards = documents_of(like.name)
            within.setattr("components.platform.documents", always(written))
            within.setattr("components.platform.dashboards", always(boards))
            within.setattr("pulumi.resource.register_resource", register_what_counts)
        found = record(program, stack=given.name)
    return Plan(
        held={(one.parents, one.type, one.name): one for one in found if _holds_data(one.type)},
        providers={one.type: cast("Obj", one.manifest) for one in found if one.type.startswith(PROVIDERS)},
    )


def _holds_data(kind: str) -> bool:
    return kind.rpartition(":")[2] in STATEFUL


def register_what_counts(resource: pulumi.Resource, kind: str, name: str, custom: bool, *rest: object) -> None:
    """Registers components, providers and what holds data, and answers at once for all others as the recorder would."""
    if not custom or kind.startswith(PROVIDERS) or _holds_data(kind):
        cast("Callable[..., None]", register_resource)(resource, kind, name, custom, *rest)
        return
    answer = {
        "urn": f"urn:pulumi:stack::project::{kind}::{name}",
        "id": name,
        "name": name,
        "metadata": SimpleNamespace(resource_version=LATER),
    }
    vars(resource).update({key: pulumi.Output.from_input(value) for key, value in answer.items()})


@cache
def documents_of(name: str) -> tuple[Mapping[str, str], Sequence[Board]]:
    """The documents and dashboards of an environment as it is."""
    given = environment(name)
    return documents(given), dashboards(given)


def losses(before: Plan, after: Plan) -> Sequence[Loss]:
    """What would be replaced or deleted."""
    moved = _cluster(before) != _cluster(after)
    found: list[Loss] = []
    for key, old in before.held.items():
        new = after.held.get(key)
        if new is None:
            found.append(Loss(operation="delete", resource=old))
        elif _is_replaced(old, new) or (moved and old.type.startswith("kubernetes:")):
            found.append(Loss(operation="replace", resource=old))
    return found


def _cluster(plan: Plan) -> object:
    """What makes the provider's cluster this one: another means other objects."""
    return plan.providers["pulumi:providers:kubernetes"].get("clusterIdentifier")


def _is_replaced(old: Recorded, new: Recorded) -> bool:
    ignored = [parse_path(path) for path in new.ignored]
    found = [
        change
        for change in changes(cast("Obj", old.manifest), cast("Obj", new.manifest))
        if not any(at_or_below(change.path, path) for path in ignored)
    ]
    if old.type.startswith("aws:"):
        return any(change.path[0] in KINDS[old.type].replaces for change in found)
    fields = replacing_fields(cast("Obj", new.manifest), config_map_mutable=True, secret_mutable=True)
    return any(replaces(change, fields) for change in found)
