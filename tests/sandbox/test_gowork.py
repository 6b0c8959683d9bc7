"""Pinned programs are compiled in a place of their own, which is deleted once they are all there; our own in the user's."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import gobuild, gowork, toolchain
from sandbox.inventory import GoProgram
from tests.sandbox.test_toolchain import GADGET, builds, gadget, machine, script

__all__ = ["gadget", "machine"]

FAKE_GO = """#!/bin/sh
if [ "$1" = env ] && [ "$2" = GOMODCACHE ]; then printf '/theirs/mod\\nhttps://proxy.example,direct\\n'; exit; fi
if [ "$1" = env ]; then echo go1.26.1; exit; fi
while [ "$1" != -o ]; do shift; done
mkdir -p "${GOCACHE:-/tmp}"
echo "GOCACHE=$GOCACHE GOMODCACHE=$GOMODCACHE GOPROXY=$GOPROXY" >> "$COUNTER"
printf '#!/bin/sh\\necho 1.4.2\\n' > "$2"
chmod +x "$2"
"""
WIDGET = GoProgram(name="widget", module="gadget", package=GADGET.package)


@pytest.fixture(autouse=True)
def go(machine: Path, gadget: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the fake Go was given for each build, one line each."""
    assert gadget.is_dir()
    for name in ("GOCACHE", "GOMODCACHE", "GOPROXY"):
        monkeypatch.delenv(name, raising=False)
    script(machine / "path/go", FAKE_GO)
    monkeypatch.setitem(toolchain.PROGRAMS, "widget", WIDGET)
    monkeypatch.setattr(toolchain, "CHECKERS", {"gadget": "widget"})
    return machine / "builds"


def own_program(machine: Path, text: str) -> Path:
    sources = machine / "own"
    sources.mkdir(exist_ok=True)
    (sources / "go.mod").write_text("module own\n\ngo 1.21\n")
    (sources / "main.go").write_text(text)
    return gobuild.build_local(sources, "own")


def test_pinned_programs_are_compiled_apart_with_the_modules_that_the_user_has(go: Path) -> None:
    toolchain.tool("gadget")
    place = gowork.directory()
    proxies = "file:///theirs/mod/cache/download,https://proxy.example,direct"
    assert go.read_text() == f"GOCACHE={place}/compiled GOMODCACHE={place}/modules GOPROXY={proxies}\n"


def test_our_own_are_compiled_where_the_users_are_unless_all_is_new(go: Path, machine: Path) -> None:
    own_program(machine, "package main\n")
    assert go.read_text() == "GOCACHE= GOMODCACHE= GOPROXY=\n"
    toolchain.tool("gadget")
    own_program(machine, "package main // changed\n")
    assert f"GOCACHE={gowork.directory()}/compiled" in go.read_text().splitlines()[-1]


def test_what_compilers_left_is_deleted_and_nothing_is_compiled_again(machine: Path) -> None:
    program = toolchain.tool("gadget")
    assert gowork.directory().is_dir()
    toolchain.finish()
    assert not gowork.directory().exists()
    assert toolchain.to_build(["gadget", "widget"]) == [], "the checker was built while that took seconds"
    toolchain.find.cache_clear()
    assert toolchain.tool("gadget") == program
    assert builds(machine) == 2


def test_a_checker_is_not_built_for_what_is_not_there(machine: Path) -> None:
    """The twin of the test above: without the program beside it, building it takes minutes."""
    gowork.directory().mkdir(parents=True)
    toolchain.finish()
    assert not gowork.directory().exists()
    assert builds(machine) == 0


def test_where_nothing_was_compiled_nothing_is_done(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    toolchain.finish()
    assert capfd.readouterr().err == ""
    assert builds(machine) == 0


def test_while_another_process_builds_there_it_stays(machine: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert machine
    toolchain.tool("gadget")
    hold = "import fcntl, sys; file = open(sys.argv[1], 'a'); fcntl.flock(file, fcntl.LOCK_SH); print(flush=True); sys.stdin.read()"
    lock = gowork.directory().with_name("go-work.lock")
    with subprocess.Popen([sys.executable, "-c", hold, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        toolchain.finish()
        assert gowork.directory().exists()
        assert "what compilers left stays for another build" in capfd.readouterr().err
        other.communicate()
    toolchain.finish()
    assert not gowork.directory().exists()


def test_a_deletion_that_is_interrupted_leaves_no_part_of_it_in_its_place(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Go would take a module's directory for whole because it is there."""
    assert machine
    toolchain.tool("gadget")

    def interrupt(path: Path, **_: bool) -> None:
        if path.exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as half_way:
        half_way.setattr(gowork.shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            gowork.delete()
    assert not gowork.directory().exists()
    gowork.delete()
    assert [path.name for path in gowork.directory().parent.iterdir() if path.name.startswith(".go-work")] == []
