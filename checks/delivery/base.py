"""What another commit would render, made by that commit's own code."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path


class NoBaseError(Exception):
    """The other commit is not there or does not do what it is asked for; the text says why."""


def checkout(root: Path, commit: str, scratch: Path) -> Path:
    """The directory below ``scratch`` with the files of ``commit``. Raises NoBaseError."""
    archive = subprocess.run(["git", "-C", str(root), "archive", commit], capture_output=True, check=False)
    if archive.returncode != 0:
        raise NoBaseError(f"there is no commit '{commit}': {archive.stderr.decode().strip()}")
    tree = scratch / "tree"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(tree, filter="data")
    return tree


def run(tree: Path, commit: str, *words: str) -> str:
    """What ``python -m checks`` of a checked out commit prints. Raises NoBaseError."""
    command = [sys.executable, "-m", "checks", *words]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoBaseError(f"'{commit}' does not {' '.join(words)}: {(done.stdout + done.stderr).strip()}")
    return done.stdout


def render_base(root: Path, commit: str, environment: str, scratch: Path) -> Path:
    """The directory with the files that ``commit`` renders for an environment, below ``scratch``. Raises NoBaseError."""
    out = scratch / "base"
    run(checkout(root, commit, scratch), commit, "render", "--env", environment, "--out", str(out))
    return out
