"""What became of a part, and of the whole run: values that are written to the summary."""

import os
import platform
import subprocess
from dataclasses import dataclass
from typing import Literal

from tests.nightly.parts import ROOT

Result = Literal["passed", "failed", "timed out", "interrupted", "not run"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one part."""

    part: str
    result: Result
    seconds: float = 0
    """Wall time."""

    cpu_seconds: float = 0
    """Of all processes that belonged to it."""

    load: float = 0
    """The machine's load average over a minute, at its end."""

    reason: str = ""
    """Why it did not pass, in a few words."""

    left: tuple[str, ...] = ()
    """Processes, sandboxes and mounts that it left behind, and that were taken away."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it ran."""

    cores: int
    memory_gib: float
    system: str
    load: float
    """The load average over a minute, before the first part."""


def machine() -> Machine:
    """This one, as it is now."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory, 1),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        load=round(os.getloadavg()[0], 2),
    )


def commit() -> str:
    """The commit of this checkout, with a note where files differ from it; "unknown" where there is no git."""
    try:
        head, changes = (
            subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head}{' with changes that are not committed' if changes else ''}"
