"""A build that is interrupted or killed leaves nothing half done, and no two run at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import cache
from sandbox.cache import ToolError, publish
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
# A child, which holds the lock, begins to fill the directory and waits until the named pipe is written to.
BUILDER = """
import sys
from pathlib import Path
from sandbox.cache import publish, root
from sandbox.progress import run

def make(into, lock):
    run("slow", ["sh", "-c", f"touch half; read line < '{sys.argv[1]}'"], log=root() / "slow.log", cwd=into, keep=[lock])

publish(root() / "bin/slow/key", "slow", make)
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache.root()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    yield from named_pipe(tmp_path / "pipe")


@pytest.fixture
def second_pipe(tmp_path: Path) -> Iterator[Path]:
    yield from named_pipe(tmp_path / "second pipe")


def named_pipe(path: Path) -> Iterator[Path]:
    os.mkfifo(path)
    yield path
    # Whoever still waits is let go; with no reader there is nobody to let go.
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return


def start(pipe: Path, builder: str = BUILDER) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", builder, str(pipe)], cwd=ROOT, stderr=subprocess.PIPE, text=True)


def building(root: Path) -> bool:
    return (root / "bin/slow/.key.partial/half").exists()


def test_an_exception_leaves_nothing(own_cache: Path) -> None:
    def make(into: Path, _lock: int) -> None:
        (into / "half").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(own_cache / "bin/x/key", "x", make)
    assert list((own_cache / "bin/x").iterdir()) == []


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_leaves_nothing_and_ends_the_build(own_cache: Path, pipe: Path) -> None:
    builder = start(pipe)
    until(lambda: building(own_cache))
    builder.send_signal(signal.SIGINT)
    assert builder.wait(timeout=20) != 0
    assert list((own_cache / "bin/slow").iterdir()) == []
    publish(own_cache / "bin/slow/key", "slow", lambda _into, _lock: None)


def test_after_a_kill_the_next_waits_for_the_orphan_says_so_and_starts_clean(own_cache: Path, pipe: Path, second_pipe: Path) -> None:
    builder = start(pipe)
    until(lambda: building(own_cache))
    builder.kill()
    builder.wait(timeout=20)
    assert building(own_cache), "a killed builder cannot clean up: that is what the next one is for"
    following = start(second_pipe)
    assert following.stderr is not None
    assert f"slow: waiting for another build on this machine (slow, process {builder.pid} of {ROOT})" in following.stderr.readline()
    pipe.write_text("the orphan may end\n")
    second_pipe.write_text("and then the one that waited for it\n")
    assert following.wait(timeout=20) == 0
    assert [path.name for path in (own_cache / "bin/slow").iterdir()] == ["key"]


def test_without_the_lock_in_the_childs_hands_the_orphan_would_be_overtaken(own_cache: Path, pipe: Path, second_pipe: Path) -> None:
    """The twin of the test above."""
    careless = BUILDER.replace(", keep=[lock]", "")
    builder = start(pipe, careless)
    until(lambda: building(own_cache))
    builder.kill()
    builder.wait(timeout=20)
    following = start(second_pipe, careless)
    second_pipe.write_text("it does not wait\n")
    _, told = following.communicate(timeout=20)
    assert "waiting for another build" not in told


def test_a_full_disk_is_told_plainly(own_cache: Path) -> None:
    def make(_into: Path, _lock: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(ToolError, match=r"x cannot be put into .*No space left on device"):
        publish(own_cache / "bin/x/key", "x", make)
    assert list((own_cache / "bin/x").iterdir()) == []
