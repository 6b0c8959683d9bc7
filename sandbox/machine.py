"""Whether this machine has what building the programs and running the cluster takes: said at the start, with what to do."""

import os
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sandbox.cache import ToolError, root
from sandbox.progress import say

BUILD_DISK = 14 * 10**9
"""Bytes that building everything fills at its peak."""
BUILD_MEMORY = 3_600_000_000
"""Bytes that one build takes beside a running cluster: what a kernel leaves of a machine with 4 GB."""
RUN_MEMORY = 2_000_000_000
"""Bytes that the running platform takes."""

RUN_DISK = 2_500_000_000
"""Bytes that a sandbox with the platform and its images fills."""

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class MachineError(ToolError):
    """This machine has too little of something; the text says of what, how much is there and what to do."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What counts of a machine. Sizes are in bytes."""

    cores: int
    memory: int
    """What this process may use of it: a container may have less than the machine."""
    swap: int
    disk: int
    """Free where the programs are kept."""
    place: Path
    """That place."""


def here() -> Machine:
    """This machine."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    sizes = {name.rstrip(":"): int(number) * 1024 for name, number, *_ in lines}
    limits = [int(text) for path in _LIMITS if (text := _read(path)).isdecimal()]
    place = root()
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        memory=min([sizes["MemTotal"], *limits]),
        swap=sizes["SwapTotal"],
        disk=_free(place),
        place=place,
    )


def check(share: float) -> None:
    """Say what makes this machine slow, once each; MachineError when it cannot work (see `require`)."""
    for text in require(here(), share):
        note(text)


def require_room(place: Path) -> None:
    """MachineError when the disk of `place`, where sandboxes are kept, has too little room for one."""
    if (free := _free(place)) < RUN_DISK:
        raise MachineError(f"{_gigabytes(free)} are free for {place}, and a sandbox takes {_gigabytes(RUN_DISK)}: make room there")


@cache
def note(text: str) -> None:
    """Say it, but once a process."""
    say(f"note: {text}")


def require(machine: Machine, share: float) -> list[str]:
    """What makes the machine slow, one line each, given the share (0 to 1) of all programs that is still to be built.

    MachineError when it cannot work: without the disk and memory for what is to be built.
    """
    if machine.disk < share * BUILD_DISK:
        raise MachineError(
            f"{_gigabytes(machine.disk)} are free for {machine.place}, and what is still to be built takes "
            f"{_gigabytes(share * BUILD_DISK)}: make room, or name a larger disk by XDG_CACHE_HOME; what was built stays"
        )
    needed = BUILD_MEMORY if share else RUN_MEMORY
    purpose = "building takes 4 GB" if share else "the platform takes 2 GB"
    if machine.memory + machine.swap < needed:
        raise MachineError(
            f"this machine has {_gigabytes(machine.memory)} of memory, and {purpose}: give it more, or swap; what was built stays"
        )
    notes: list[str] = []
    if machine.memory < needed:
        notes.append(f"{_gigabytes(machine.memory)} of memory, and {purpose}: it will swap, which is slow; give it more memory if you can")
    if machine.cores == 1:
        notes.append("one core: everything works, but builds and starts take twice as long as on two; give it another one if you can")
    return notes


def _free(place: Path) -> int:
    existing = next(directory for directory in (place, *place.parents) if directory.is_dir())
    return shutil.disk_usage(existing).free


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _gigabytes(size: float) -> str:
    return f"{size / 10**9:.1f} GB"
