"""Axes: which values and times have a mark, and where a value is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pictures.units import marks

_TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
"""Distances between marks of a time axis, in seconds."""

_BINARY = "bytes"


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The values from ``low`` to ``high``, with its marks and their texts."""

    low: float
    high: float
    marks: Sequence[float]
    texts: Sequence[str]

    def share(self, value: float) -> float:
        """Where a value is, from 0 at ``low`` to 1 at ``high``."""
        return (value - self.low) / (self.high - self.low)


def value_axis(low: float, high: float, unit: str, count: int) -> Axis:
    """An axis with about ``count`` marks at round values of a unit; a range of nothing gets one of 1."""
    if not high > low:
        high = low + 1
    step = round_step((high - low) / max(1, count), unit)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = [number * step for number in range(first, last + 1)]
    return Axis(low=places[0], high=places[-1], marks=places, texts=marks(places, unit))


def round_step(least: float, unit: str) -> float:
    """The first round distance that is not smaller: 1, 2, 2.5 or 5 in decimals, powers of 2 of bytes, parts of a minute or an hour."""
    if unit == _BINARY and least > 1:
        return 2.0 ** math.ceil(math.log2(least) - 1e-9)
    if unit == "s" and least > 1:
        return next((float(step) for step in _TIMES if step >= least), 604800.0 * math.ceil(least / 604800))
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least * (1 - 1e-9))


def time_axis(begin: float, end: float, count: int) -> Axis:
    """Times (seconds since 1970) with about ``count`` marks at round ones, in UTC."""
    step = next((step for step in _TIMES if step >= (end - begin) / max(1, count)), _TIMES[-1])
    places = [float(place) for place in range(math.ceil(begin / step) * step, math.floor(end) + 1, step)]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if step < 86400 else "%m/%d"
    return Axis(low=begin, high=end, marks=places, texts=[datetime.fromtimestamp(place, UTC).strftime(form) for place in places])
