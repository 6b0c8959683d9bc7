"""Progress on stderr: a live line on a terminal; elsewhere one every 20 seconds and at the end of each step, with the elapsed time."""

import resource
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
_SILENCE = 20.0


def say(text: str) -> None:
    """Print one line on stderr."""
    console.print(text)


def note(text: str) -> None:
    """Print one line on stderr, indented as the texts of the steps are."""
    console.print(f"          {text}")


@contextmanager
def step(text: str) -> Generator[None]:
    """Show `text` while the block runs (a spinner on a terminal), and a line with the elapsed seconds when it has ended."""
    begin = time.monotonic()
    with console.status(f"{text} ..."):
        yield
    console.print(f"{time.monotonic() - begin:6.1f} s  {text}")


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
    begin, used = time.monotonic(), _cpu_seconds_of_children()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, console.status(f"{what} ...") as live:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=keep
        )
        try:
            _wait(process, what, lambda text: live.update(text) if console.is_terminal else say(text))
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    used = _cpu_seconds_of_children() - used
    outcome = f"done ({used:.1f} CPU s)" if process.returncode == 0 else f"failed with exit code {process.returncode}"
    say(f"{time.monotonic() - begin:6.1f} s  {what}: {outcome}")
    return process.returncode


def _cpu_seconds_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait(process: subprocess.Popen[bytes], what: str, show: Callable[[str], None]) -> None:
    begin = time.monotonic()
    interval = 0.5 if console.is_terminal else _SILENCE
    while True:
        try:
            process.wait(timeout=interval)
        except subprocess.TimeoutExpired:
            show(f"{what}: {time.monotonic() - begin:.0f} s so far")
        else:
            return
