"""Runs one part: its commands one after another, ended when their time is over or somebody interrupts, and nothing of it left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from types import FrameType
from typing import IO

from sandbox import cluster
from sandbox.cluster.instance import state_root
from sandbox.cluster.leftovers import mounts_below
from sandbox.cluster.ownership import CHECKOUT, read_owner
from sandbox.progress import say
from tests.nightly.keeper import Report
from tests.nightly.outcome import Outcome, Result
from tests.nightly.parts import ROOT, Part
from tests.nightly.summary import last_lines

SANDBOX = "night"
"""The name of the sandboxes of a part, or how it begins: nothing else has such names."""

GRACE_SECONDS = 180.0
"""For what is interrupted to end in order: a test takes its cluster down. Then it is killed."""

_TELL_SECONDS = 60
_REPORT = "keeper.json"

_Handler = Callable[[int, FrameType | None], object] | int | None


class Stop:
    """While entered, SIGINT and SIGTERM end the command that runs, as the end of its time does: asked first, then killed.

    It is killed when a second signal comes, or after ``GRACE_SECONDS``. Signals that are ignored stay so.
    """

    def __init__(self) -> None:
        self.interrupted = False
        """Whether somebody asked for the end of everything."""

        self._process: subprocess.Popen[bytes] | None = None
        self._asked = False
        self._before: dict[signal.Signals, _Handler] = {}

    def __enter__(self) -> "Stop":
        for number, hear in ((signal.SIGINT, self._interrupt), (signal.SIGTERM, self._interrupt), (signal.SIGALRM, self._end)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def wait(self, process: subprocess.Popen[bytes], seconds: float) -> Result | None:
        """Wait for the end of a command, at most so long; returns why it was ended, None when it ended by itself."""
        self._process, self._asked = process, False
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        if self.interrupted and not self._asked:
            self._end()
        process.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._process = None
        if self.interrupted:
            return "interrupted"
        return "timed out" if self._asked else None

    def _interrupt(self, *_: object) -> None:
        self.interrupted = True
        self._end()

    def _end(self, *_: object) -> None:
        if self._process:
            self._process.send_signal(signal.SIGTERM if self._asked else signal.SIGINT)
            self._asked = True
            signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)


def run(part: Part, out: Path, stop: Stop, variables: Mapping[str, str]) -> Outcome:
    """Run a part with ``variables`` added to the environment; its output is in ``<out>/<part>.log``."""
    begin, reports, log = time.monotonic(), list[Report](), out / f"{part.name}.log"
    scratch = Path(tempfile.mkdtemp(prefix=f"{SANDBOX}-"))
    environment = {**os.environ, "OBSERVABILITY_TEST_SANDBOX": SANDBOX, "TMPDIR": str(scratch), **variables}
    environment |= part.environment(out, scratch)
    ended: Result | None = None
    with log.open("wb") as output, _progress(part.name, log):
        for command in part.commands(out, scratch):
            if ended is None:
                process = _start(command, scratch, environment, output)
                ended = stop.wait(process, begin + part.limit_seconds - time.monotonic())
                reports.append(_report(scratch, process))
    reason = _reason(part, ended, reports)
    return Outcome(
        part=part.name,
        result=ended or ("failed" if reason else "passed"),
        reason=reason,
        left=(*(name for report in reports for name in report.left), *_removed(scratch)),
        seconds=round(time.monotonic() - begin, 1),
        cpu_seconds=round(sum(report.cpu_seconds for report in reports), 1),
        load=round(os.getloadavg()[0], 2),
    )


def _start(command: Sequence[str], scratch: Path, environment: Mapping[str, str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """The keeper of a command, out of reach of the terminal's Ctrl-C."""
    keeper = [sys.executable, "-m", "tests.nightly.keeper", str(scratch / _REPORT), *command]
    return subprocess.Popen(
        keeper, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
    )


def _report(scratch: Path, process: subprocess.Popen[bytes]) -> Report:
    """What the keeper has written. There is nothing when the command could not be started, or somebody killed the keeper."""
    place = scratch / _REPORT
    if not place.exists():
        return Report(exit_code=process.returncode or 1, cpu_seconds=0, left=())
    told = json.loads(place.read_text())
    place.unlink()
    return Report(exit_code=told["exit_code"], cpu_seconds=told["cpu_seconds"], left=tuple(told["left"]))


def _reason(part: Part, ended: Result | None, reports: Sequence[Report]) -> str:
    if ended == "timed out":
        return f"it was ended after {part.limit_seconds / 60:g} minutes, twice what it should take"
    if ended:
        return "somebody ended the run"
    codes = [report.exit_code for report in reports if report.exit_code]
    return f"exit code {', '.join(map(str, codes))}" if codes else ""


def _removed(scratch: Path) -> Iterator[str]:
    """Take away what no test took away, and name it: mounts, the directory for temporary files, and sandboxes."""
    for point in mounts_below(scratch):
        subprocess.run(["umount", "--lazy", point], check=False)
        yield f"mount {point}"
    shutil.rmtree(scratch, ignore_errors=True)
    if scratch.exists():
        yield f"directory {scratch}"
    places = sorted(state_root().iterdir()) if state_root().is_dir() else []
    for name in (place.name for place in places if place.is_dir() and f"{place.name}-".startswith(f"{SANDBOX}-")):
        owner = read_owner(name)
        # Of this checkout, or of a copy of it that was below the directory.
        if owner and (owner.checkout == str(CHECKOUT) or not Path(owner.checkout).is_dir()):
            try:
                cluster.down(name)
                yield f"sandbox {name}"
            except cluster.ClusterError as error:
                yield f"sandbox {name} ({error})"


@contextmanager
def _progress(name: str, log: Path) -> Generator[None]:
    """A line a minute: how long it has run, and the last line of its output."""
    begin, ended = time.monotonic(), Event()

    def tell() -> None:
        while not ended.wait(_TELL_SECONDS):
            say(f"{name}: {(time.monotonic() - begin) / 60:.0f} min so far: {last_lines(log, 1)[:120]}")

    thread = Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
