"""`make status` names what the builds of this machine lack."""

from pathlib import Path

import pytest

from sandbox.inventory import GO_PROGRAMS
from sandbox.status import trimmed

LACKING = {program.name: program.trimmed for program in GO_PROGRAMS if program.trimmed}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("path")
def test_what_the_builds_lack_is_named() -> None:
    assert "prometheus" in LACKING
    assert trimmed(program.name for program in GO_PROGRAMS) == [f"{name}: {lack}" for name, lack in LACKING.items()]
    assert trimmed(["prometheus", "kubelet", "elsewhere"]) == [f"prometheus: {LACKING['prometheus']}"]


def test_an_official_one_on_path_lacks_nothing(path: Path) -> None:
    official = path / "prometheus"
    official.write_text("#!/bin/sh\necho prometheus, version 3.15.0\n")
    official.chmod(0o755)
    assert trimmed(["prometheus"]) == []
