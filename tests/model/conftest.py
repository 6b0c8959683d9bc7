"""A copy of the project's data that a test may break."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def copied(directory: Path) -> Path:
    """The stack files and configs, as they are in the repository, in an empty directory."""
    shutil.copytree(ROOT / "configs", directory / "configs")
    for stack in ROOT.glob("Pulumi.*.yaml"):
        shutil.copy(stack, directory)
    return directory


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The same for one test."""
    return copied(tmp_path)
