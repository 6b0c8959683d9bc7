"""The virtual environment is whole or not there, whatever pip does; one whose interpreter is gone is made anew by make."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import python_packages

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual environment is a directory with a Python that only pretends to be pip; what it writes is in this file."""
    script = tmp_path / "pip.sh"
    script.write_text("#!/bin/sh\nexit 0\n")

    def create(directory: Path, *, with_pip: bool) -> None:
        assert with_pip
        (directory / "bin").mkdir(parents=True)
        shutil.copy(script, directory / "bin/python")
        (directory / "bin/python").chmod(0o755)

    monkeypatch.setattr(python_packages.venv, "create", create)
    return script


@pytest.mark.usefixtures("pip")
def test_it_is_made_once(tmp_path: Path) -> None:
    wanted = tmp_path / "cache/venv-1"
    assert python_packages.make(wanted, ["requirements.txt"]) == ""
    assert (wanted / ".done").exists()
    (wanted / "bin/python").unlink()
    assert python_packages.make(wanted, ["requirements.txt"]) == ""
    assert not (wanted / "bin/python").exists(), "one that is done is not touched"


@pytest.mark.usefixtures("pip")
def test_one_that_is_not_done_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "cache/venv-1/lib").mkdir(parents=True)
    (tmp_path / "cache/venv-1/lib/half").touch()
    assert python_packages.make(tmp_path / "cache/venv-1", []) == ""
    assert not (tmp_path / "cache/venv-1/lib").exists()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "ERROR: HTTP error 403 while getting https://index.example/x-1.0.whl",
            "the Python package index refuses x-1.0.whl (403): have it",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError(Failed to establish a new connection)': /simple/x/",
            "the Python package index does not answer (failed to establish a new connection): connect this machine",
        ),
        (
            "WARNING: Retrying after connection broken by 'ReadTimeoutError(timed out)': /simple/x/\n"
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "pip failed\n  WARNING: Retrying",
        ),
        ("Something else", "pip failed\n  Something else"),
    ],
)
def test_what_pip_cannot_have_is_told_and_leaves_nothing(pip: Path, tmp_path: Path, written: str, told: str) -> None:
    pip.write_text(f'#!/bin/sh\necho "{written}"\nexit 1\n')
    problem = python_packages.make(tmp_path / "cache/venv-1", [])
    assert problem.startswith(f"Python packages cannot be installed: {told}")
    assert not (tmp_path / "cache/venv-1").exists()


def test_make_asks_for_a_new_one_when_its_interpreter_is_gone(tmp_path: Path) -> None:
    def asked_for() -> str:
        """The directory that `make` would make, or nothing."""
        plan = subprocess.run(
            ["make", "--dry-run", "status"],
            cwd=ROOT,
            env={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return plan.stdout.partition("sandbox.python_packages ")[2].partition(" ")[0]

    there = Path(asked_for())
    (there / "bin").mkdir(parents=True)
    (there / "bin/python").symlink_to("/bin/sh")
    (there / ".done").touch()
    assert asked_for() == ""
    (there / "bin/python").unlink()
    (there / "bin/python").symlink_to("/nowhere/python3.10")
    assert Path(asked_for()) == there


def test_the_real_pip_takes_our_options(tmp_path: Path) -> None:
    (tmp_path / "nothing.txt").write_text("")
    log = tmp_path / "log" / "pip.log"
    assert python_packages.install(Path(sys.prefix), [str(tmp_path / "nothing.txt")], log), log.read_text()


def test_the_command_ends_with_0_when_they_are_there(pip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = [str(tmp_path / "cache/venv-1"), "requirements.txt"]
    pip.write_text("#!/bin/sh\nexit 1\n")
    assert python_packages.main(command) == 1
    assert "error: Python packages cannot be installed" in capfd.readouterr().err
    pip.write_text("#!/bin/sh\nexit 0\n")
    assert python_packages.main(command) == 0
    assert python_packages.main(command) == 0
    assert "error" not in capfd.readouterr().err
