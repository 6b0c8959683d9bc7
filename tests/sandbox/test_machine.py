"""A machine that has too little of something is told so in one line before anything is built or started."""

from pathlib import Path

import pytest

from sandbox import machine
from sandbox.cluster import instance, lifecycle, ownership
from sandbox.machine import Machine, MachineError, require

GB = 10**9
GOOD = {"cores": 2, "memory": 8 * GB, "swap": 0, "disk": 100 * GB}


def made(**changed: int) -> Machine:
    return Machine(**{**GOOD, **changed}, place=Path("/cache/observability"))


def test_a_good_machine_is_not_spoken_of() -> None:
    assert require(made(), 1) == []
    assert require(made(disk=14 * GB, memory=4 * GB), 1) == []


@pytest.mark.parametrize(
    ("lacking", "share", "told"),
    [
        (
            {"disk": 13 * GB},
            1,
            r"^13\.0 GB are free for /cache/observability, and what .* takes 14\.0 GB: make room, or .* XDG_CACHE_HOME; ",
        ),
        ({"disk": 2 * GB}, 0.5, r"^2\.0 GB are free .* takes 7\.0 GB: make room"),
        ({"memory": 3 * GB}, 1, r"^this machine has 3\.0 GB of memory, and building takes 4 GB: give it more, or swap; "),
        ({"memory": 1 * GB}, 0, r"^this machine has 1\.0 GB of memory, and the platform takes 2 GB: give it more, or swap; "),
    ],
)
def test_one_that_cannot_work_is_refused_in_one_line_with_what_to_do(lacking: dict[str, int], share: float, told: str) -> None:
    with pytest.raises(MachineError, match=told) as refused:
        require(made(**lacking), share)
    assert str(refused.value).endswith("; what was built stays")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("lacking", "share", "told"),
    [
        ({"cores": 1}, 1, "one core: everything works, but builds and starts take twice as long as on two; give it another one if you can"),
        (
            {"memory": 3 * GB, "swap": 4 * GB},
            1,
            "3.0 GB of memory, and building takes 4 GB: it will swap, which is slow; give it more memory if you can",
        ),
    ],
)
def test_one_that_is_only_slow_is_told(lacking: dict[str, int], share: float, told: str) -> None:
    assert require(made(**lacking), share) == [told]


@pytest.mark.parametrize("lacking", [{"disk": 1 * GB}, {"memory": 3 * GB}])
def test_with_everything_built_it_takes_less(lacking: dict[str, int]) -> None:
    """The twin of the refusals: on a machine where nothing is left to be built they would be wrong."""
    assert require(made(**lacking), 0) == []


def test_this_machine_is_measured() -> None:
    here = machine.here()
    assert here.cores >= 1
    assert here.memory > 100_000_000
    assert here.disk > 0


def test_the_memory_of_a_container_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "none").write_text("max\n")
    monkeypatch.setattr(machine, "_LIMITS", (str(tmp_path / "none"), str(tmp_path / "missing")))
    whole = machine.here().memory
    (tmp_path / "limit").write_text("1000000000\n")
    monkeypatch.setattr(machine, "_LIMITS", (str(tmp_path / "limit"),))
    assert machine.here().memory == GB < whole


def test_a_disk_without_room_for_a_sandbox_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.require_room(tmp_path)
    monkeypatch.setattr(machine, "RUN_DISK", 10**15)
    with pytest.raises(MachineError, match=rf"GB are free for {tmp_path}/later, and a sandbox takes 1000000\.0 GB: make room there$"):
        machine.require_room(tmp_path / "later")


def test_a_note_is_said_once(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(machine, "here", lambda: made(cores=1))
    machine.note.cache_clear()
    machine.check(0)
    machine.check(0)
    assert capfd.readouterr().err.count("note: one core") == 1


def test_a_cluster_is_not_started_where_it_cannot_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (instance, ownership, lifecycle):
        monkeypatch.setattr(module, "state_root", lambda: tmp_path / "state")
    monkeypatch.setattr(machine, "here", lambda: made(memory=GB))
    with pytest.raises(MachineError, match="the platform takes 2 GB"):
        lifecycle.up("main")
    assert not (tmp_path / "state").exists()
