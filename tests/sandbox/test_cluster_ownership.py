"""Who may change an instance: names, numbers, the owner file and the lock."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from sandbox.cache import ToolError
from sandbox.cluster import ClusterError, instance, lifecycle, ownership
from sandbox.cluster.instance import Instance, check_name
from sandbox.cluster.ownership import Owner, claim, find_init, free_number, locked, read_owner, refuse_foreign
from tests.waiting import until


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own."""
    state = tmp_path / "observability"
    for module in (instance, ownership, lifecycle):
        monkeypatch.setattr(module, "state_root", lambda: state)
    return state


@pytest.mark.parametrize("name", ["main", "t", "a-b", "x2345678901"])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "Main", "2nd", "a-", "../x", "x23456789012", ".numbers"])
def test_bad_names_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ClusterError, match="1 to 11 lower-case letters"):
        check_name(name)


def test_the_link_of_the_longest_name_fits_the_kernel() -> None:
    assert len(Instance(name="x" * 11, number=0).link) <= 15


def test_instances_share_no_address() -> None:
    def addresses(number: int) -> set[str]:
        of = Instance(name="x", number=number)
        return {
            of.host_address,
            of.node_address,
            of.link_network,
            of.pod_network,
            of.service_network,
            of.dns_address,
            of.api_service_address,
        }

    assert addresses(3).isdisjoint(addresses(4))


def test_numbers(root: Path) -> None:
    assert (free_number("main"), free_number("test"), free_number("other")) == (0, 1, 2)
    for name in ("main", "first", "second"):
        claim(name, "")
    assert [owner.number for name in ("main", "first", "second") if (owner := read_owner(name))] == [0, 2, 3]
    (root / "first/owner.json").unlink()
    assert free_number("third") == 2


def test_claiming_again_changes_nothing(root: Path) -> None:
    first = claim("main", "")
    before = (root / "main/owner.json").read_text()
    assert claim("main", "") == first
    assert (root / "main/owner.json").read_text() == before


@pytest.mark.parametrize(("init", "state"), [(None, "stopped, its data kept"), (4711, "up since 2026-01-01 10:00 UTC")])
def test_another_checkout_is_named(init: int | None, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Owner(checkout=str(tmp_path), number=0, since="2026-01-01 10:00 UTC")

    def found(_name: str) -> int | None:
        return init

    monkeypatch.setattr(ownership, "find_init", found)
    with pytest.raises(ClusterError, match=rf"belongs to {tmp_path} \({state}\): run `make down` there, or .* SANDBOX=name"):
        refuse_foreign("main", owner)


def test_up_and_down_refuse_what_another_checkout_owns(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(ownership, "CHECKOUT", tmp_path)
        claim("main", "")
    for change in (lifecycle.up, lifecycle.down):
        with pytest.raises(ClusterError, match=f"belongs to {tmp_path}"):
            change("main")
    assert (root / "main/owner.json").exists()


def test_a_checkout_that_is_gone_owns_nothing(tmp_path: Path) -> None:
    refuse_foreign("main", Owner(checkout=str(tmp_path / "gone"), number=0, since="long ago"))


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of instances that were ended, whose directories are gone."""
    names: list[str] = []

    def end(instance: Instance, **_: bool) -> None:
        names.append(instance.name)
        shutil.rmtree(instance.state)

    monkeypatch.setattr(lifecycle, "_end", end)
    return names


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[bytes]"]:
    """A process with which the sandboxes end that are claimed meanwhile."""
    with subprocess.Popen(["sleep", "60"]) as process:
        monkeypatch.setenv(ownership.SESSION, str(process.pid))
        yield process
        process.kill()


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize("waited_for", [True, False])
def test_what_a_killed_test_run_left_is_ended(session: "subprocess.Popen[bytes]", ended: list[str], waited_for: bool) -> None:
    """Also while the parent has not waited for the killed process yet, which then still has its entry below /proc."""
    claim("test", "")
    session.kill()
    if waited_for:
        session.wait()
    else:
        until(lambda: Path(f"/proc/{session.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    assert lifecycle.reap() == ["test"] == ended
    assert lifecycle.reap() == []


@pytest.mark.usefixtures("root")
def test_what_is_claimed_for_a_test_run_that_has_ended_already_is_ended(session: "subprocess.Popen[bytes]", ended: list[str]) -> None:
    """As when a worker goes on for a moment after its session was killed."""
    session.kill()
    session.wait()
    claim("test", "")
    assert lifecycle.reap() == ["test"] == ended


@pytest.mark.usefixtures("root", "session")
def test_what_a_test_run_that_goes_on_uses_is_not(ended: list[str]) -> None:
    """The twin of the test above."""
    claim("test", "")
    assert lifecycle.reap() == ended == []


def test_a_process_that_got_the_id_of_the_dead_one_is_not_taken_for_it(
    root: Path, session: "subprocess.Popen[bytes]", ended: list[str]
) -> None:
    claim("test", "")
    owner = json.loads((root / "test/owner.json").read_text())
    assert owner["process"] == session.pid
    (root / "test/owner.json").write_text(json.dumps({**owner, "begun": owner["begun"] - 1}))
    assert lifecycle.reap() == ["test"] == ended


@pytest.mark.usefixtures("root")
def test_what_people_brought_up_stays_also_where_its_checkout_was_moved(
    tmp_path: Path, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ownership.SESSION, raising=False)
    for name in ("deleted", "other"):
        (tmp_path / name).mkdir()
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(ownership, "CHECKOUT", tmp_path / name)
            claim(name, "")
    claim("main", "")
    (tmp_path / "deleted").rmdir()
    assert lifecycle.reap() == ended == []
    assert ownership.owners().keys() == {"main", "other", "deleted"}


@pytest.mark.usefixtures("root", "ended")
@pytest.mark.parametrize("kind", [ClusterError, ToolError, OSError])
def test_one_that_cannot_be_ended_is_said_and_hinders_nobody(
    session: "subprocess.Popen[bytes]", monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], kind: type[Exception]
) -> None:
    def refuse(instance: Instance, **_: bool) -> None:
        raise kind(f"still mounted, so {instance.state} is kept")

    claim("test", "")
    session.kill()
    session.wait()
    monkeypatch.setattr(lifecycle, "_end", refuse)
    assert lifecycle.reap() == []
    assert "still mounted" in capfd.readouterr().err


@pytest.mark.usefixtures("root", "ended")
def test_a_session_owns_what_is_made_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ownership.SESSION, "")
    lifecycle.begin_session()
    claim("test", "")
    owner = read_owner("test")
    assert owner is not None
    assert (owner.process, owner.gone) == (os.getpid(), False)


@pytest.mark.usefixtures("session")
def test_another_checkout_may_take_the_name_once_the_session_has_ended(
    root: Path, session: "subprocess.Popen[bytes]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert root
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(ownership, "CHECKOUT", tmp_path)
        claim("test", "")
    with pytest.raises(ClusterError, match=f"belongs to {tmp_path}"):
        claim("test", "")
    session.kill()
    session.wait()
    claim("test", "")


def test_a_damaged_owner_file_counts_as_none(root: Path) -> None:
    claim("main", "")
    (root / "main/owner.json").write_text('{"checkout": "/x", "num')
    assert read_owner("main") is None


def test_what_a_later_version_wrote_beside_it_does_not_make_an_owner_file_damaged(root: Path) -> None:
    claim("main", "")
    file = root / "main/owner.json"
    file.write_text(file.read_text().replace("{", '{"later": 1,', 1))
    owner = read_owner("main")
    assert owner is not None
    assert owner.checkout == str(ownership.CHECKOUT)


def test_no_init_is_found_where_none_runs(root: Path) -> None:
    assert root
    assert find_init("main") is None


def test_running_says_how_to_start(root: Path) -> None:
    assert root
    with pytest.raises(ClusterError, match="does not run: start it with `make up`"):
        lifecycle.running("main")


def test_the_lock_lets_one_in_at_a_time_and_says_for_whom_it_waits(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    order = _two_at_once(locked)
    assert order == ["first in", "first out", "second in", "second out"]
    assert "waiting for `up main` (process" in capfd.readouterr().err
    assert not root.exists()


def test_without_the_lock_they_overlap() -> None:
    @contextmanager
    def unlocked(_name: str, _purpose: str) -> Generator[None]:
        yield

    assert _two_at_once(unlocked).index("second in") < _two_at_once(unlocked).index("first out")


def _two_at_once(lock: Callable[[str, str], AbstractContextManager[None]]) -> list[str]:
    """The order in which two threads go in and out: the second begins while the first is in, which then leaves."""
    order: list[str] = []
    first_in, second_begun = threading.Event(), threading.Event()

    def first() -> None:
        with lock("main", "up main"):
            order.append("first in")
            first_in.set()
            second_begun.wait(10)
            threading.Event().wait(0.3)  # time for the second to go in, if it could
            order.append("first out")

    def second() -> None:
        first_in.wait(10)
        second_begun.set()
        with lock("main", "down main"):
            order.append("second in")
        order.append("second out")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return order
