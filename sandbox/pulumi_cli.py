"""The Pulumi CLI as a child process: what it prints is shown as it comes, and Ctrl-C ends it in order."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from sandbox.toolchain import tool

MARK = "OBSERVABILITY_ENGINE"
"""In the environment of the CLI, and so of its plugins: the directory of the state that they work on."""

_LOOK_SECONDS = 0.5

Show = Callable[[str], object]


class PulumiCli(PulumiCommand):
    """The CLI as the Automation API takes one, but interruptible.

    The Automation API leaves a terminal's Ctrl-C to the process group and waits a quarter of a second for the CLI. Here the CLI has a
    session of its own and is told once, by us; it cancels what it has begun and writes its state. A second Ctrl-C kills it.
    """

    def __init__(self, say: Show, hopeless: Callable[[], bool]) -> None:
        """Builds the CLI when it is not there; raises ToolError.

        `say` tells of an interrupt. `hopeless` is asked twice a second; the CLI is killed once it is true: with a full disk it would try
        each write for half a minute, one after the other, and all that it could still write down is known from what it wrote before.
        """
        super().__init__(root=str(_home()))
        self._say, self._hopeless = say, hopeless

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Show | None = None,
        on_error: Show | None = None,
    ) -> CommandResult:
        """Run one command to its end. Raises CommandError when it fails, KeyboardInterrupt when it was interrupted."""
        path = f"{Path(self.command).parent}{os.pathsep}{additional_env.get('PATH', os.environ['PATH'])}"
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            cwd=cwd,
            env={**os.environ, **additional_env, "PATH": path, "PULUMI_AUTOMATION_API": "true"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        ) as process:
            output, errors = _Reader(process.stdout, on_output), _Reader(process.stderr, on_error)
            interrupted = self._wait(process)
            output.finish()
            errors.finish()
        if interrupted:
            raise KeyboardInterrupt
        result = CommandResult(stdout=output.text, stderr=errors.text, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def _wait(self, process: subprocess.Popen[str]) -> bool:
        """Wait for the end of the CLI; returns whether we were interrupted meanwhile."""
        interrupted = False
        while True:
            try:
                process.wait(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if self._hopeless():
                    process.kill()
            except KeyboardInterrupt:
                if interrupted:
                    process.kill()
                else:
                    self._say("interrupted: the engine ends what it has begun (once more ends it at once)")
                    process.send_signal(signal.SIGINT)
                interrupted = True
            else:
                return interrupted


class _Reader(Thread):
    """Reads a stream of the CLI to its end, line by line."""

    def __init__(self, stream: IO[str] | None, show: Show | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._show = stream, show
        self._lines: list[str] = []
        self._failure: Exception | None = None
        self.start()

    @property
    def text(self) -> str:
        """All that was read."""
        return "\n".join(self._lines)

    def run(self) -> None:
        for line in self._stream or ():
            self._lines.append(line.rstrip())
            if self._show and not self._failure:
                try:
                    self._show(self._lines[-1])
                except Exception as error:  # noqa: BLE001 - told at the end: the CLI would hang if nobody read on
                    self._failure = error

    def finish(self) -> None:
        """Wait for the end of the stream; raises what showing it raised."""
        self.join()
        if self._failure:
            raise self._failure


def _home() -> Path:
    """A directory whose ``bin/pulumi`` is the CLI: the form in which the Automation API takes one."""
    program = tool("pulumi")
    directory = program.parent if program.parent.name == "bin" else program.parent / "home" / "bin"
    directory.mkdir(parents=True, exist_ok=True)
    link = directory / "pulumi"
    if not link.exists():
        link.symlink_to(program)
    return directory.parent
