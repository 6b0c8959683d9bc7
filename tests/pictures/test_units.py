"""Values are written as Grafana writes them."""

import json

import pytest

from pictures.panel import panels
from pictures.scale import time_axis, value_axis
from pictures.units import UNITS, from_now, written
from tests.pictures.sources import boards


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        # As Grafana's own tests have them (valueFormats.test.ts, dateTimeFormatters.test.ts) or by the same functions.
        (0, "s", "0 s"),
        (5e-7, "s", "500 ns"),
        (0.00025, "s", "250 µs"),
        (0.0625, "s", "62.5 ms"),
        (1.3, "s", "1.30 s"),
        (100, "s", "1.67 min"),
        (7200, "s", "2 hour"),
        (-0.25, "s", "-250 ms"),
        (2 * 604800, "s", "2 week"),
        (0.999, "bytes", "0.999 B"),
        (1023, "bytes", "1023 B"),
        (1024, "bytes", "1 KiB"),
        (1536 * 1024**2, "bytes", "1.50 GiB"),
        (1500, "Bps", "1.50 kB/s"),
        (0.0123, "percentunit", "1.23%"),
        (1, "percentunit", "100%"),
        (62.5, "percent", "62.5%"),
        (0.3, "reqps", "0.300 req/s"),
        (1234.5, "reqps", "1.23K req/s"),
        (2, "ops", "2 ops/s"),
        (1_500_000, "short", "1.50 Mil"),
        (999.4, "short", "999"),
        (7, "none", "7"),
        (float("inf"), "short", "∞"),
    ],
)
def test_a_value_is_written_as_grafana_does(value: float, unit: str, text: str) -> None:
    assert written(value, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-10, "a few seconds ago"),
        (-60, "a minute ago"),
        (-600, "10 minutes ago"),
        (-3600, "an hour ago"),
        (-7200, "2 hours ago"),
        (-3 * 86400, "3 days ago"),
        (-60 * 86400, "2 months ago"),
        (-2 * 31557600, "2 years ago"),
        (7200, "in 2 hours"),
    ],
)
def test_a_moment_is_told_as_an_age(seconds: float, text: str) -> None:
    assert from_now(seconds) == text
    assert written((1000 + seconds) * 1000, "dateTimeFromNow", now=1000) == text


def test_every_unit_of_every_dashboard_is_known_and_no_other() -> None:
    used = {panel.unit for board in boards() for panel in panels(json.loads(board.json)) if panel.kind != "row"}
    assert used - {"dateTimeFromNow"} == set(UNITS)
    with pytest.raises(KeyError, match="furlongs"):
        written(1, "furlongs")


@pytest.mark.parametrize(
    ("low", "high", "unit", "texts"),
    [
        (0, 0.18, "percentunit", ["0%", "5%", "10%", "15%", "20%"]),
        (0, 9, "short", ["0.0", "2.5", "5.0", "7.5", "10.0"]),
        (0, 3 * 2**20, "bytes", ["0 B", "1 MiB", "2 MiB", "3 MiB"]),
        (0, 100, "s", ["0 s", "30 s", "1.0 min", "1.5 min", "2.0 min"]),
        (0, 0, "reqps", ["0.00 req/s", "0.25 req/s", "0.50 req/s", "0.75 req/s", "1.00 req/s"]),
        (-3, 4, "short", ["-4", "-2", "0", "2", "4"]),
    ],
)
def test_an_axis_has_round_marks(low: float, high: float, unit: str, texts: list[str]) -> None:
    axis = value_axis(low, high, unit, 4)
    assert list(axis.texts) == texts
    assert axis.low <= low
    assert high <= axis.high
    assert axis.share(axis.marks[0]) == 0
    assert axis.share(axis.marks[-1]) == 1


def test_a_time_axis_has_round_times_inside_it() -> None:
    axis = time_axis(1_800_000_010, 1_800_003_610, 7)
    assert axis.texts == ["08:10", "08:20", "08:30", "08:40", "08:50", "09:00"]
    assert all(axis.low <= mark <= axis.high for mark in axis.marks)
