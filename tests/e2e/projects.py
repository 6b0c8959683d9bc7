"""A copy of the project that a test may change: its stack files, configs and program, deployed by the engine and asked about by the CLI."""

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from pulumi import automation

from sandbox import engine
from sandbox.engine import Engine, Say, Target
from sandbox.recovery import PROJECT
from sandbox.toolchain import tool
from tests.model.conftest import ROOT, copied


def copy(directory: Path) -> Path:
    """The project in an empty directory, as far as the engine reads it."""
    copied(directory)
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, directory)
    return directory


def edit(project: Path, file: str, old: str, new: str) -> None:
    """Put one text in the place of another, which must be there once."""
    content = (project / file).read_text()
    assert content.count(old) == 1, f"{file} has {old!r} {content.count(old)} times"
    (project / file).write_text(content.replace(old, new))


class ProjectEngine(Engine):
    """The engine for a copy of the project."""

    def __init__(self, target: Target, environment: str, say: Say, project: Path) -> None:
        super().__init__(target, environment, say)
        self.name = environment
        self.project = project
        self.target = target

    @contextmanager
    def stack(self) -> Generator[automation.Stack]:
        """The stack for the length of one command, for what the engine's own commands do not tell, such as events."""
        with self._stack() as stack:
            yield stack

    def pulumi(self, *words: str) -> str:
        """What the CLI prints, in the copy and on the same state, as when a person types it. Raises CalledProcessError."""
        done = subprocess.run(
            [tool("pulumi"), "--non-interactive", "--color=never", *words, f"--stack={self.name}"],
            cwd=self.project,
            env={**os.environ, **self._variables()},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout, done.stderr)
        done.check_returncode()
        return done.stdout + done.stderr

    def set_secrets(self, values: Mapping[str, str]) -> None:
        """Give secrets other values in the copy's stack file, encrypted as the command of README does it."""
        with self._stack():  # the CLI sets them for a stack that is there
            pass
        words = [word for key, value in values.items() for word in ("--secret", f"{PROJECT}:{key}={value}")]
        self.pulumi("config", "set-all", *words)

    @contextmanager
    def _stack(self) -> Generator[automation.Stack]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "ROOT", self.project)
            with super()._stack() as stack:
                yield stack
