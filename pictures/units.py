"""Values as Grafana writes them: its units, its number of decimals (packages/grafana-data/src/valueFormats)."""

import math
from collections.abc import Callable, Sequence

Scaled = tuple[float, str]
"""A number and what follows it."""

_SHORT = ("", " K", " Mil", " Bil", " Tri", " Quadr")
_COUNT = ("", "K", "M", "B", "T")
_IEC = (" B", " KiB", " MiB", " GiB", " TiB", " PiB")
_METRIC = (" B/s", " kB/s", " MB/s", " GB/s", " TB/s", " PB/s")

_TIMES = ((1e-6, 1e-9, " ns"), (1e-3, 1e-6, " µs"), (1, 1e-3, " ms"), (60, 1, " s"), (3600, 60, " min"))
_LONG_TIMES = ((86400, 3600, " hour"), (604800, 86400, " day"), (31536000, 604800, " week"))
"""Below which seconds a duration is written in which unit, and how many seconds that has."""


def _steps(factor: float, suffixes: tuple[str, ...], after: str = "") -> Callable[[float], Scaled]:
    def scaled(value: float) -> Scaled:
        power = math.floor(math.log(abs(value), factor) + 1e-9) if value else 0
        power = min(max(power, 0), len(suffixes) - 1)
        return value / factor**power, suffixes[power] + after

    return scaled


def _seconds(value: float) -> Scaled:
    if value == 0:
        return 0, " s"
    for below, size, suffix in (*_TIMES, *_LONG_TIMES):
        if abs(value) < below:
            return value / size, suffix
    return value / 3.15569e7, " year"


UNITS: dict[str, Callable[[float], Scaled]] = {
    "none": lambda value: (value, ""),
    "short": _steps(1000, _SHORT),
    "percent": lambda value: (value, "%"),
    "percentunit": lambda value: (100 * value, "%"),
    "s": _seconds,
    "bytes": _steps(1024, _IEC),
    "Bps": _steps(1000, _METRIC),
    "reqps": _steps(1000, _COUNT, " req/s"),
    "ops": _steps(1000, _COUNT, " ops/s"),
}
"""How the units that the dashboards use are written; ``dateTimeFromNow`` needs to know what time it is."""


def written(value: float, unit: str, *, now: float = 0) -> str:
    """A value with its unit; ``dateTimeFromNow`` is of milliseconds, ``now`` of seconds. Raises KeyError for a unit that is not known."""
    if unit == "dateTimeFromNow":
        return from_now(value / 1000 - now)
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "-∞")
    number, suffix = UNITS[unit](value)
    return f"{number:.{usual_decimals(number)}f}{suffix}"


def usual_decimals(number: float) -> int:
    """How many decimals Grafana gives a number when nobody says how many: three digits in all, and none for whole numbers."""
    return 0 if number == round(number) else max(0, 2 - math.floor(math.log10(abs(number))))


def marks(values: Sequence[float], unit: str) -> list[str]:
    """The marks of an axis: each written exactly, with as many decimals as its neighbours of the same unit need."""
    scaled = [UNITS[unit](value) for value in values]
    needed: dict[str, int] = {}
    for number, suffix in scaled:
        exact = next((places for places in range(4) if math.isclose(round(number, places), number, abs_tol=1e-9)), 4)
        needed[suffix] = max(needed.get(suffix, 0), exact)
    return [f"{number:.{needed[suffix]}f}{suffix}" for number, suffix in scaled]


_AGES = ((45, 1, ""), (2700, 60, "minute"), (79200, 3600, "hour"), (2246400, 86400, "day"), (27648000, 2629800, "month"))
"""Below which seconds an age is told in which unit, and how many seconds that has, as moment.js does it."""


def from_now(seconds: float) -> str:
    """A time before (negative) or after now, as people say it."""
    size, name = next(((size, name) for below, size, name in _AGES if abs(seconds) < below), (31557600, "year"))
    count = max(1, round(abs(seconds) / size))
    words = "a few seconds" if not name else f"{count} {name}s" if count > 1 else f"{'an' if name == 'hour' else 'a'} {name}"
    return f"in {words}" if seconds > 0 else f"{words} ago"
