"""What somebody changed by hand: the managed objects that differ from what was deployed."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pulumi.automation import OpType
from pulumi.automation.events import EngineEvent, StepEventStateMetadata

from sandbox.providers.differences import changes, path_text
from sandbox.providers.values import Json, Obj

SECRET = "[secret]"  # noqa: S105 - what the engine writes in place of one
_CIPHER = "ciphertext"
_LONGEST = 100


@dataclass(frozen=True, kw_only=True)
class Field:
    """A declared field and what the cluster has instead; None where there is nothing. Secret values are never told."""

    path: str
    declared: Json
    live: Json

    def __str__(self) -> str:
        if SECRET == self.declared == self.live:
            return f"{self.path}: a secret value differs"
        return f"{self.path}: {_short(self.declared)} -> {_short(self.live)}"


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A managed object that differs from what was deployed."""

    type: str
    """Pulumi's type, such as ``kubernetes:apps/v1:Deployment``."""

    object: str
    """The live object: namespace/name, or the name alone."""

    resource: str
    """The name of the resource in the program."""

    operation: str
    """``update`` where declared fields differ, ``delete`` where the object is gone."""

    fields: tuple[Field, ...] = ()

    def __str__(self) -> str:
        found = "deleted" if self.operation == "delete" else "changed"
        lines = [
            f"{found}: {self.type.rsplit(':', 1)[-1]} {self.object} (resource {self.resource})",
            *(f"  {field}" for field in self.fields),
        ]
        return "\n".join(lines)


def observed(event: EngineEvent) -> Iterator[Drift]:
    """The drift that an event of a refresh tells of, if any."""
    outputs = event.res_outputs_event
    if outputs is None or outputs.metadata.op not in (OpType.UPDATE, OpType.DELETE):
        return
    step = outputs.metadata
    yield Drift(
        type=step.type,
        object=step.old.id if step.old else "",
        resource=step.urn.rsplit("::", 1)[-1],
        operation=step.op.value,
        fields=tuple(_fields(step.old, step.new)) if step.op is OpType.UPDATE else (),
    )


def _fields(old: StepEventStateMetadata | None, new: StepEventStateMetadata | None) -> Iterator[Field]:
    if old is None or new is None:
        return
    declared, live = readable(old.inputs or {}), readable(new.inputs or {})
    plain = changes(declared, live)
    for change in plain:
        yield Field(path=path_text(change.path), declared=change.old, live=change.new)
    for path in () if plain else _secrets(declared):  # on both sides the engine writes the same word for them
        yield Field(path=path_text(path), declared=SECRET, live=SECRET)


def readable(inputs: Mapping[str, object]) -> Obj:
    """The inputs with each secret as one word, whatever wrapping the engine put around it."""
    return {key: _plain(value) for key, value in inputs.items()}


def _plain(value: object) -> Json:
    if isinstance(value, dict):
        mapping = cast("dict[str, object]", value)
        return SECRET if mapping.get(_CIPHER) == SECRET else readable(mapping)
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[object]", value)]
    return cast(Json, value)


def _secrets(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, (*path, key))
    elif value == SECRET:
        yield path


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"
