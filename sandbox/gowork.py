"""Where Go works while pinned programs are built: gigabytes of modules and compiled packages, deleted when they are all built."""

import shutil
import subprocess
from pathlib import Path

from sandbox.cache import exclusive, root
from sandbox.progress import step


def directory() -> Path:
    """Holds all of it."""
    return root() / "go-work"


def environment(compiler: Path) -> dict[str, str]:
    """What makes Go work there. Modules that the user has are taken from there, others from where the user's Go takes them."""
    asked = subprocess.run([compiler, "env", "GOMODCACHE", "GOPROXY"], check=False, capture_output=True, text=True)
    theirs, _, registries = asked.stdout.strip().partition("\n")
    return {
        "GOCACHE": str(directory() / "compiled"),
        "GOMODCACHE": str(directory() / "modules"),
        "GOPROXY": f"{Path('/', theirs, 'cache/download').as_uri()},{registries}",
    }


def delete() -> None:
    """Delete all of it, while nothing is built."""
    with exclusive("deleting what compilers left"), step("what compilers left deleted"):
        # Go trusts a module's directory that is there: a deletion that is interrupted must not leave a part of one in its place.
        deleted = directory().with_name(".go-work.deleted")
        shutil.rmtree(deleted, ignore_errors=True)
        if directory().exists():
            directory().rename(deleted)
        shutil.rmtree(deleted, ignore_errors=True)
