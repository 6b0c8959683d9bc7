"""``python -m tests.nightly.keeper REPORT command...``: runs a command, and ends all that is left of it when it has ended.

What a command starts may leave its session and its parent, as a sandbox does. Linux gives such processes to the nearest ancestor that
adopts orphans (a "child subreaper"): this one. SIGINT is passed on to the command; SIGTERM, and the death of who started this, kill it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a command."""

    exit_code: int
    """Negative when a signal ended it."""

    cpu_seconds: float
    """Of all processes that belonged to it."""

    left: tuple[str, ...]
    """Names of the processes that it left behind, which were killed."""


def keep(command: list[str]) -> Report:
    """Run ``command`` to its end, and kill what is left. For a process that has no other children."""
    for option, value in ((_PR_SET_CHILD_SUBREAPER, 1), (_PR_SET_PDEATHSIG, int(signal.SIGTERM))):
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value))
    # A signal that comes before there is a command to pass it on to waits until there is one.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    pid = os.posix_spawnp(command[0], command, os.environ, setpgroup=0, setsigmask=[], setsigdef=_SIGNALS)

    def interrupt(*_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGINT)

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, _kill_children)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    ended, status = os.wait()
    while ended != pid:
        ended, status = os.wait()
    left = _end_children()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Report(exit_code=os.waitstatus_to_exitcode(status), cpu_seconds=used.ru_utime + used.ru_stime, left=left)


def _end_children() -> tuple[str, ...]:
    """Kill all descendants: the children of a killed process become ours."""
    names: list[str] = []
    while children := _kill_children():
        names += [name for name in children if name]
        with suppress(ChildProcessError):
            os.wait()
    return tuple(sorted(set(names)))


def _kill_children(*_: object) -> list[str]:
    """Kill those that there are now; returns their names, empty for those that are dead already."""
    killed: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                begin, rest = (entry / "stat").read_text().rsplit(")", 1)
                state, parent = rest.split()[:2]
                if int(parent) == os.getpid():
                    killed.append("" if state == "Z" else begin.partition("(")[2])
                    os.kill(int(entry.name), signal.SIGKILL)
    return killed


def main(words: Sequence[str]) -> None:
    """Write the report."""
    report, *command = words
    Path(report).write_text(json.dumps(asdict(keep(command))))


if __name__ == "__main__":
    main(sys.argv[1:])
