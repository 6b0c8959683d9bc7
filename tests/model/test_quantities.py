"""Durations, sizes, processor time and shares: what is accepted means what it says, and nothing without a unit is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.quantities import Cpu, Duration, Percent, Size

UNITS = {"y": 31536000, "w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}


@given(st.dictionaries(st.sampled_from(list(UNITS)), st.integers(0, 10**6), min_size=1))
def test_a_duration_is_the_sum_of_its_parts(parts: dict[str, int]) -> None:
    duration = Duration("".join(f"{parts[unit]}{unit}" for unit in UNITS if unit in parts))
    assert duration.seconds == pytest.approx(sum(number * UNITS[unit] for unit, number in parts.items()))


@given(st.integers(1, 10**6), st.sampled_from(["Ki", "Mi", "Gi", "Ti"]))
def test_a_size_in_the_next_unit_is_1024_times_as_many_bytes(number: int, unit: str) -> None:
    power = ["Ki", "Mi", "Gi", "Ti"].index(unit) + 1
    assert Size(f"{number}{unit}").bytes == number * 1024**power


@given(st.integers(1, 10**6))
def test_a_thousand_thousandths_are_a_core(number: int) -> None:
    assert Cpu(f"{number}").cores == Cpu(f"{number * 1000}m").cores == number


@given(st.decimals(0, 100, places=3))
def test_a_share_is_a_hundredth_of_its_number(share: object) -> None:
    assert Percent(f"{share}%").ratio == pytest.approx(float(str(share)) / 100, abs=1e-12)


def test_a_share_is_not_blurred_by_binary_fractions() -> None:
    assert [Percent(text).ratio for text in ("99.9%", "99.99%", "1%", "0%", "100%")] == [0.999, 0.9999, 0.01, 0.0, 1.0]


@given(st.text(max_size=12))
def test_text_is_kept_as_it_was_written_or_refused(text: str) -> None:
    for kind in (Duration, Size, Cpu, Percent):
        try:
            assert kind(text) == text
        except ValueError as error:
            assert str(error) == f"must be {kind.allowed}"  # noqa: PT017 - either outcome is right, each in its way


@given(st.integers(0, 10**9))
def test_a_number_without_a_unit_is_refused(number: int) -> None:
    for kind in (Duration, Size, Percent):
        with pytest.raises(ValueError, match="must be"):
            kind(str(number))


@pytest.mark.parametrize("text", ["", "1.5h", "5 m", "-5m", "5M", "1m1h", "5m\n"])
def test_what_prometheus_would_refuse_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        Duration(text)


@pytest.mark.parametrize("text", ["100.1%", "101%", "-1%", "1 %", ".5%", "5.%"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(ValueError, match="must be a share"):
        Percent(text)


def written(kind: type[Duration | Size | Cpu | Percent]) -> st.SearchStrategy[Duration | Size | Cpu | Percent]:
    """Anything that a kind of quantity accepts."""
    return st.from_regex(kind.pattern, fullmatch=True).map(kind)


@given(st.one_of(written(Duration), written(Size), written(Cpu), written(Percent)))
def test_what_is_accepted_has_a_value(quantity: Duration | Size | Cpu | Percent) -> None:
    assert quantity.isascii()
    match quantity:
        case Duration():
            assert quantity.seconds >= 0
        case Size():
            assert quantity.bytes > 0
        case Cpu():
            assert quantity.cores > 0
        case Percent():
            assert 0 <= quantity.ratio <= 1
