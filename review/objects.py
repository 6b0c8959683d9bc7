"""What a change does to the objects of an environment: what is created, changed, replaced or deleted, and why it is replaced."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

import yaml

from components.workloads import VOLUME_FIELDS
from sandbox.providers.differences import Change, at_or_below, changes, parse_path, path_text
from sandbox.providers.kubernetes.immutable import replaces, replacing_fields
from sandbox.providers.values import Obj, text

Operation = Literal["created", "changed", "replaced", "deleted"]

STATEFUL = ("StatefulSet", "PersistentVolumeClaim", "PersistentVolume", "bucket")
"""Kinds whose objects hold data, or are the way to it."""

_CLOUD_NAMES: Mapping[str, str] = {"bucket": "bucket", "role": "name", "role-policy": "name"}
"""By kind of AWS resource, the input that names it: another value is another resource."""


@dataclass(frozen=True, kw_only=True)
class ObjectChange:
    """An object that would not be as it was."""

    operation: Operation
    kind: str
    name: str
    """namespace/name, or the name alone."""

    fields: tuple[str, ...] = ()
    """The fields that differ."""

    reason: str = ""
    """Why it is replaced."""

    @property
    def is_loss(self) -> bool:
        """Whether something that holds data would go away."""
        return self.kind in STATEFUL and self.operation in ("replaced", "deleted")

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}`" + (f": {self.reason}" if self.reason else "")


def object_changes(base: Mapping[str, str], head: Mapping[str, str]) -> tuple[ObjectChange, ...]:
    """What lies between two renderings of an environment: files by path."""
    before, after = dict(_objects(base)), dict(_objects(head))
    found: list[ObjectChange] = []
    for key in sorted({*before, *after}):
        kind, name = key
        if key not in before:
            found.append(ObjectChange(operation="created", kind=kind, name=name))
        elif key not in after:
            found.append(ObjectChange(operation="deleted", kind=kind, name=name))
        elif before[key] != after[key]:
            found.append(_changed(kind, name, before[key], after[key]))
    return tuple(found)


def _is_ignored(kind: str, change: Change) -> bool:
    """Whether the engine leaves the field as it was made; the guard tells what that means."""
    return kind == "StatefulSet" and any(at_or_below(change.path, parse_path(field)) for field in VOLUME_FIELDS)


def _objects(files: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], Obj]]:
    for path, content in files.items():
        if path.startswith("manifests/"):
            for document in cast("Iterator[Obj | None]", yaml.safe_load_all(content)):
                if document:
                    name, namespace = text(document, "metadata", "name"), text(document, "metadata", "namespace")
                    yield (text(document, "kind"), f"{namespace}/{name}" if namespace else name), document
        elif path.startswith("aws/"):
            whole = path.removeprefix("aws/").removesuffix(".json")
            kind = whole.removeprefix("log-storage-")
            yield (kind, whole), cast(Obj, json.loads(content))


def _changed(kind: str, name: str, before: Obj, after: Obj) -> ObjectChange:
    found = changes(before, after)
    fields = tuple(path_text(change.path) for change in found)
    if identity := _CLOUD_NAMES.get(kind):
        frozen = [path_text(change.path) for change in found if change.path[:1] == (identity,)]
    else:
        fixed = replacing_fields(after, config_map_mutable=True, secret_mutable=True) if "kind" in after else []
        frozen = [path_text(change.path) for change in found if replaces(change, fixed) and not _is_ignored(kind, change)]
    reason = f"`{'`, `'.join(frozen)}` cannot change in place" if frozen else ""
    return ObjectChange(operation="replaced" if frozen else "changed", kind=kind, name=name, fields=fields, reason=reason)
