"""Every program that the sandbox runs: the one on PATH when its version fits, else built or unpacked once into the cache.

`python -m sandbox.toolchain` makes all of them, `... kubelet etcd` those named, `... --list` tells what there is.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from sandbox import debian, forecast, gobuild, gowork
from sandbox.cache import ToolError
from sandbox.inventory import DEBIAN_PROGRAMS, DIRECTORIES, GO_PROGRAMS, SYSTEM, DebianProgram, GoProgram

__all__ = ["Found", "ToolError", "directory", "find", "to_build", "tool"]

PROGRAMS: dict[str, GoProgram | DebianProgram] = {program.name: program for program in (*GO_PROGRAMS, *DEBIAN_PROGRAMS)}

CHECKERS = {"loki": "lokitool", "alertmanager": "alertmanager-delivery"}
"""Programs that only checks need, by the one that has almost everything in common with them."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A program that is ready to run."""

    name: str
    source: str
    """`path`, `built` or `debian`."""
    version: str
    path: Path


def tool(name: str) -> Path:
    """Path of a program that is ready to run; it is built or unpacked first, with progress on stderr, where that is needed.

    ToolError when it cannot be had or there is no such name.
    """
    return find(name).path


@cache
def find(name: str) -> Found:
    """Like `tool`, with what is known about the program."""
    if name == "go":
        path, version = gobuild.go("1.21")
        return Found(name=name, source="path" if str(path) == shutil.which("go") else "built", version=version, path=path)
    if name in SYSTEM:
        return _of_system(name)
    program = PROGRAMS.get(name)
    if program is None:
        known = [*PROGRAMS, *SYSTEM, "go"]
        close = get_close_matches(name, known, n=1)
        raise ToolError(f"there is no tool {name!r}" + (f": did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"))
    fitting = on_path(program)
    if fitting is not None:
        return fitting
    if isinstance(program, GoProgram):
        path = gobuild.build(program)
        forecast.done(name)
        return Found(name=name, source="built", version=gobuild.version(program), path=path)
    return Found(name=name, source="debian", version=debian.version(program.origin), path=debian.program(program))


def directory(name: str) -> Path:
    """A directory of unpacked Debian packages: `cni-plugins` (the plugins themselves), `postgresql` (the root of its files)."""
    for known in DIRECTORIES:
        if known.name == name:
            return debian.unpacked(known.origin) / "files" / known.path
    raise ToolError(f"there is no directory {name!r}; there are {', '.join(known.name for known in DIRECTORIES)}")


def to_build(names: Iterable[str]) -> list[str]:
    """Those of the programs that would have to be compiled now: neither on PATH nor in the cache."""
    programs = [program for name in dict.fromkeys(names) if isinstance(program := PROGRAMS.get(name), GoProgram)]
    return [program.name for program in programs if on_path(program) is None and not gobuild.is_built(program)]


def with_checkers(names: Iterable[str]) -> list[str]:
    """Programs that are to be built now, and the checkers that `finish` builds after them."""
    names = list(names)
    return [*names, *to_build(CHECKERS[name] for name in names if name in CHECKERS)]


def finish() -> None:
    """Delete what compilers left behind, gigabytes that only a change of pins would need again; nothing where nothing was compiled.

    Before, the checkers are built that take seconds beside what they have in common with programs that were built, and minutes without.
    """
    if not gowork.directory().exists():
        return
    for beside, name in CHECKERS.items():
        if not to_build([beside]):
            find(name)
    gowork.delete()


def on_path(program: GoProgram | DebianProgram) -> Found | None:
    """The program on PATH, if there is one that tells a version which fits."""
    path = shutil.which(program.name)
    if path is None:
        return None
    accepted = (gobuild.accepted(program),) if isinstance(program, GoProgram) else program.origin.accept
    version = _ask(path, program.ask)
    if version is None or not version.startswith(accepted):
        return None
    return Found(name=program.name, source="path", version=version, path=Path(path))


def _ask(path: str, arguments: Sequence[str]) -> str | None:
    try:
        answer = subprocess.run([path, *arguments], check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    told = re.search(r"\d+\.\d+(?:\.\d+)*", answer.stdout + answer.stderr)
    return told[0] if told else None


def _of_system(name: str) -> Found:
    path = shutil.which(name)
    if path is None:
        raise ToolError(f"{name} is not on PATH: it is part of every Linux system (install the Debian package {SYSTEM[name]})")
    return Found(name=name, source="path", version=_ask(path, ["--version"]) or "-", path=Path(path))


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line for people."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.toolchain", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("names", nargs="*", metavar="name", help="programs to get; none named: all of them")
    parser.add_argument("--path", action="store_true", help="print their directories alone, joined for PATH")
    parser.add_argument("--list", action="store_true", help="list the names and build nothing")
    options = parser.parse_args(arguments)
    known = [*PROGRAMS, *SYSTEM, "go"]
    if options.list:
        print("\n".join(known))
        return 0
    try:
        forecast.announce(to_build(options.names or known))
        for name in () if options.path else options.names or known:
            found = find(name)
            print(f"{found.name:26}{found.source:8}{found.version:12}{found.path}", flush=True)
        if not (options.path or options.names):
            finish()
        if options.path:
            print(os.pathsep.join(str(find(name).path.parent) for name in options.names or known))
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing is half done, the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
