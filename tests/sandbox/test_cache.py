"""An entry of the cache that was damaged after it was published is noticed by the next who needs it, and made anew."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import cache
from sandbox.cache import ToolError, publish, whole


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published entry: a program, a link to it and a file below."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return publish(cache.root() / "bin/gadget/key", "gadget", fill)


def fill(into: Path, _lock: int) -> None:
    (into / "gadget").write_text("#!/bin/sh\nexit 0\n")
    (into / "gadget").chmod(0o755)
    (into / "lib").mkdir()
    (into / "lib/data").write_text("data")
    (into / "link").symlink_to("nowhere/yet")


def truncate(entry: Path) -> None:
    (entry / "gadget").write_text("#!/bin/sh")


def empty(entry: Path) -> None:
    (entry / "lib/data").write_text("")


def forbid(entry: Path) -> None:
    (entry / "gadget").chmod(0o644)


def lose_a_file(entry: Path) -> None:
    (entry / "gadget").unlink()


def lose_a_link(entry: Path) -> None:
    (entry / "link").unlink()


def lose_all(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.mkdir()


def cut_the_manifest(entry: Path) -> None:
    manifest = entry / ".files.json"
    manifest.write_text(manifest.read_text()[:20])


def blank_the_manifest(entry: Path) -> None:
    (entry / ".files.json").write_text("[]")


DAMAGES = [truncate, empty, forbid, lose_a_file, lose_a_link, lose_all, cut_the_manifest, blank_the_manifest]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_said_and_made_anew(entry: Path, damage: Callable[[Path], None], capfd: pytest.CaptureFixture[str]) -> None:
    damage(entry)
    assert not whole(entry)
    assert publish(entry, "gadget", fill) == entry
    assert whole(entry)
    assert (entry / "gadget").stat().st_mode & 0o111
    assert (entry / "lib/data").read_text() == "data"
    assert f"gadget: {entry} is damaged, so it is made anew" in capfd.readouterr().err
    assert [path.name for path in entry.parent.iterdir()] == ["key"]


def test_without_the_look_at_its_files_a_damaged_entry_would_be_taken(entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "whole", Path.is_dir)
    truncate(entry)
    publish(entry, "gadget", fill)
    assert (entry / "gadget").read_text() == "#!/bin/sh"


def test_a_whole_entry_is_left_alone(entry: Path) -> None:
    """The twin of the test above; what was put beside the published files, as the engine's links are, is no damage."""

    def never(_into: Path, _lock: int) -> None:
        raise AssertionError

    (entry / "later").write_text("later")
    publish(entry, "gadget", never)
    assert (entry / "later").exists()


def test_a_damaged_entry_stays_when_it_cannot_be_made_anew(entry: Path) -> None:
    """Something may still run from it."""
    truncate(entry)

    def fail(_into: Path, _lock: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ToolError, match="No space left"):
        publish(entry, "gadget", fail)
    assert (entry / "gadget").exists()
    assert [path.name for path in entry.parent.iterdir()] == ["key"]
