"""The files that another commit would render, made by that commit's own code."""

import io
import subprocess
import sys
import tarfile
from pathlib import Path


class NoBaseError(Exception):
    """The other commit is not there or renders nothing; the text says why."""


def render_base(root: Path, commit: str, environment: str, scratch: Path) -> Path:
    """The directory with the files that ``commit`` renders for an environment, below ``scratch``. Raises NoBaseError."""
    archive = subprocess.run(["git", "-C", str(root), "archive", commit], capture_output=True, check=False)
    if archive.returncode != 0:
        raise NoBaseError(f"there is no commit '{commit}': {archive.stderr.decode().strip()}")
    tree, out = scratch / "tree", scratch / "base"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(tree, filter="data")
    command = [sys.executable, "-m", "checks", "render", "--env", environment, "--out", str(out)]
    rendered = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    if rendered.returncode != 0:
        raise NoBaseError(f"'{commit}' does not render {environment}: {(rendered.stdout + rendered.stderr).strip()}")
    return out
