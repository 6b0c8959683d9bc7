"""YAML files, read strictly and written readably."""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard, cast

import yaml

from model.errors import Finding, InvalidConfiguration, nearest


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file that was read but not yet understood."""

    file: str
    """Its path, relative to the project's directory."""

    content: dict[str, object]


_PLAIN_VALUES = {
    "null": (r"~|null|", ["~", "n", ""]),
    "bool": (r"true|false", ["t", "f"]),
    "int": (r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]+)?", list("-+0123456789")),
    "merge": (r"<<", ["<"]),
}
"""What is not text although it has no quotes, with the characters that it begins with."""


_RESOLVERS = {
    first: [
        (f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{pattern})$")) for tag, (pattern, firsts) in _PLAIN_VALUES.items() if first in firsts
    ]
    for first in ["~", "n", "t", "f", "<", "", *"-+0123456789"]
}


class _Strict(yaml.constructor.SafeConstructor, yaml.resolver.Resolver):
    """YAML 1.2's plain values only (``no`` is text, ``12:30`` is text), no key twice, no key that is not text."""

    yaml_implicit_resolvers = _RESOLVERS

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode) or key.tag not in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}:
                raise yaml.constructor.ConstructorError(problem="a key must be text; put it in quotes", problem_mark=key.start_mark)
            if key.value in seen:
                problem = f"key '{key.value}' is there twice, first on line {seen[key.value]}"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key.start_mark)
            seen[key.value] = line
        return cast("dict[Hashable, object]", super().construct_mapping(node, deep=deep))


class _QuickLoader(_Strict, yaml.CSafeLoader):
    """By libyaml: ten times as quick."""


class _TellingLoader(_Strict, yaml.SafeLoader):
    """In Python: says better what is wrong, and where."""


class _ReadableDumper(yaml.CSafeDumper):
    """Writes text of several lines as a block, and nothing as an alias."""

    def ignore_aliases(self, data: object) -> bool:
        _ = data
        return True


def _represent_text(_: _ReadableDumper, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_ReadableDumper.add_representer(str, _represent_text)


def to_yaml(content: Mapping[str, object]) -> str:
    """The content as YAML, keys in their order."""
    return yaml.dump(dict(content), Dumper=_ReadableDumper, sort_keys=False, width=140, allow_unicode=True)


def parse(text: str, file: str) -> Document:
    """Understands YAML whose top is a mapping; an empty text is an empty mapping.

    Raises InvalidConfiguration with the line for what is not YAML, a key that is there twice and a top that is no mapping.
    """
    try:
        content: object = _load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"line {mark.line + 1}: " if mark else ""
        raise InvalidConfiguration([Finding(file=file, problem=f"{line}{error.problem or error.context}")]) from error
    except yaml.YAMLError as error:
        raise InvalidConfiguration([Finding(file=file, problem=" ".join(str(error).split()))]) from error
    if content is None:
        content = {}
    if not is_mapping(content):
        raise InvalidConfiguration([Finding(file=file, problem="the file must be a mapping of keys to values")])
    return Document(file=file, content=content)


def _load(text: str) -> object:
    try:
        return yaml.load(text, Loader=_QuickLoader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError:
        return yaml.load(text, Loader=_TellingLoader)  # noqa: S506 - a SafeLoader


def read(root: Path, file: str) -> Document:
    """Reads a YAML file of the project.

    Raises InvalidConfiguration when the file is missing (naming those of its kind that exist), cannot be read, or as ``parse`` does.
    """
    path = root / file
    try:
        return parse(path.read_text(encoding="utf-8"), file)
    except FileNotFoundError as error:
        beside = sorted(other.name for other in path.parent.glob(f"*{path.suffix}")) if path.parent.is_dir() else []
        there = f"files there: {', '.join(beside)}" if beside else f"no such file is in {path.parent.name}/"
        near = nearest(path.stem, [Path(name).stem for name in beside])
        finding = Finding(file=file, problem=f"there is no such file; {there}", suggestion=f"{near}{path.suffix}" if near else "")
        raise InvalidConfiguration([finding]) from error
    except UnicodeDecodeError as error:
        raise InvalidConfiguration([Finding(file=file, problem=f"byte {error.start} is not UTF-8 text")]) from error
    except OSError as error:
        raise InvalidConfiguration([Finding(file=file, problem=f"cannot be read: {error.strerror}")]) from error


def is_mapping(value: object) -> TypeGuard[dict[str, object]]:
    """Whether the value is a mapping; keys are text, as ``parse`` accepts no others."""
    return isinstance(value, dict)


def mapping(value: object) -> dict[str, object]:
    """The value when it is a mapping, else an empty one: for checks that run over what may be wrong elsewhere."""
    return value if is_mapping(value) else {}


def each(content: object, *path: str) -> Iterator[tuple[str, object]]:
    """Every (dotted key, value) that a path leads to, where ``*`` stands for any entry; nothing where the path ends early.

    >>> list(each({"services": {"auth": {"port": 1}, "costing": {}}}, "services", "*", "port"))
    [('services.auth.port', 1)]
    """
    found: list[tuple[str, object]] = [("", content)]
    for step in path:
        found = [deeper for key, value in found for deeper in _entries(key, value, step)]
    yield from found


def _entries(key: str, value: object, step: str) -> Iterator[tuple[str, object]]:
    for name, item in children(value):
        if step in ("*", name):
            yield f"{key}{name}" if name.startswith("[") or not key else f"{key}.{name}", item


def children(value: object) -> list[tuple[str, object]]:
    """What a mapping or a list holds, by key or by ``[index]``; nothing for anything else."""
    if isinstance(value, list):
        return [(f"[{index}]", item) for index, item in enumerate(cast("list[object]", value))]
    return list(mapping(value).items())
