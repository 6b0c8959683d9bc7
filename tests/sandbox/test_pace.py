"""The pace of the machine: the same work in CPU seconds, and a meter of it while other work runs."""

import pytest

from sandbox import pace


def test_the_work_is_short_and_takes_cpu_time() -> None:
    assert 0.1 < pace.slowness() < 50


def test_a_meter_has_the_mean_of_all_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    meter, readings = pace.Meter(), [2.0, 1.0, 2.0, 1.0]

    def work() -> float:
        seconds = readings.pop()
        if not readings:
            meter._ended.set()  # pyright: ignore[reportPrivateUsage]
        return seconds * pace._REFERENCE  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setattr(pace, "_work", work)
    monkeypatch.setattr(pace, "_SECONDS_BETWEEN_READINGS", 0.001)
    meter.start()
    meter.join()
    assert meter.end() == pytest.approx(1.5)


def test_a_meter_that_ends_at_once_has_one_reading() -> None:
    meter = pace.Meter()
    meter.start()
    assert meter.end() > 0
