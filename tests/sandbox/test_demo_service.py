"""The demo service itself is Go, and so are its tests: faults, metrics, traces, traffic, the receiver. This runs them."""

import os
import re
import subprocess
from collections.abc import Sequence

import pytest

from sandbox.demo.image import SOURCES
from sandbox.gobuild import go

pytestmark = pytest.mark.binaries


@pytest.mark.parametrize("arguments", [("test", "./..."), ("vet", "./...")], ids=" ".join)
def test_go(arguments: Sequence[str]) -> None:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-p=2", "GOTOOLCHAIN": "local"}
    wanted = re.search(r"^go (\S+)", (SOURCES / "go.mod").read_text(), re.MULTILINE)
    assert wanted
    compiler, _ = go(wanted[1])
    done = subprocess.run([compiler, *arguments], cwd=SOURCES, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
