"""A deployment in a process of its own, to be killed: ``python -m tests.lifecycle.deploying NAME KUBECONFIG STATE S3``."""

import subprocess
import sys
from pathlib import Path

from sandbox.engine import Engine, EngineError, Target


def start(place: Target) -> subprocess.Popen[str]:
    """Begin to deploy `dev`; what it says is on standard output."""
    command = [sys.executable, "-u", "-m", __name__, place.name, str(place.kubeconfig), str(place.state), place.s3 or ""]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=Path(__file__).parents[2])


def _deploy(name: str, kubeconfig: str, state: str, s3: str) -> None:
    place = Target(name=name, kubeconfig=Path(kubeconfig), state=Path(state), s3=s3 or None)
    try:
        print(Engine(place, "dev", say=print).up())
    except EngineError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    _deploy(*sys.argv[1:])
