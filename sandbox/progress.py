"""Progress on stderr: a live line with the elapsed seconds on a terminal, one line every 20 seconds elsewhere."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

_console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
_SILENCE = 20.0


def say(text: str) -> None:
    """Print one line on stderr."""
    _console.print(text)


def run(  # noqa: PLR0913 - the arguments of Popen that differ between builds
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
) -> int:
    """Run `command` with its output in the file `log`, showing `what` and the time; returns its exit code.

    `keep` are file descriptors that the command inherits. When this is interrupted the command is ended first.
    """
    begin = time.monotonic()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, _console.status(f"{what} ...") as live:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=keep
        )
        try:
            _wait(process, what, lambda text: live.update(text) if _console.is_terminal else say(text))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    outcome = "done" if process.returncode == 0 else f"failed with exit code {process.returncode}"
    say(f"{time.monotonic() - begin:6.1f} s  {what}: {outcome}")
    return process.returncode


def _wait(process: subprocess.Popen[bytes], what: str, show: Callable[[str], None]) -> None:
    begin = time.monotonic()
    interval = 0.5 if _console.is_terminal else _SILENCE
    while True:
        try:
            process.wait(timeout=interval)
        except subprocess.TimeoutExpired:
            show(f"{what}: {time.monotonic() - begin:.0f} s so far")
        else:
            return
