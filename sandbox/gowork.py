"""Where Go works while pinned programs are built: gigabytes of modules and compiled packages, deleted when they are all built."""

import fcntl
import shutil
import subprocess
from pathlib import Path
from typing import TextIO

from sandbox.cache import exclusive, root
from sandbox.progress import say, step

_held: list[TextIO] = []
"""A lock that all share who compile, from their first program on."""


def directory() -> Path:
    """Holds all of it."""
    return root() / "go-work"


def environment(compiler: Path) -> dict[str, str]:
    """What makes Go work there. Modules that the user has are taken from there, others from where the user's Go takes them.

    From now on nobody else deletes it, until this process ends or does so itself.
    """
    if not _held:
        _held.append(_users())
        fcntl.flock(_held[0], fcntl.LOCK_SH)
    asked = subprocess.run([compiler, "env", "GOMODCACHE", "GOPROXY"], check=False, capture_output=True, text=True)
    theirs, _, registries = asked.stdout.strip().partition("\n")
    return {
        "GOCACHE": str(directory() / "compiled"),
        "GOMODCACHE": str(directory() / "modules"),
        "GOPROXY": f"{Path('/', theirs, 'cache/download').as_uri()},{registries}",
    }


def delete() -> None:
    """Delete all of it, unless another process has more to build there: the last one deletes it."""
    while _held:
        _held.pop().close()
    with exclusive("deleting what compilers left"), _users() as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("what compilers left stays for another build on this machine")
            return
        _delete()


def _users() -> TextIO:
    path = directory().with_name("go-work.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("a")


def _delete() -> None:
    with step("what compilers left deleted"):
        # Go trusts a module's directory that is there: a deletion that is interrupted must not leave a part of one in its place.
        deleted = directory().with_name(".go-work.deleted")
        shutil.rmtree(deleted, ignore_errors=True)
        if directory().exists():
            directory().rename(deleted)
        shutil.rmtree(deleted, ignore_errors=True)
