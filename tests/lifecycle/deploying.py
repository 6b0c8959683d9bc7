"""A deployment in a process of its own, to be killed: ``python -m tests.lifecycle.deploying NAME KUBECONFIG STATE S3 PROJECT``."""

import subprocess
import sys
from pathlib import Path

from sandbox.engine import EngineError, Target
from tests.e2e.projects import ProjectEngine


def start(place: Target, project: Path) -> subprocess.Popen[str]:
    """Begin to deploy `dev` of a copy of the project; what it says is on standard output."""
    command = [sys.executable, "-u", "-m", __name__, place.name, str(place.kubeconfig), str(place.state), place.s3 or "", str(project)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[2])


def _deploy(name: str, kubeconfig: str, state: str, s3: str, project: str) -> None:
    place = Target(name=name, kubeconfig=Path(kubeconfig), state=Path(state), s3=s3 or None)
    try:
        print(ProjectEngine(place, "dev", print, Path(project)).up())
    except EngineError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    _deploy(*sys.argv[1:])
