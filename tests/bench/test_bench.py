"""Benches say what they measure, are found by their file's name, and are passed over when what they need is not there."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from bench import log_delay, logs, rules, traces
from bench.__main__ import benches, main
from bench.figures import Figure, Say, Unavailable, percentile, ratio, table
from components.documents import Document
from model.documents import each, mapping, parse
from model.environment import Environment, load
from sandbox.bare import CLOCK_TICK
from tests.components.environments import ROOT


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


def test_a_ratio_of_what_is_too_short_to_be_measured_is_one_of_the_shortest_that_can_be() -> None:
    assert ratio(3.0, 1.5, 0.01) == 2.0
    assert ratio(0.05, 0.0, 0.01) == ratio(0.05, 0.01, 0.01) == 5.0
    assert ratio(0.0, 0.0, 0.01) == 1.0


def measured(bench: Callable[[Say], Iterator[Figure]]) -> dict[str, float]:
    """The figures of a bench by name."""
    return {figure.name: figure.value for figure in bench(lambda _: None)}


def test_both_pipelines_are_told_and_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def through(_: bytes, stages: Sequence[Document] | None = None) -> logs.Run:
        return logs.Run(seconds=2, cpu_seconds=0.5, sent=8000) if stages == [] else logs.Run(seconds=5, cpu_seconds=4, sent=8000)

    monkeypatch.setattr(logs, "through", through)
    assert measured(partial(logs.measure, lines=8000)) == {
        "empty pipeline, throughput": 4000,
        "empty pipeline, CPU": 0.625,
        "our pipeline, throughput": 1600,
        "our pipeline, CPU": 5,
        "our pipeline / empty, time": 2.5,
        "our pipeline / empty, CPU": 8,
    }


def test_a_collector_is_told_alone_and_with_jaeger(monkeypatch: pytest.MonkeyPatch) -> None:
    def through(_: Environment, __: Sequence[bytes], spans: int, *, kept: bool) -> traces.Run:
        seconds, cpu = (8, 0.6) if kept else (2, 0.0)
        return traces.Run(seconds=seconds, cpu_seconds=cpu, arrived=spans)

    monkeypatch.setattr(traces, "through", through)
    assert measured(partial(traces.measure, spans=20_000)) == {
        "collector alone, throughput": 10_000,
        "collector alone, CPU": 0,
        "collector and Jaeger, throughput": 2500,
        "collector and Jaeger, CPU": 0.3,
        "with Jaeger / alone, time": 4,
        "with Jaeger / alone, CPU": pytest.approx(0.6 / CLOCK_TICK),
    }


def test_rules_are_told_per_100_000_series_and_alerts_by_what_they_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    evaluated = [("alerting", "Cheap", 0.001), ("recording", "kept", 0.004), ("alerting", "Dear", 0.003), ("alerting", "Middle", 0.002)]

    def filled(*_: object) -> int:
        return 50_000

    def taken(_: Path) -> list[tuple[str, str, float]]:
        return evaluated

    monkeypatch.setattr(rules, "_fill", filled)
    monkeypatch.setattr(rules, "_evaluated", taken)
    assert measured(partial(rules.measure, series=50_000)) == {
        "all 4 rules, one evaluation": pytest.approx(0.02),
        "median of 3 alerts": pytest.approx(4),
        "Dear": pytest.approx(6),
        "Middle": pytest.approx(4),
        "Cheap": pytest.approx(2),
    }


@pytest.mark.binaries
@pytest.mark.parametrize("stages", [None, []], ids=["ours", "empty"])
def test_every_line_goes_through_the_real_promtail(stages: Sequence[Document] | None) -> None:
    run = logs.through(logs.corpus(2000), stages=stages)
    assert run.sent == 2000
    assert run.cpu_seconds >= 0


@pytest.mark.binaries
@pytest.mark.parametrize(("kept", "arrived"), [(True, traces.staying(2000)), (False, 2000)])
def test_every_span_goes_through_the_real_collector(kept: bool, arrived: int) -> None:
    assert 1800 < traces.staying(2000) < 2000
    assert traces.through(load(ROOT, "prod"), traces.corpus(2000), 2000, kept=kept).arrived == arrived


@pytest.mark.binaries
def test_every_rule_is_evaluated_by_the_real_prometheus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "EVALUATIONS", 1)
    monkeypatch.setattr(rules, "STEP", 1)
    [total, median, *alerts] = rules.measure(lambda _: None, series=2000)
    texts = load(ROOT, "prod").rule_files
    written = [mapping(rule) for name, text in texts.items() for _, rule in each(parse(text, name).content, "groups", "*", "rules", "*")]
    assert total.name == f"all {len(written)} rules, one evaluation"
    assert median.name == f"median of {len(alerts)} alerts"
    assert sorted(figure.name for figure in alerts) == sorted(str(rule["alert"]) for rule in written if "alert" in rule)
    assert [figure.value for figure in alerts] == sorted((figure.value for figure in alerts), reverse=True)
