"""What a killed command leaves behind, and what becomes of it: locks, processes, damaged state, creations without an end."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pulumi.automation.events import EngineEvent

from sandbox import recovery
from sandbox.providers.kubernetes.client import Ref
from sandbox.providers.values import Obj
from sandbox.pulumi_cli import MARK
from sandbox.recovery import RecoveryError, State
from tests.waiting import until

URN = "urn:pulumi:dev::observability::kubernetes:core/v1:ConfigMap::config"
INPUTS: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": "observability"}, "data": {"a": "b"}}
CREATING: Obj = {"type": "creating", "resource": {"urn": URN, "custom": True, "type": "kubernetes:core/v1:ConfigMap", "inputs": INPUTS}}
OURS: Obj = {**INPUTS, "metadata": {"managedFields": [{"manager": "pulumi-kubernetes-12ab34cd", "operation": "Apply"}]}}
THEIRS: Obj = {**INPUTS, "metadata": {"managedFields": [{"manager": "kubectl", "operation": "Apply"}]}}


@pytest.fixture
def state(tmp_path: Path) -> State:
    """An empty local backend."""
    state = State(backend=tmp_path, environment="dev")
    state.checkpoint.parent.mkdir(parents=True)
    state.locks.mkdir(parents=True)
    return state


def checkpoint(*pending: Obj, resources: tuple[Obj, ...] = ()) -> str:
    """A checkpoint's text."""
    return json.dumps({"version": 3, "checkpoint": {"latest": {"resources": list(resources), "pending_operations": list(pending)}}})


def latest(state: State) -> dict[str, Any]:
    """What the checkpoint says is deployed."""
    return json.loads(state.checkpoint.read_text())["checkpoint"]["latest"]


class TestLocks:
    def test_that_of_a_dead_engine_is_removed(self, state: State) -> None:
        ended = subprocess.Popen(["true"])
        ended.wait()
        lock = write_lock(state, ended.pid)
        recovery.release_locks(state, print)
        assert not lock.exists()

    def test_that_of_a_process_which_only_has_its_number_is_removed(self, state: State) -> None:
        lock = write_lock(state, os.getpid())
        recovery.release_locks(state, print)
        assert not lock.exists()

    def test_one_that_was_not_written_whole_is_removed(self, state: State) -> None:
        (state.locks / "a.json").write_text('{"pid": 1')
        (state.locks / "a.json.attrs").write_text("{}")
        recovery.release_locks(state, print)
        assert [path.name for path in state.locks.iterdir()] == ["a.json.attrs"]

    def test_that_of_a_living_engine_stays_and_is_named(self, state: State, tmp_path: Path) -> None:
        with process_called(tmp_path / "pulumi") as engine:
            lock = write_lock(state, engine.pid)
            with pytest.raises(
                RecoveryError, match=rf"another update of dev runs: me@{os.uname().nodename}, process {engine.pid}, since 2026"
            ):
                recovery.release_locks(state, print)
            assert lock.exists()

    def test_that_of_another_machine_stays_and_is_named(self, state: State) -> None:
        lock = write_lock(state, os.getpid(), host="elsewhere")
        with pytest.raises(RecoveryError, match=f"me@elsewhere, .* remove {lock}"):
            recovery.release_locks(state, print)
        assert lock.exists()


@pytest.mark.usefixtures("interruptible")
class TestLeftovers:
    def test_what_works_on_this_state_is_ended_and_nothing_else(self, tmp_path: Path) -> None:
        ours, other = tmp_path / "ours", tmp_path / "other"
        with marked(ours) as left, marked(other) as working:
            told: list[str] = []
            recovery.end_leftovers(ours, told.append)
            assert left.wait() == -signal.SIGINT
            assert working.poll() is None
            assert str(left.pid) in told[0]

    def test_one_that_does_not_listen_is_killed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(recovery, "_GRACE_SECONDS", 0.2)
        with marked(tmp_path, "trap '' INT; echo; while :; do sleep 0.1 & wait; done") as deaf:
            assert deaf.stdout is not None
            deaf.stdout.readline()
            recovery.end_leftovers(tmp_path, print)
            assert deaf.wait() == -signal.SIGKILL


class TestCheckpoint:
    def test_a_whole_one_stays_as_it_is(self, state: State) -> None:
        state.checkpoint.write_text(checkpoint())
        before = state.checkpoint.stat().st_mtime_ns
        assert not recovery.recover(state, unasked, print)
        assert state.checkpoint.stat().st_mtime_ns == before

    def test_none_is_a_beginning(self, state: State) -> None:
        recovery.recover(state, unasked, print)
        assert not state.checkpoint.exists()

    @pytest.mark.parametrize("damage", ["", checkpoint()[:-9], "[]", "{}"])
    def test_a_damaged_one_is_kept_and_replaced_by_the_one_before(self, state: State, damage: str) -> None:
        state.checkpoint.write_text(damage)
        next(state.backups).write_text(checkpoint(resources=({"urn": "u"},)))
        told: list[str] = []
        assert recovery.restore(state, told.append)
        assert latest(state)["resources"] == [{"urn": "u"}]
        (kept,) = state.checkpoint.parent.glob("*.damaged-*")
        assert kept.read_text() == damage
        assert kept.name in told[0]

    def test_the_newest_of_history_serves_when_the_one_before_is_damaged_too(self, state: State) -> None:
        state.checkpoint.write_text("")
        next(state.backups).write_text("")
        history = state.backend / ".pulumi/history/observability/dev"
        history.mkdir(parents=True)
        for number in (1, 2):
            (history / f"dev-{number}.checkpoint.json").write_text(checkpoint(resources=({"urn": str(number)},)))
        recovery.restore(state, print)
        assert latest(state)["resources"] == [{"urn": "2"}]

    def test_without_any_backup_nothing_is_touched_and_a_person_is_asked(self, state: State) -> None:
        state.checkpoint.write_text("{")
        with pytest.raises(RecoveryError, match=f"{state.checkpoint} is damaged and there is no backup"):
            recovery.restore(state, print)
        assert state.checkpoint.read_text() == "{"

    def test_what_a_kill_left_half_written_beside_it_is_removed(self, state: State) -> None:
        state.checkpoint.write_text(checkpoint())
        attributes, partial = (state.checkpoint.with_name(f"dev.json{end}") for end in (".attrs", ".18.tmp"))
        attributes.write_text("")
        partial.write_text("{")
        recovery.restore(state, print)
        assert not attributes.exists()
        assert not partial.exists()


class TestPendingCreations:
    def test_an_object_that_was_made_is_recorded_with_its_id_and_field_manager(self, state: State) -> None:
        state.checkpoint.write_text(checkpoint(CREATING))
        asked: list[Ref] = []
        recovery.settle(state, lambda target: asked.append(target) or OURS, print)
        assert asked == [Ref("v1", "ConfigMap", "observability", "config")]
        (resource,) = latest(state)["resources"]
        assert (resource["urn"], resource["id"]) == (URN, "observability/config")
        assert resource["outputs"]["__fieldManager"] == "pulumi-kubernetes-12ab34cd"
        assert resource["outputs"]["__inputs"] == resource["inputs"] == INPUTS
        assert latest(state)["pending_operations"] == []
        assert next(state.backups).read_text() == checkpoint(CREATING)

    @pytest.mark.parametrize("live", [None, THEIRS])
    def test_one_that_was_not_made_or_by_somebody_else_is_begun_anew(self, state: State, live: Obj | None) -> None:
        state.checkpoint.write_text(checkpoint(CREATING))
        recovery.settle(state, lambda _: live, print)
        assert latest(state) == {"resources": [], "pending_operations": []}

    def test_a_replacement_under_the_same_name_is_read_anew(self, state: State) -> None:
        old: Obj = {"urn": URN, "id": "observability/config", "pendingReplacement": True}
        state.checkpoint.write_text(checkpoint(CREATING, resources=(old,)))
        recovery.settle(state, unasked, print)
        assert latest(state)["resources"] == [{"urn": URN, "id": "observability/config"}]

    def test_a_bucket_is_left_to_the_refresh_by_its_name(self, state: State) -> None:
        bucket: Obj = {"urn": "urn:pulumi:dev::o::aws:s3/bucket:Bucket::b", "type": "aws:s3/bucket:Bucket", "inputs": {"bucket": "logs"}}
        state.checkpoint.write_text(checkpoint({"type": "creating", "resource": bucket}))
        recovery.settle(state, unasked, print)
        assert [resource["id"] for resource in latest(state)["resources"]] == ["logs"]

    def test_other_operations_are_left_to_the_engine(self, state: State) -> None:
        text = checkpoint({**CREATING, "type": "updating"})
        state.checkpoint.write_text(text)
        recovery.settle(state, unasked, print)
        assert state.checkpoint.read_text() == text


class TestWhatABackupDoesNotKnow:
    PROVIDER: ClassVar[Obj] = {"urn": "urn:pulumi:dev::o::pulumi:providers:kubernetes::k8s", "id": "12"}
    PLANNED: ClassVar[Obj] = {
        "urn": URN,
        "custom": True,
        "type": "kubernetes:core/v1:ConfigMap",
        "inputs": INPUTS,
        "provider": "urn:pulumi:dev::o::pulumi:providers:kubernetes::k8s::12",
        "parent": "parent",
    }
    KNOWN: ClassVar[tuple[Obj, ...]] = ({"urn": "parent"}, PROVIDER)

    def test_what_an_engine_made_meanwhile_is_recorded_with_the_component_that_holds_it(self, state: State) -> None:
        state.checkpoint.write_text(checkpoint(resources=self.KNOWN))
        component: Obj = {"urn": "component", "custom": False, "type": "observability:index:X", "inputs": {}, "parent": "parent"}
        said: list[str] = []
        recovery.recall(state, [component, {**self.PLANNED, "parent": "component"}], lambda _: OURS, said.append)
        assert [resource["urn"] for resource in latest(state)["resources"][2:]] == ["component", URN]
        made = latest(state)["resources"][-1]
        assert (made["id"], made["outputs"]["__fieldManager"]) == ("observability/config", "pulumi-kubernetes-12ab34cd")
        assert said[-1] == "was made after that backup: ConfigMap config; recorded as made"

    @pytest.mark.parametrize(
        ("changed", "live"),
        [({}, None), ({}, THEIRS), ({"provider": "of::another"}, OURS), ({"parent": "unknown"}, OURS)],
        ids=["not there", "somebody else's", "unknown provider", "unknown parent"],
    )
    def test_what_is_not_there_or_not_ours_is_left_to_the_update(self, state: State, changed: Obj, live: Obj | None) -> None:
        state.checkpoint.write_text(checkpoint(resources=self.KNOWN))
        before = state.checkpoint.read_bytes()
        recovery.recall(state, [{**self.PLANNED, **changed}], lambda _: live, print)
        assert state.checkpoint.read_bytes() == before

    def test_only_creations_are_asked_for_and_their_secrets_are_words(self) -> None:
        cipher = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
        state = {"urn": URN, "type": "kubernetes:core/v1:Secret", "custom": True, "parent": "parent", "inputs": {"data": cipher}}

        def planned(operation: str) -> list[Obj]:
            step = {"op": operation, "urn": URN, "type": state["type"], "provider": "", "new": state}
            event = {"sequence": 1, "timestamp": 1, "resourcePreEvent": {"metadata": step, "planning": True}}
            return list(recovery.planned(EngineEvent.from_json(event)))  # pyright: ignore[reportUnknownMemberType]

        assert [resource["inputs"] for resource in planned("create")] == [{"data": "[secret]"}]
        assert planned("update") == planned("same") == []


def test_too_little_room_is_told_before_anything_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recovery.require_room(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 3_000_000))  # pyright: ignore
    with pytest.raises(RecoveryError, match=rf"the disk of {tmp_path} has 3\.0 MB free, but 50 MB are needed"):
        recovery.require_room(tmp_path)


def unasked(target: Ref) -> Obj | None:
    """A cluster that nobody has to ask."""
    raise AssertionError(f"asked for {target}")


def write_lock(state: State, pid: int, host: str = os.uname().nodename) -> Path:
    """A lock as the local backend writes it."""
    lock = state.locks / "1.json"
    lock.write_text(json.dumps({"pid": pid, "username": "me", "hostname": host, "timestamp": "2026-01-01T00:00:00.1Z"}))
    return lock


@contextmanager
def process_called(program: Path) -> Generator[subprocess.Popen[bytes]]:
    """A process whose program is a copy of `sleep` at this path."""
    shutil.copyfile(shutil.which("sleep") or "", program)
    program.chmod(0o755)
    with subprocess.Popen([program, "60"]) as process:
        yield process
        process.kill()


@contextmanager
def marked(backend: Path, script: str = "exec sleep 60") -> Generator[subprocess.Popen[str]]:
    """A process as a killed command leaves it, at work on this state."""
    environment = {**os.environ, MARK: str(backend)}
    with subprocess.Popen(["bash", "-c", script], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        until(lambda: process.pid in recovery.leftovers(backend))
        yield process
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
