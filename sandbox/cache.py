"""What is built or unpacked once: directories below ~/.cache/observability, each named after a digest of what it is made from."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from sandbox.progress import say, step

_CHECKOUT = Path(__file__).resolve().parents[1]
_MANIFEST = ".files.json"
"""In each entry: what it was published with. Looking at sizes takes a millisecond; reading all of it would take seconds."""


class ToolError(Exception):
    """A program or image cannot be had; the text says which, why, and what helps, and is meant to be printed as it is."""


def root() -> Path:
    """Directory of everything that may be deleted at any time: it is made again when it is needed."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "observability"


def digest(*parts: str | bytes) -> str:
    """Short name (16 hex digits) for these parts in this order."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8) + data)
    return whole.hexdigest()[:16]


def publish(entry: Path, what: str, make: Callable[[Path, int], None]) -> Path:
    """Return the directory `entry`, made by `make(directory, lock)` if it is not there yet.

    It appears whole or not at all: `make` fills a directory beside it which is renamed at the end. One that was damaged since is made
    anew. One is made at a time on the whole machine, because two big compilations need more memory than a small machine has. A child
    that is given the `lock` (a file descriptor) holds it until it ends, even when this process is killed. ToolError when `make` says so
    or the disk is full.
    """
    if whole(entry):
        return entry
    with exclusive(what) as lock:
        if whole(entry):
            return entry
        if entry.exists():
            say(f"{what}: {entry} is damaged, so it is made anew")
        partial, damaged = (entry.parent / f".{entry.name}{kind}.partial" for kind in ("", ".damaged"))
        try:
            for left_by_a_kill in entry.parent.glob(".*.partial"):
                shutil.rmtree(left_by_a_kill)
            partial.mkdir(parents=True)
            make(partial, lock)
            (partial / _MANIFEST).write_text(json.dumps(_files(partial)))
            if entry.exists():  # kept until now: a program may still run from there
                entry.rename(damaged)
            partial.rename(entry)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ToolError(f"{what} cannot be put into {entry.parent}: {error}") from error
        finally:
            for left in (partial, damaged):
                shutil.rmtree(left, ignore_errors=True)
    return entry


def whole(entry: Path) -> bool:
    """Whether `entry` has each file that was published in it, of the same size and as executable. Files that came later do not count."""
    try:
        published = json.loads((entry / _MANIFEST).read_text())
        return all(_state(entry / name) == state for name, state in published.items())
    except (OSError, ValueError, AttributeError):
        return False


def _files(directory: Path) -> dict[str, list[int]]:
    return {str(path.relative_to(directory)): _state(path) for path in directory.rglob("*") if path.is_symlink() or path.is_file()}


def _state(path: Path) -> list[int]:
    """Size and executable bits; a link is not followed, as it may lead to where the directory will be."""
    state = path.lstat()
    return [state.st_size, state.st_mode & 0o111]


@contextmanager
def exclusive(what: str) -> Generator[int]:
    """Be the only one on this machine who builds; waits for whoever does, and says for whom. Yields the lock, a file descriptor."""
    path = root() / "build.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            say(f"{what}: waiting for another build on this machine ({file.read().strip() or 'just starting'})")
            with step(f"{what}: waited for another build"):
                fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(f"{what}, process {os.getpid()} of {_CHECKOUT}")
        file.flush()
        yield file.fileno()
