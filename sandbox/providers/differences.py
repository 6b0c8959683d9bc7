"""What changed between two JSON objects, in the engine's words: a property path and a kind for each change."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from pulumi.provider.experimental.provider import PropertyDiff, PropertyDiffKind

from sandbox.providers.values import Json, Obj

Path: TypeAlias = tuple[str | int, ...]

_REPLACING = {
    PropertyDiffKind.ADD: PropertyDiffKind.ADD_REPLACE,
    PropertyDiffKind.DELETE: PropertyDiffKind.DELETE_REPLACE,
    PropertyDiffKind.UPDATE: PropertyDiffKind.UPDATE_REPLACE,
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One difference. `old` and `new` are None where the field is absent."""

    path: Path
    kind: PropertyDiffKind
    old: Json
    new: Json


def changes(old: Obj, new: Obj) -> list[Change]:
    """All differences: maps are compared by key, lists by index; an added or removed subtree is one change."""
    return list(_compare((), old, new))


def _compare(path: Path, old: Json, new: Json) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _compare((*path, key), old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _compare((*path, index), _at(old, index), _at(new, index))
    elif old != new or type(old) is not type(new):
        kind = PropertyDiffKind.ADD if old is None else PropertyDiffKind.DELETE if new is None else PropertyDiffKind.UPDATE
        yield Change(path=path, kind=kind, old=old, new=new)


def _at(values: list[Json], index: int) -> Json:
    return values[index] if index < len(values) else None


def detailed(found: list[Change], replaces: Callable[[Change], bool]) -> dict[str, PropertyDiff]:
    """The engine's detailed diff, where a change for which `replaces` holds asks for a new resource."""
    return {
        path_text(change.path): PropertyDiff(
            _REPLACING[change.kind] if replaces(change) else change.kind, change.kind is PropertyDiffKind.DELETE
        )
        for change in found
    }


def path_text(path: Path) -> str:
    """`spec.ports[0].name`; a key that holds dots, quotes or brackets is written `["a.b"]`."""
    written = ""
    for step in path:
        if isinstance(step, int):
            written += f"[{step}]"
        elif any(letter in step for letter in '."[]'):
            escaped = step.replace('"', '\\"')
            written += f'["{escaped}"]'
        else:
            written += f".{step}" if written else step
    return written


def parse_path(written: str) -> Path:
    """The inverse of `path_text`. Raises ValueError for an unclosed bracket."""
    steps: list[str | int] = []
    rest = written
    while rest:
        if rest.startswith('["'):
            end = rest.index('"]')
            steps.append(rest[2:end].replace('\\"', '"'))
            rest = rest[end + 2 :]
        elif rest.startswith("["):
            end = rest.index("]")
            steps.append(int(rest[1:end]) if rest[1:end] != "*" else "*")
            rest = rest[end + 1 :]
        else:
            rest = rest.removeprefix(".")
            end = next((at for at, letter in enumerate(rest) if letter in ".["), len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
    return tuple(steps)


def at_or_below(path: Path, ancestor: Path) -> bool:
    """Whether the path is the ancestor or lies in it; `*` in the ancestor is any step."""
    return len(path) >= len(ancestor) and along(path, ancestor)


def along(path: Path, other: Path) -> bool:
    """Whether one of the two paths leads on from the other; `*` in the other is any step."""
    return all(expected in ("*", step) for step, expected in zip(path, other, strict=False))


def pruned(live: Obj, shape: Obj) -> Obj:
    """The part of the live object that the shape mentions, list entries by position: nothing else is declared, so nothing else is drift."""
    return {key: _prune(value, shape[key]) for key, value in live.items() if key in shape}


def _prune(live: Json, shape: Json) -> Json:
    if isinstance(live, dict) and isinstance(shape, dict):
        return pruned(live, shape)
    if isinstance(live, list) and isinstance(shape, list):
        return [_prune(item, shape[at]) for at, item in enumerate(live) if at < len(shape)]
    return live
