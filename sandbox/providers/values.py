"""JSON values inside, `PropertyValue`s on the wire.

Inside the stand-ins a resource is plain JSON, with whole numbers as `int` (the wire has floats only). Which parts are secret is lost on
the way in and put back on the way out by `wrap`, which follows the inputs' tree. An unknown stays the engine's own marker text.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from pulumi.provider.experimental.property_value import PropertyValue

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Obj: TypeAlias = dict[str, Json]
Properties: TypeAlias = Mapping[str, PropertyValue]

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends in place of a text that is only known once something is deployed."""
_UNKNOWNS: Final = {
    UNKNOWN,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
}


def plain(value: PropertyValue) -> Json:
    """The value without its secret marks; absent (null) fields of maps are dropped. Raises TypeError for assets and archives."""
    match value.value:
        case None | bool() | str():
            return value.value
        case float():
            return int(value.value) if value.value.is_integer() else value.value
        case Mapping():
            return plain_map(value.value)
        case Sequence():
            return [plain(item) for item in value.value]
        case other:
            raise TypeError(f"a {type(other).__name__} cannot be a property here: only JSON values can")


def plain_map(properties: Properties) -> Obj:
    """`plain` of each property."""
    return {key: plain(value) for key, value in properties.items() if value.value is not None}


def wrap(value: Json, like: PropertyValue | None = None) -> PropertyValue:
    """The value for the wire, secret where `like` is: maps field by field, any other value as a whole once a part of it was."""
    if isinstance(value, dict) and not (like and like.is_secret):
        inner = like.value if like and isinstance(like.value, Mapping) else None
        return PropertyValue(wrap_map(value, inner))
    secret = like is not None and like.contains_secret()
    match value:
        case None | bool() | str():
            return PropertyValue(value, secret)
        case int() | float():
            return PropertyValue(float(value), secret)
        case list():
            return PropertyValue([wrap(item) for item in value], secret)
        case dict():
            return PropertyValue(wrap_map(value), secret)


def wrap_map(value: Obj, like: Properties | None = None) -> dict[str, PropertyValue]:
    """`wrap` of each field, following the field of the same name in `like`."""
    return {key: wrap(item, like.get(key) if like else None) for key, item in value.items()}


def has_unknown(value: Json) -> bool:
    """Whether any part of the value is not known yet."""
    match value:
        case str():
            return value in _UNKNOWNS
        case list():
            return any(has_unknown(item) for item in value)
        case dict():
            return any(has_unknown(item) for item in value.values())
        case _:
            return False


def secret_texts(properties: Properties) -> set[str]:
    """Every text inside a secret, for `redact`."""
    found: set[str] = set()

    def visit(value: PropertyValue, inside: bool) -> None:
        inside = inside or value.is_secret
        match value.value:
            case str():
                if inside:
                    found.add(value.value)
            case Mapping():
                for item in value.value.values():
                    visit(item, inside)
            case Sequence():
                for item in value.value:
                    visit(item, inside)
            case _:
                pass

    for value in properties.values():
        visit(value, False)
    return found


def redact(message: str, secrets: set[str]) -> str:
    """The message with each secret text replaced. Texts under 4 characters stay: they would blot out ordinary words."""
    for text in sorted(secrets, key=len, reverse=True):
        if len(text) >= 4:
            message = message.replace(text, "[secret]")
    return message


def mapping(value: Json, *path: str) -> Obj:
    """The map at the path, empty when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, dict) else {}


def items(value: Json, *path: str) -> list[Obj]:
    """The maps in the list at the path."""
    found = dig(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def text(value: Json, *path: str) -> str:
    """The text at the path, empty when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, str) else ""


def number(value: Json, *path: str) -> int:
    """The whole number at the path, 0 when there is none."""
    found = dig(value, *path)
    return found if isinstance(found, int) else 0


def dig(value: Json, *path: str | int) -> Json:
    """The part of the value at the path, None when there is none."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def own_type(qualified: str) -> str:
    """A resource's type token without its parents': the SDK takes it from the URN, where it reads `parent$child`."""
    return qualified.rpartition("$")[2]
