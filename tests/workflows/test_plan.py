"""What a plan holds an update to, with the real engine: what was previewed and approved is made, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.workflows.planning import CANARY
from tests.workflows.rules import ROOT

pytestmark = pytest.mark.binaries

PREVIEWED = ("planned", "as previewed")


def engine(directory: Path, step: str, program: tuple[str, str]) -> tuple[int, str]:
    """How a step ends, and what the engine says."""
    command = [sys.executable, "-m", "tests.workflows.planning", str(directory), step, *program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("pushed", "told"),
    [
        (("planned", "as somebody pushed since"), "violates plan: properties changed"),
        (("another", "as previewed"), "create is not allowed by the plan: no steps were expected for this resource"),
    ],
)
def test_only_what_was_previewed_is_made(pushed: tuple[str, str], told: str, tmp_path: Path) -> None:
    code, said = engine(tmp_path, "preview", PREVIEWED)
    assert code == 0, said
    plan = (tmp_path / "plan.json").read_text()
    assert PREVIEWED[1] in plan
    assert CANARY not in plan
    code, said = engine(tmp_path, "up", pushed)
    assert code == 1
    assert told in said
    code, said = engine(tmp_path, "up", PREVIEWED)
    assert code == 0
    assert "+ 1 created" in said, "the refused resource was not made before"
