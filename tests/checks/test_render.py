"""Rendering: the same every time, complete, and without leftovers of an earlier one."""

from pathlib import Path

import pytest

from checks.render import INDEX, render, rendered, write
from tests.components.environments import NAMES, ROOT, environment, files, resources

GOLDEN = ROOT / "tests/golden"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_input_gives_the_same_files(name: str) -> None:
    assert files(name) == render(environment(name))


@pytest.mark.parametrize("name", NAMES)
def test_the_values_of_secrets_change_no_file(name: str) -> None:
    assert files(name) == rendered(environment(name), resources(name))


@pytest.mark.parametrize("name", NAMES)
def test_documents_and_manifests_are_as_reviewed(name: str) -> None:
    """When the difference is intended: `make golden`, and review it."""
    golden = {str(path.relative_to(GOLDEN / name)): path.read_text() for path in (GOLDEN / name).rglob("*") if path.is_file()}
    golden.pop(INDEX)
    assert golden == files(name)


def test_environments_are_not_alike() -> None:
    assert files("staging") != files("prod")


def test_files_of_an_earlier_rendering_go_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/of-somebody.yaml").write_text("theirs")
    write({"manifests/old.yaml": "1", "manifests/kept.yaml": "1"}, tmp_path)
    write({"manifests/kept.yaml": "2", "manifests/new.yaml": "2"}, tmp_path)
    found = {path.name: path.read_text() for path in (tmp_path / "manifests").iterdir()}
    assert found == {"kept.yaml": "2", "new.yaml": "2", "of-somebody.yaml": "theirs"}
