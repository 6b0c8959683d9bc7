"""The committed schemas are those of the model, and every file that people edit names its own."""

from pathlib import Path

import pytest

from stacks import schemas

ROOT = Path(__file__).parents[2]
EDITED = [*ROOT.glob("Pulumi.*.yaml"), *ROOT.glob("configs/catalogues/*.yaml"), *ROOT.glob("configs/pipelines/*.yaml")]


def test_they_are_up_to_date() -> None:
    for path, text in schemas.files().items():
        assert (ROOT / path).read_text() == text, f"{path}: run `make schema`"


def test_only_what_differs_is_written(tmp_path: Path) -> None:
    assert schemas.write(tmp_path) == list(schemas.files())
    assert schemas.write(tmp_path) == []
    (tmp_path / "configs/schemas/stack.schema.json").write_text("{}")
    assert schemas.write(tmp_path) == ["configs/schemas/stack.schema.json"]


@pytest.mark.parametrize("file", EDITED, ids=lambda file: file.name)
def test_editors_find_them(file: Path) -> None:
    first = file.read_text().splitlines()[0]
    _, _, schema = first.partition("$schema=")
    assert (file.parent / schema).is_file(), f"{file.name} begins with: {first}"
