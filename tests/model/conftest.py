"""A copy of the project's data that a test may break."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The stack files and configs, as they are in the repository, somewhere else."""
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    for stack in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(stack, tmp_path)
    return tmp_path
