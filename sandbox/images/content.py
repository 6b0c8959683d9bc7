"""What goes into an image: the files that every image has, programs with the shared libraries they need, whole directories."""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.cache import ToolError
from sandbox.debian import library_directories
from sandbox.images.oci import Entry

_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def base(users: Mapping[str, int]) -> list[Entry]:
    """Users and groups (root and nobody are always there), /tmp, and this machine's certificate authorities."""
    known = {"root": 0, "nobody": 65534, **users}
    passwd = "".join(f"{name}:x:{number}:{number}:{name}:/:/sbin/nologin\n" for name, number in known.items())
    group = "".join(f"{name}:x:{number}:\n" for name, number in known.items())
    entries = [
        Entry(path="/etc/passwd", content=passwd.encode()),
        Entry(path="/etc/group", content=group.encode()),
        Entry(path="/tmp", mode=0o1777),  # noqa: S108 - the image's own
    ]
    if _CERTIFICATES.is_file():
        entries.append(Entry(path=str(_CERTIFICATES), content=_CERTIFICATES))
    return entries


def program(source: Path, path: str, files: Path | None = None) -> list[Entry]:
    """An executable and the shared libraries it loads. `files` is the root of the unpacked packages it is from, if it is from any."""
    return [Entry(path=path, content=source.resolve(), mode=0o755), *libraries(source, files)]


def libraries(source: Path, files: Path | None = None) -> list[Entry]:
    """The shared libraries of an executable or plugin, each where the loader looks for it; none for a static program."""
    searched = os.pathsep.join(str(directory) for directory in library_directories(files)) if files else ""
    environment = {**os.environ, "LC_ALL": "C", "LD_LIBRARY_PATH": searched}
    listing = subprocess.run(["ldd", source], check=False, capture_output=True, text=True, env=environment).stdout
    missing = re.findall(r"^\s*(\S+) => not found", listing, re.MULTILINE)
    if missing:
        raise ToolError(f"{source}: this system lacks the shared libraries {', '.join(missing)}: install the Debian packages with them")
    found = re.findall(r"^\s*(?:\S+ => )?(/\S+) \(0x", listing, re.MULTILINE)
    return [Entry(path=_inside(Path(path), files), content=Path(path).resolve(), mode=0o755) for path in found]


def tree(source: Path, path: str, leave_out: tuple[str, ...] = ()) -> list[Entry]:
    """Everything below the directory `source`, at `path` in the image, but names that match a pattern of `leave_out`."""
    entries: list[Entry] = []
    for found in sorted(source.rglob("*")):
        below = found.relative_to(source)
        if any(Path(part).match(pattern) for part in below.parts for pattern in leave_out):
            continue
        inside = f"{path}/{below}"
        if found.is_symlink():
            entries.append(Entry(path=inside, link=str(found.readlink())))
        elif found.is_file():
            executable = bool(found.stat().st_mode & 0o100)
            entries.append(Entry(path=inside, content=found, mode=0o755 if executable else 0o644))
    return entries


def _inside(library: Path, files: Path | None) -> str:
    if files is not None and library.is_relative_to(files):
        return f"/{library.relative_to(files)}"
    return str(library)
