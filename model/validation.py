"""From what a file says to what it means, or to findings in plain words."""

import json
import re
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from model.errors import Finding, InvalidConfiguration, nearest, shown

M = TypeVar("M", bound=BaseModel)

_ALLOWED = {
    "string_type": "text (in quotes when it looks like a number)",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a day, such as 2026-01-01",
    "date_parsing": "a day, such as 2026-01-01",
    "model_type": "a mapping of keys to values",
    "dict_type": "a mapping of keys to values",
    "tuple_type": "a list",
    "list_type": "a list",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} of them",
}


def validate(model: type[M], content: Mapping[str, object], *, file: str, prefix: str = "") -> M:
    """The content as a value of the model; ``prefix`` stands before every key that a finding names.

    Keys must be as on disk (camelCase) and types exact: text that looks like a number is not a number.
    Raises InvalidConfiguration with every finding.
    """
    try:
        return model.model_validate_json(json.dumps(content), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise InvalidConfiguration(_finding(model, detail, file, prefix) for detail in details if not _follows(detail, details)) from error


def _follows(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """Whether a list is too short only because something in it is wrong, which is told already."""
    place = detail["loc"]
    return detail["type"] == "too_short" and any(other["loc"][: len(place)] == place for other in details if other is not detail)


def _finding(model: type[BaseModel], detail: ErrorDetails, file: str, prefix: str) -> Finding:
    location, given = detail["loc"], detail["input"]
    key = prefix + dotted(location)
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "missing":
        return Finding(file=file, key=key, problem=f"is missing{_purpose(model, location)}")
    if kind == "extra_forbidden":
        known = list(_fields(_annotation(model, location[:-1])))
        name = str(location[-1])
        return Finding(file=file, key=key, problem=f"unknown key '{name}'", allowed=", ".join(known), suggestion=nearest(name, known))
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(context["expected"]))
        problem = f"unknown key {shown(given)}" if location[-1] == "[key]" else f"{shown(given)} was given"
        return Finding(file=file, key=key, problem=problem, allowed=", ".join(choices), suggestion=nearest(str(given), choices))
    if kind == "value_error":
        allowed = str(context["error"]).removeprefix("must be ")
    else:
        # What is not in the table is rare; pydantic's own sentence is better than none.
        allowed = _ALLOWED.get(kind, detail["msg"]).format(**context)
    return Finding(file=file, key=key, problem=f"{shown(given)} was given", allowed=allowed)


def dotted(location: Sequence[str | int]) -> str:
    """A place as people write it: ``services.auth.dependencies[0]``."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step != "[key]":
            text += f".{step}" if text else step
    return text


def _annotation(model: type[BaseModel], location: Sequence[str | int]) -> object:
    """The type that the model gives to a place in it."""
    found: object = model
    for step in location:
        fields = _fields(found)
        if fields:
            found = fields[str(step)].annotation if str(step) in fields else None
        elif get_origin(found) in (dict, tuple):
            found = get_args(found)[1 if get_origin(found) is dict else 0]
        found = _plain(found)
    return found


def _fields(annotation: object) -> dict[str, FieldInfo]:
    """The fields of a model by their key on disk; none for any other type."""
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        return {}
    return {field.alias or name: field for name, field in annotation.model_fields.items()}


def _plain(annotation: object) -> object:
    """The type without ``Annotated[...]`` and ``... | None``."""
    while get_origin(annotation) in (Annotated, Union, UnionType):
        annotation = next(argument for argument in get_args(annotation) if argument is not type(None))
    return annotation


def _purpose(model: type[BaseModel], location: Sequence[str | int]) -> str:
    """What a missing key is for, in brackets: the first line of the docstring of the field or of its model."""
    field = _fields(_annotation(model, location[:-1])).get(str(location[-1]))
    owner = _annotation(model, location)
    text = (field and field.description) or (owner.__doc__ if _fields(owner) else "") or ""
    line = text.partition("\n")[0].rstrip(".")
    return f" ({line[0].lower()}{line[1:]})" if line else ""
