"""The start says how long building takes on this machine, each program says how far it is, and a warm machine says nothing."""

import pytest

from sandbox import forecast, machine, pace
from sandbox.forecast import CPU_SECONDS, Work, announce, begin, done, duration
from sandbox.inventory import GO_PROGRAMS
from sandbox.machine import MachineError
from tests.sandbox.test_machine import GB, made


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine twice as slow as the one of reference, with nothing announced."""
    monkeypatch.setattr(forecast, "_announced", Work([], 1))
    monkeypatch.setattr(pace, "slowness", lambda: 2.0)
    monkeypatch.setattr(machine, "here", made)


def test_every_program_that_is_built_has_its_cost() -> None:
    assert set(CPU_SECONDS) == {program.name for program in GO_PROGRAMS}


def test_the_start_says_how_long_and_each_program_how_far(capfd: pytest.CaptureFixture[str]) -> None:
    announce(["loki", "jaeger", "kubelet"])
    whole = (172 + 190 + 20) * 2 / 2 / 0.9
    assert f"3 programs have to be built, once: about {duration(whole)} on this machine (2 cores)" in capfd.readouterr().err
    begin("loki")
    assert f"loki is program 1 of 3; about {duration(whole)} left for all" in capfd.readouterr().err
    done("loki")
    begin("jaeger")
    assert f"jaeger is program 2 of 3; about {duration((190 + 20) / 0.9)} left for all" in capfd.readouterr().err


def test_a_slower_machine_takes_longer_and_more_cores_less() -> None:
    assert Work(["loki"], 2).seconds() == 2 * Work(["loki"], 1).seconds()


def test_the_pace_so_far_counts_once_it_says_something(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(forecast.time, "monotonic", lambda: now)
    work = Work(["loki", "jaeger"], 1)
    now += 3 * CPU_SECONDS["loki"]
    work.done("loki")
    assert work.seconds() == 3 * CPU_SECONDS["jaeger"]


def test_nothing_is_said_when_nothing_has_to_be_built(capfd: pytest.CaptureFixture[str]) -> None:
    announce([])
    begin("loki")
    assert capfd.readouterr().err == ""


def test_what_was_announced_is_not_announced_again(capfd: pytest.CaptureFixture[str]) -> None:
    announce(["loki", "jaeger"])
    capfd.readouterr()
    announce(["loki"])
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("names", "refused"), [(list(CPU_SECONDS), True), (["kubelet"], False), ([], False)])
def test_only_what_is_still_to_be_built_needs_room(names: list[str], refused: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "here", lambda: made(disk=5 * GB))
    if refused:
        with pytest.raises(MachineError, match=r"5\.0 GB are free"):
            announce(names)
    else:
        announce(names)
