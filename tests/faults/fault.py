"""One deliberate fault, and how it is tried."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "out", "__pycache__", ".*_cache", ".hypothesis")
_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)
_TESTS_FAILED = 1
"""pytest's exit code when tests ran and failed; any other that is not 0 says that they could not run."""


class FaultError(Exception):
    """A fault cannot be tried; the text says which and why, and is meant to be printed as it is."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An edit of one file that breaks a promise."""

    name: str
    """What is wrong then."""

    file: str
    old: str
    """Occurs once in the file."""

    new: str
    breaks: str
    """The promise, as people read it."""

    caught_by: tuple[str, ...]
    """Tests that fail, at least one of them, as pytest calls them without their parameters."""

    def edited(self, text: str) -> str:
        """The file with the fault. Raises FaultError when the text to replace is not there exactly once."""
        if (found := text.count(self.old)) != 1:
            raise FaultError(f"{self.name}: the text to replace is {found} times in {self.file}: adapt the fault to the file")
        return text.replace(self.old, self.new)


def copy(root: Path, directory: Path) -> Path:
    """A copy of the working tree, to be broken."""
    return Path(shutil.copytree(root, directory / "tree", ignore=_NOT_COPIED, symlinks=True))


@contextmanager
def broken(tree: Path, fault: Fault) -> Generator[None]:
    """The tree has the fault meanwhile. Raises FaultError."""
    file = tree / fault.file
    if not file.is_file():
        raise FaultError(f"{fault.name}: there is no {fault.file}")
    text = file.read_text()
    file.write_text(fault.edited(text))
    try:
        yield
    finally:
        file.write_text(text)


@dataclass(frozen=True, kw_only=True)
class Failing:
    """Which tests fail in a tree."""

    tests: tuple[str, ...]
    """Their names, without parameters."""

    output: str
    """What pytest said."""


def failing(tree: Path, tests: tuple[str, ...], *, all_of_them: bool = False) -> Failing:
    """The first of some tests that fails in a tree, or all that do. Raises FaultError when they cannot be run, as after a renaming."""
    command = [sys.executable, "-m", "pytest", "-rfE", *(() if all_of_them else ("--exitfirst",)), *tests]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, _TESTS_FAILED):
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise FaultError(f"the tests cannot be run (pytest's exit code {done.returncode}): {' '.join(tests)}\n{last}")
    return Failing(tests=tuple(sorted(set(_FAILED.findall(done.stdout)))), output=done.stdout)
