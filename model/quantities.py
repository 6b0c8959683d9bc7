"""Durations, sizes and shares as people write them (``30d``, ``20Gi``, ``99.9%``), with their unit required."""

import re
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_BYTES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


class _Quantity(str):
    """Text that was checked once; keeps the way it was written, so that a document shows what the person wrote."""

    pattern: re.Pattern[str]
    allowed: str

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not cls.pattern.fullmatch(text):
            raise ValueError(f"must be {cls.allowed}")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, value: object) -> Self | None:
        """The value as this quantity, None when it is none: for checks that run over what may be wrong elsewhere."""
        return cls(value) if isinstance(value, str) and cls.pattern.fullmatch(value) else None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.no_info_after_validator_function(cls, text, serialization=core_schema.to_string_ser_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^({cls.pattern.pattern})$", "description": cls.allowed}


@dataclass(frozen=True)
class Text:
    """The form of a text, with words for people; stands in ``Annotated[str, Text(...)]``."""

    pattern: str
    """The regular expression that the whole text matches."""

    allowed: str
    """What that is, in words: it completes "must be ..."."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, core_schema.str_schema(strict=True))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _check(self, text: str) -> str:
        if not re.fullmatch(self.pattern, text, re.ASCII):
            raise ValueError(f"must be {self.allowed}")
        return text


class Duration(_Quantity):
    """A Prometheus duration, such as ``30d``, ``1h30m`` or ``500ms``."""

    pattern = re.compile(r"(?=.)(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?", re.ASCII)
    allowed = "a duration with a unit of ms, s, m, h, d, w or y, such as 30d, 15s or 500ms"

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return sum(int(number) * _SECONDS[unit] for number, unit in re.findall(r"(\d+)(ms|[smhdwy])", self))


class Size(_Quantity):
    """A Kubernetes quantity of bytes with a binary unit, such as ``512Mi`` or ``20Gi``."""

    pattern = re.compile(r"[1-9]\d*(Ki|Mi|Gi|Ti)", re.ASCII)
    allowed = "a size with a unit of Ki, Mi, Gi or Ti, such as 512Mi or 20Gi"

    @property
    def bytes(self) -> int:
        """The size in bytes."""
        return int(self[:-2]) * _BYTES[self[-2:]]


class Cpu(_Quantity):
    """A Kubernetes quantity of processor time: cores (``2``) or thousandths of one (``250m``)."""

    pattern = re.compile(r"[1-9]\d*m?", re.ASCII)
    allowed = "processor time in cores or thousandths of a core, such as 2 or 250m"

    @property
    def cores(self) -> float:
        """The amount in cores."""
        return int(self[:-1]) / 1000 if self.endswith("m") else float(self)


class Percent(_Quantity):
    """A share written in per cent, such as ``99.9%``; from 0 to 100."""

    pattern = re.compile(r"(100(\.0+)?|\d{1,2}(\.\d+)?)%", re.ASCII)
    allowed = "a share from 0% to 100% with its per cent sign, such as 99.9%"

    @property
    def ratio(self) -> float:
        """The share as a number from 0 to 1, rounded to what was written."""
        digits = len(self.partition(".")[2].rstrip("%"))
        return round(float(self[:-1]) / 100, digits + 2)


Name = Annotated[
    str,
    Text(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "a name of lower-case letters, digits and hyphens, beginning with a letter, at most 63 long"),
]
"""A Kubernetes name (RFC 1123, beginning with a letter)."""

Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
"""A TCP port."""

EmailAddress = Annotated[str, Text(r"[^@\s]+@[^@\s]+", "a mail address, such as team@example.org")]

IMAGE = r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+:(?!latest(@|$))\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?"
"""What the name of an image looks like: registry, repository, tag, and the digest where it is known."""

Image = Annotated[
    str,
    Text(
        IMAGE,
        "an image with its registry and a tag other than latest, such as docker.io/prom/prometheus:v3.15.0",
    ),
]
"""A container image whose content does not change under its name."""
