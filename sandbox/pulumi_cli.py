"""The Pulumi CLI as a child process: what it prints is shown as it comes, and Ctrl-C ends it in order."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error

from sandbox.toolchain import tool

MARK = "OBSERVABILITY_ENGINE"
"""In the environment of the CLI, and so of its plugins: the directory of the state that they work on."""

_LOOK_SECONDS = 0.5

_ANALYZER = """\
#!/bin/sh
# Runs a policy pack, as the script of this name does that comes with the CLI where it is installed from an archive.
exec "${PULUMI_PYTHON_CMD:-python3}" -u -m pulumi.policy "$@"
"""

Show = Callable[[str], object]
_Handler = Callable[[int, FrameType | None], object] | int | None


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
        interrupts = Interrupts(self._say)
        with (
            interrupts,
            subprocess.Popen(
                [self.command, "--non-interactive", *args],
                cwd=cwd,
                env={**os.environ, **additional_env, "PATH": path, "PULUMI_AUTOMATION_API": "true"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            ) as process,
        ):
            interrupts.pass_to(process)
            output, errors = _Reader(process.stdout, on_output), _Reader(process.stderr, on_error)
            self._wait(process)
            output.finish()
            errors.finish()
        if interrupts.heard:
            raise KeyboardInterrupt
        result = CommandResult(stdout=output.text, stderr=errors.text, code=process.returncode)
        if process.returncode != 0:
            raise create_command_error(result)
        return result

    def _wait(self, process: subprocess.Popen[str]) -> None:
        while True:
            try:
                process.wait(timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                if self._hopeless():
                    process.kill()
            else:
                return


class Interrupts:
    """While entered, passes Ctrl-C and SIGTERM on to the CLI: the first asks it to end in order, the second kills it.

    A signal that is ignored stays so: a job in the background does not hear the Ctrl-C that is meant for the one in front.
    """

    def __init__(self, say: Show) -> None:
        self._say = say
        self._process: subprocess.Popen[str] | None = None
        self._before: dict[signal.Signals, _Handler] = {}
        self.heard = 0

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_to(self, process: "subprocess.Popen[str]") -> None:
        """The CLI has started; what was heard before is passed on now."""
        self._process = process
        if self.heard:
            process.send_signal(signal.SIGINT)

    def _hear(self, *_: object) -> None:
        self.heard += 1
        if self.heard == 1:
            self._say("interrupted: the engine ends what it has begun (once more ends it at once)")
        if self._process:
            self._process.send_signal(signal.SIGINT if self.heard == 1 else signal.SIGKILL)


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
    analyzer = directory / "pulumi-analyzer-policy-python"
    if directory != program.parent and not analyzer.exists():
        analyzer.write_text(_ANALYZER)
        analyzer.chmod(0o755)
    return directory.parent
