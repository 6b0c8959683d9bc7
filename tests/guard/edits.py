"""Every single-setting change of an environment: each typed leaf with other values, and whole blocks more or less."""

import copy
import os
import random
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Literal, Union, cast, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from model import environment as loading
from model.catalogue import Catalogue
from model.documents import Document, is_mapping, mapping, read
from model.environment import Environment
from model.errors import InvalidConfiguration
from model.quantities import Cpu, Duration, Percent, Size
from model.settings import Settings
from tests.components.environments import ROOT, environment
from tests.components.test_program import plain

BLOCKS: Mapping[str, object] = {
    "notifications.email": {"smarthost": "smtp.example.org:587", "sender": "alerts@example.org"},
    "grafana.database": {"host": "postgresql.example.org"},
    "grafana.oidc": {
        "clientId": "grafana",
        "authUrl": "https://id.example.org/auth",
        "tokenUrl": "https://id.example.org/token",
        "apiUrl": "https://id.example.org/info",
    },
    "grafana.ldap": {"host": "ldap.example.org", "tls": "ldaps", "bindDn": "cn=reader,dc=example", "searchBase": "ou=people,dc=example"},
    "grafana.url": "https://dashboards.example.org",
    "cluster.context": "another",
    "logs.bucket.kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001",
    "logs.bucket.endpoint": "https://s3.example.org",
    "logs.bucket.expiration": "400d",
    "logs.classes.another": {"selector": '{service="costing"}', "retention": "7d"},
    "thresholds.tiers.critical": {"requestRate": 5},
    "budget.other": 10,
    "services.another": {"description": "Another one", "team": "platform", "port": 3999},
    "datastores.another": {"kind": "redis", "team": "platform", "host": "another", "port": 6379},
    "services.auth.metrics.logins_total": {"type": "counter"},
}
"""What is added where nothing is, by key; where it fits nowhere the model refuses it."""

SAMPLED = 60
"""Changes of catalogues, of which there are many of the same kind."""

SEED = int(os.environ.get("OBSERVABILITY_TEST_SEED", "20"))

UNWALKED = ("cluster.context", "accept")
"""Settings that are about who deploys, and not about what."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """One setting with another value."""

    file: str
    key: str
    before: object
    after: object
    """None takes the setting away."""

    content: dict[str, object]
    """The whole file with it: the settings by key without the project's name, or a catalogue."""

    @property
    def kind(self) -> tuple[str, ...]:
        """What it has in common with the edits for which one may stand: the setting or the block that it is in, and what it does there."""
        does = "removes" if self.after is None else "adds" if self.before is None else "changes"
        first, second, *rest = (*self.key.split("."), "")
        if not self.file.startswith("Pulumi."):
            second = rest[0] if rest else ""  # of any service or datastore
        return self.file, first, second, does

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {_short(self.before)} -> {_short(self.after)}"


@cache
def stack_of(name: str) -> dict[str, object]:
    """The settings of an environment as they are, by key without the project's name."""
    return {key.partition(":")[2]: value for key, value in plain(name).items()}


@cache
def edits(name: str) -> tuple[Edit, ...]:
    """All changes of the stack file and a sample of those of its catalogues, valid or not."""
    files = {f"configs/catalogues/{catalogue.system}.yaml": catalogue for catalogue in environment(name).catalogues}
    catalogues = [edit for file, catalogue in files.items() for edit in _edits_of(file, read(ROOT, file).content, catalogue)]
    sampled = random.Random(SEED).sample(catalogues, SAMPLED)  # noqa: S311 - reproducible, not secret
    return (*_edits_of(f"Pulumi.{name}.yaml", stack_of(name), environment(name).settings), *sampled)


def edited(name: str, edit: Edit, patch: pytest.MonkeyPatch) -> Environment | None:
    """The environment with one setting changed; None when the model refuses it."""
    of_stack = edit.file.startswith("Pulumi.")
    with patch.context() as within:
        if not of_stack:
            within.setattr(loading, "read", read_as(edit))
        try:
            return loading.from_config(ROOT, name, edit.content if of_stack else stack_of(name))
        except InvalidConfiguration:
            return None


def read_as(edit: Edit) -> Callable[[Path, str], Document]:
    """Reads the project's files, but that one as it is after the edit."""

    def reading(root: Path, file: str) -> Document:
        return Document(file=file, content=edit.content) if file == edit.file else read(root, file)

    return reading


def _edits_of(file: str, content: dict[str, object], model: Settings | Catalogue) -> Iterator[Edit]:
    for path, before, after in (*_of_model((), model), *_added(content)):
        key = ".".join(path)
        if key not in UNWALKED and before != after:
            yield Edit(file=file, key=key, before=before, after=after, content=_with(content, path, after))


def _of_model(path: tuple[str, ...], model: BaseModel) -> Iterator[tuple[tuple[str, ...], object, object]]:
    """(path, value before, value after) of everything in a model."""
    for name, field in type(model).model_fields.items():
        yield from _of_value((*path, field.alias or name), getattr(model, name), field)


def _of_value(path: tuple[str, ...], value: object, field: FieldInfo | None) -> Iterator[tuple[tuple[str, ...], object, object]]:
    if field is not None and not field.is_required() and value is not None:
        yield path, value, None
    if isinstance(value, BaseModel):
        yield from _of_model(path, value)
    elif isinstance(value, dict):
        for key, item in cast("dict[str, object]", value).items():
            yield (*path, key), item, None
            yield from _of_value((*path, key), item, None)
    elif value is not None:
        for other in _others(value, _choices(field.annotation if field else None)):
            yield path, value, other


def _others(value: object, choices: tuple[object, ...]) -> Iterator[object]:
    """Other values of the same kind."""
    if choices and not isinstance(value, tuple):
        yield from (choice for choice in choices if choice != value)
        return
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case float():
            yield from (value * 2, value / 2)
        case Duration():
            yield from (f"{int(value.seconds * factor)}s" for factor in (2, 0.5))
        case Size():
            yield from (f"{value.bytes * factor // 2**11}Ki" for factor in (4, 1))
        case Cpu():
            yield f"{int(value.cores * 2000)}m"
        case Percent():
            yield "97%"
        case tuple():
            items = list(cast("tuple[object, ...]", value))
            yield items[:-1]
            yield from ([*items, choice] for choice in choices if choice not in items)
        case str():
            yield from (f"{value}x", value[:-1] + next(other for other in string.hexdigits if other != value[-1:]))
        case _:
            raise AssertionError(f"no other value is known of {type(value).__name__}")


def _choices(annotation: object) -> tuple[object, ...]:
    """The values that a type names one by one; those of its items where it is a list."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return arguments
    if origin in (Annotated, Union, UnionType, tuple):
        return next((found for one in arguments if (found := _choices(one))), ())
    return ()


def _added(content: dict[str, object]) -> Iterator[tuple[tuple[str, ...], object, object]]:
    for key, block in BLOCKS.items():
        path = tuple(key.split("."))
        if path[0] in content and _at(content, path) is None:
            yield path, None, block


def _at(content: object, path: tuple[str, ...]) -> object:
    for key in path:
        content = mapping(content).get(key)
    return content


def _with(content: dict[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    changed = copy.deepcopy(content)
    place = changed
    for key in path[:-1]:
        if not is_mapping(place.get(key)):
            place[key] = dict[str, object]()
        place = cast("dict[str, object]", place[key])
    if value is None:
        place.pop(path[-1], None)
    else:
        place[path[-1]] = value
    return changed


def _short(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) < 60 else f"{text[:60]}..."
