"""When series of versions get no more fixes: the typed form of ``configs/end-of-life.yaml``."""

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field

from model.base import Model
from model.documents import read
from model.quantities import Name, Text
from model.validation import validate

FILE = "configs/end-of-life.yaml"

Series = Annotated[str, Text(r"\d+(\.\d+)*", "the beginning of a version, such as 3 or 3.5, in quotes")]
"""All versions that begin with these numbers."""


class Program(Model):
    """What is known about one program."""

    source: str
    """Where the dates are from."""

    ends: dict[Series, date] = Field(min_length=1)
    """The last day of each series."""

    instead: str
    """What to run instead."""

    def end_of(self, version: str) -> tuple[str, date] | None:
        """The longest series that a version such as ``v3.5.1`` belongs to, with its last day; None where it belongs to none."""
        numbers = version.removeprefix("v").split(".")
        found = [series for series in self.ends if numbers[: len(series.split("."))] == series.split(".")]
        series = max(found, key=len, default=None)
        return (series, self.ends[series]) if series else None


class EndsOfLife(Model):
    """All programs of which something is known."""

    programs: dict[Name, Program]


def read_ends_of_life(root: Path) -> EndsOfLife:
    """The table of the project in ``root``. Raises InvalidConfiguration."""
    document = read(root, FILE)
    return validate(EndsOfLife, document.content, file=document.file)
