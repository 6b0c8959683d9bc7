"""Which command runs a test, by its markers: ``make quick`` and ``make test``, ``make test`` alone, or ``make nightly`` alone."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Literal, cast

import pytest
from _pytest.mark import ParameterSet

ROOT = Path(__file__).resolve().parents[1]

Tier = Literal["quick", "test", "nightly"]
TIERS: tuple[Tier, ...] = ("quick", "test", "nightly")
"""The earliest first."""

Marks = frozenset[str]


def tier(marks: Marks) -> Tier:
    """That of a test, or of one of its cases, with these markers."""
    if "nightly" in marks:
        return "nightly"
    return "test" if marks & {"binaries", "cluster"} else "quick"


@cache
def all_tests() -> dict[str, frozenset[Tier]]:
    """The tiers of all tests, by what pytest calls a test without its parameters: ``file::function`` or ``file::Class::method``."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {f"{file.relative_to(ROOT)}::{name}": found for file in files for name, found in of_module(import_module(names[file])).items()}


def of_module(module: ModuleType) -> dict[str, frozenset[Tier]]:
    """The tiers of the tests of a module. More than one where some cases of a test have markers of their own."""
    return {name: frozenset[Tier](map(tier, cases)) for name, cases in _of(module, frozenset()).items()}


def _of(place: object, inherited: Marks) -> dict[str, set[Marks]]:
    """The markers of each case of each test in a module or class."""
    marks = inherited | {mark.name for mark in _marks(place)}
    found: dict[str, set[Marks]] = {}
    for name, thing in vars(place).items():
        if name.startswith("Test") and isinstance(thing, type):
            found |= {f"{name}::{method}": cases for method, cases in _of(thing, marks).items()}
        elif name.startswith("test_") and callable(thing):
            own = {mark.name for mark in _marks(thing)}
            found[name] = {marks.union(own, *chosen) for chosen in product(*(_of_cases(mark) for mark in _marks(thing)))}
    return found


def _marks(thing: object) -> list[pytest.Mark]:
    said = cast("pytest.Mark | pytest.MarkDecorator | Iterable[pytest.Mark | pytest.MarkDecorator]", getattr(thing, "pytestmark", ()))
    given = [said] if isinstance(said, pytest.Mark | pytest.MarkDecorator) else said
    return [one.mark if isinstance(one, pytest.MarkDecorator) else one for one in given]


def _of_cases(mark: pytest.Mark) -> set[Marks]:
    """The different markers that the values of a ``parametrize`` have; none for any other marker."""
    values = mark.args[1] if mark.name == "parametrize" and len(mark.args) > 1 else mark.kwargs.get("argvalues", ())
    return set(_of_values(values)) or {frozenset()}


def _of_values(values: object) -> Iterator[Marks]:
    # What can be read once only is left to pytest.
    for value in cast("Iterable[object]", values) if isinstance(values, list | tuple) else ():
        yield frozenset(one.name for one in value.marks) if isinstance(value, ParameterSet) else frozenset()
