"""What a bench gives back, and how it is shown."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Say = Callable[[str], object]
"""Tells people how far it is."""

Measure = Callable[[Say], Iterator["Figure"]]
"""A bench."""


class Unavailable(Exception):  # noqa: N818 - no error: the bench is passed over
    """What a bench needs is not there; the text says what, and how to have it."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number."""

    name: str
    """What was measured."""

    value: float
    unit: str
    """Of the value, such as ``lines/s``."""


def ratio(part: float, whole: float, smallest: float) -> float:
    """How many times as much ``part`` is as ``whole``, neither taken for less than the ``smallest`` that can be told from nothing."""
    return max(part, smallest) / max(whole, smallest)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least ``percent`` of them do not exceed (nearest rank). Raises ValueError without values."""
    if not values:
        raise ValueError("there is no percentile of nothing")
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def table(bench: str, figures: Iterable[Figure]) -> str:
    """Figures as people read them, three significant digits each."""
    return "\n".join(f"{bench:<12} {figure.name:<44} {_rounded(figure.value):>12} {figure.unit}" for figure in figures)


def _rounded(value: float) -> str:
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(digits, 0)}f}"
