"""How a log agent is started: after a death from where it was a while ago, after an end in order from where it was."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from components.log_agent import start_script
from tests.waiting import until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the script is, with seconds that pass a hundred times as fast."""
    (tmp_path / "start.sh").write_text(start_script())
    fast = tmp_path / "bin" / "sleep"
    fast.parent.mkdir()
    fast.write_text('#!/bin/sh\nexec /bin/sleep "0.0$1"\n')
    fast.chmod(0o755)
    return tmp_path


@contextmanager
def agent(folder: Path, program: str) -> Generator["subprocess.Popen[bytes]"]:
    """A program started as an agent, which has said that it is up; dead afterwards, with all that it started."""
    up = folder / "up"
    up.unlink(missing_ok=True)
    command = ["/bin/sh", folder / "start.sh", folder / "notes", "/bin/sh", "-c", f"touch {up}; {program}"]
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(command, env={**os.environ, "PATH": path}, start_new_session=True)
    try:
        until(up.exists, seconds=30, what="the agent is up")
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def life(folder: Path, *notes: str) -> None:
    """An agent that writes these notes one after the other, each of which is copied, and dies."""
    with agent(folder, "while :; do /bin/sleep 1; done"):
        for note in notes:
            # As agents do: never half a note.
            (folder / "written").write_text(note)
            (folder / "written").replace(folder / "notes")
            until(lambda note=note: copied(folder / "notes.3") == note, seconds=30, what=f"{note} is copied")


def copied(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def begun(folder: Path) -> str:
    """What an agent finds in its notes when it starts, and ends in order."""
    seen = folder / "begun"
    with agent(folder, f"cp {folder / 'notes'} {seen} 2>/dev/null || echo nothing >{seen}") as process:
        assert process.wait(30) == 0
    return seen.read_text()


def test_a_killed_agent_starts_from_the_last_copy_but_two(folder: Path) -> None:
    life(folder, "1", "2", "3", "4", "5")
    assert begun(folder) == "3"


def test_one_that_died_early_starts_where_the_one_before_it_began(folder: Path) -> None:
    life(folder, "1", "2", "3", "4", "5")
    life(folder, "6", "7")
    assert begun(folder) == "3"


def test_on_a_new_node_it_starts_from_the_beginning_until_it_has_come_far_enough(folder: Path) -> None:
    assert begun(folder) == "nothing\n"
    life(folder, "1", "2")
    assert begun(folder) == "positions: {}\n"


def test_one_that_ended_in_order_goes_on_from_its_notes(folder: Path) -> None:
    life(folder, "1", "2", "3", "4", "5")
    assert begun(folder) == "3"
    (folder / "notes").write_text("9")
    assert begun(folder) == "9"


def test_it_is_told_to_end_and_its_end_is_the_scripts(folder: Path) -> None:
    said = folder / "said"
    with agent(folder, f"trap 'echo told >{said}; exit 7' TERM; echo up >{said}; while :; do /bin/sleep 0.05; done") as process:
        until(lambda: copied(said) == "up\n", seconds=30, what="it listens")
        process.terminate()
        assert process.wait(30) == 7
    assert said.read_text() == "told\n"
    assert (folder / "notes.1").exists()


def test_a_broken_copy_is_never_started_from(folder: Path) -> None:
    (folder / "notes").write_text("1")
    (folder / "notes.new").write_text("half")
    life(folder, "2")
    assert begun(folder) == "1"
