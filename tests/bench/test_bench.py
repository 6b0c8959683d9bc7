"""Benches say what they measure, are found by their file's name, and are passed over when what they need is not there."""

from collections.abc import Iterator

import pytest

from bench import log_delay, logs, rules, traces
from bench.__main__ import benches, main
from bench.figures import Figure, Say, Unavailable, percentile, table


def steady(say: Say) -> Iterator[Figure]:
    say("counting")
    yield Figure(name="lines", value=12_345.6, unit="lines/s")


def lacking(say: Say) -> Iterator[Figure]:
    say("looking")
    raise Unavailable("no sandbox is up")
    yield


def test_every_file_with_a_measure_is_a_bench() -> None:
    assert {"logs", "log_delay", "rules", "traces"} <= set(benches())
    assert not {"figures", "__main__"} & set(benches())


def test_figures_go_to_standard_output_and_progress_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"steady": steady}) == 0
    shown = capsys.readouterr()
    assert shown.out.split() == ["steady", "lines", "12,300", "lines/s"]
    assert shown.err == "steady: counting\n"


def test_a_bench_without_what_it_needs_is_passed_over_unless_it_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"lacking": lacking, "steady": steady}) == 0
    assert "lacking: not measured: no sandbox is up" in capsys.readouterr().err
    assert main(["lacking"], {"lacking": lacking, "steady": steady}) == 1


def test_a_bench_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["log"]) == 2
    assert "did you mean 'logs'?" in capsys.readouterr().err


@pytest.mark.parametrize(("percent", "value"), [(50, 3.0), (95, 5.0), (100, 5.0), (0, 1.0), (20, 1.0), (21, 2.0)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], percent) == value


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="of nothing"):
        percentile([], 50)


@pytest.mark.parametrize(("value", "shown"), [(0.0, "0"), (0.012345, "0.0123"), (1.005, "1.00"), (98_765.4, "98,800")])
def test_figures_have_three_digits(value: float, shown: str) -> None:
    assert table("x", [Figure(name="y", value=value, unit="s")]).split()[2] == shown


def test_the_lines_of_the_bench_are_all_different_and_as_many_as_asked_for() -> None:
    assert len(set(logs.corpus(1000).splitlines())) == 1000


def test_delays_without_a_sandbox_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX", "never-started")
    with pytest.raises(Unavailable, match="make up"):
        list(log_delay.measure(print))


@pytest.mark.binaries
def test_both_pipelines_are_measured_in_one_run() -> None:
    figures = {figure.name: figure.value for figure in logs.measure(print, lines=5000)}
    assert all(value > 0 for value in figures.values())
    assert figures["our pipeline / empty, CPU"] == pytest.approx(figures["our pipeline, CPU"] / figures["empty pipeline, CPU"])


@pytest.mark.binaries
def test_the_way_to_jaeger_is_measured_beside_one_that_ends_before() -> None:
    figures = {figure.name: figure.value for figure in traces.measure(print, spans=2000)}
    assert all(value > 0 for value in figures.values())
    assert figures["with Jaeger / alone, CPU"] == pytest.approx(figures["collector and Jaeger, CPU"] / figures["collector alone, CPU"])


@pytest.mark.binaries
def test_all_rules_and_each_alert_are_measured() -> None:
    figures = list(rules.measure(print, series=2000))
    assert {figure.unit for figure in figures} == {"s per 100,000 series", "ms per 100,000 series"}
    assert all(figure.value > 0 for figure in figures)
    alerts = [figure.value for figure in figures[2:]]
    assert f"median of {len(alerts)} alerts" == figures[1].name
    assert alerts == sorted(alerts, reverse=True)
