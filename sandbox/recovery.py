"""What a killed engine, a lost API server or a full disk leave behind, put in order before the next engine starts.

The caller holds our own lock on the state, so whatever of ours still runs or is locked here belongs to a command that is no more.
"""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from pulumi.automation import OpType
from pulumi.automation.events import EngineEvent

from sandbox.drift import readable
from sandbox.providers.kubernetes import objects
from sandbox.providers.kubernetes.client import Ref, ref
from sandbox.providers.values import Json, Obj, items, mapping, text
from sandbox.pulumi_cli import MARK

PROJECT = "observability"
NEEDED_BYTES = 50_000_000
"""Room for the state of one deployment with its backups, with some to spare."""
_GRACE_SECONDS = 30.0
_ENGINE = "pulumi"
_NAME_IS_ID = {"aws:s3/bucket:Bucket": "bucket", "aws:iam/role:Role": "name", "aws:kms/alias:Alias": "name"}
"""The input that is the id, for those kinds of AWS that cannot be created twice; all others can, or are settings."""

Say = Callable[[str], None]
Live = Callable[[Ref], Obj | None]


class RecoveryError(Exception):
    """The state cannot be used as it is; the text says what a person has to do."""


@dataclass(frozen=True, kw_only=True)
class State:
    """Where the local backend keeps an environment's state."""

    backend: Path
    environment: str

    @property
    def checkpoint(self) -> Path:
        """The file that says what is deployed."""
        return self.backend / f".pulumi/stacks/{PROJECT}/{self.environment}.json"

    @property
    def locks(self) -> Path:
        """The directory of lock files: whoever has one in it is changing the state."""
        return self.backend / f".pulumi/locks/organization/{PROJECT}/{self.environment}"

    @property
    def backups(self) -> Iterator[Path]:
        """Older checkpoints, newest first: the one before the last write, then the end of each earlier update."""
        yield self.checkpoint.with_name(f"{self.checkpoint.name}.bak")
        yield from sorted((self.backend / f".pulumi/history/{PROJECT}/{self.environment}").glob("*.checkpoint.json"), reverse=True)


def require_room(directory: Path) -> None:
    """Raise RecoveryError when the disk of the state has too little room to begin."""
    free = shutil.disk_usage(directory).free
    if free < NEEDED_BYTES:
        raise RecoveryError(
            f"the disk of {directory} has {free / 1e6:.1f} MB free, but {NEEDED_BYTES / 1e6:.0f} MB are needed: free some room"
        )


def recover(state: State, live: Live, say: Say) -> bool:
    """Make the state fit for the next engine; does nothing to one that is in order. `live` looks up an object in the cluster.

    Returns whether it goes on from a backup, which may not know all that was made: then the caller has to `recall` the rest.

    Raises RecoveryError when a person has to decide, ApiError when the cluster has to be asked and does not answer.
    """
    end_leftovers(state.backend, say)
    release_locks(state, say)
    restored = restore(state, say)
    settle(state, live, say)
    return restored


def leftovers(backend: Path) -> dict[int, str]:
    """Engines of ours and their plugins that work on this state: name of the program by process id."""
    mark = f"{MARK}={backend}".encode()
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "comm").read_text().strip()
        except OSError:  # it has ended, or is not ours
            continue
    return found


def end_leftovers(backend: Path, say: Say) -> None:
    """End what a killed command left running: first as Ctrl-C does, so that the engine still writes what it has done, then by force.

    Raises RecoveryError when not even that ends it (a process that hangs in the kernel).
    """
    running = leftovers(backend)
    if not running:
        return
    say(f"an earlier command was killed; ending what it left: {_listed(running)}")
    for number in (signal.SIGINT, signal.SIGKILL):
        _signal(leftovers(backend), number)
        end = time.monotonic() + _GRACE_SECONDS
        while leftovers(backend) and time.monotonic() < end:
            time.sleep(0.1)
    if left := leftovers(backend):
        raise RecoveryError(f"what an earlier command left cannot be ended: {_listed(left)}")


def _listed(processes: Mapping[int, str]) -> str:
    return ", ".join(f"{name} ({pid})" for pid, name in sorted(processes.items()))


def _signal(processes: Mapping[int, str], number: signal.Signals) -> None:
    for pid in processes:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def release_locks(state: State, say: Say) -> None:
    """Remove locks whose engine is no more. Raises RecoveryError for one that somebody else's engine holds."""
    for lock in sorted(state.locks.glob("*")):
        if lock.suffix == ".attrs":
            continue
        content = read(lock)
        host = text(content, "hostname")
        who = f"{text(content, 'username')}@{host}, process {content.get('pid')}, since {text(content, 'timestamp')[:19]}"
        if content and (host != os.uname().nodename or _is_engine(content.get("pid"))):
            raise RecoveryError(f"another update of {state.environment} runs: {who}. Wait for its end; if there is none, remove {lock}")
        lock.unlink(missing_ok=True)
        say(f"removed the lock of an engine that is no more: {who}" if content else f"removed a lock that was never finished: {lock.name}")


def _is_engine(pid: Json) -> bool:
    try:
        program = Path(f"/proc/{pid}/exe").readlink()  # there before the command line is, and no more there for one that is dead
    except OSError:
        return False
    return program.name.removesuffix(" (deleted)") == _ENGINE


def restore(state: State, say: Say) -> bool:
    """Replace a checkpoint that was not written whole by the newest backup that was, and say whether that was needed.

    Raises RecoveryError when there is none.
    """
    for unfinished in (state.backend / ".pulumi").rglob("*.tmp"):
        unfinished.unlink()
    for attributes in (state.backend / ".pulumi").rglob("*.attrs"):  # beside each file; the file serves without, but not with an empty one
        if not read(attributes):
            attributes.unlink()
    if not state.checkpoint.exists() or _is_checkpoint(read(state.checkpoint)):
        return False
    damaged = state.checkpoint.with_name(f"{state.checkpoint.name}.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    for backup in state.backups:
        if _is_checkpoint(read(backup)):
            damaged.hardlink_to(state.checkpoint)  # so that at no moment there is no checkpoint, and no room is needed
            write(state.checkpoint, backup.read_text())
            written = datetime.fromtimestamp(backup.stat().st_mtime, UTC)
            say(f"the state {state.checkpoint} was damaged and is kept as {damaged.name}")
            say(f"going on from the backup of {written:%Y-%m-%d %H:%M:%S} UTC: {backup}")
            return True
    raise RecoveryError(
        f"the state {state.checkpoint} is damaged and there is no backup: repair it, or take it away and import what is deployed "
        "(`pulumi import`)"
    )


def settle(state: State, live: Live, say: Say) -> None:
    """Resolve the creations of which the engine did not see the end: an object that is there and was made by it is recorded as made.

    The engine's own `refresh --import-pending-creates` drops them instead (3.250), and would not know which field manager made the object.
    Interrupted updates and deletions need nothing: the refresh that follows finds out.
    """
    content = read(state.checkpoint)
    latest = mapping(content, "checkpoint", "latest")
    pending = [operation for operation in items(latest, "pending_operations") if text(operation, "type") == "creating"]
    if not pending:
        return
    resources = items(latest, "resources")
    for operation in pending:
        resource = mapping(operation, "resource")
        known = [other for other in resources if text(other, "urn") == text(resource, "urn") and other.get("delete") is not True]
        for other in known:  # a replacement: what is recorded under this name is read anew
            other.pop("pendingReplacement", None)
        made = None if known else _made(resource, live)
        if made:
            resources.append(made)
        say(f"was interrupted: creating {_name(resource)}; {'recorded as made' if made or known else 'begun anew'}")
    others: list[Json] = [operation for operation in items(latest, "pending_operations") if operation not in pending]
    _record(state, content, resources=cast("list[Json]", resources), pending_operations=others)


def planned(event: EngineEvent) -> Iterator[Obj]:
    """The resource that an event of a preview says would be created, if any, as the state has resources; secrets are left out of it."""
    step = event.resource_pre_event.metadata if event.resource_pre_event else None
    if step and step.new and step.op is OpType.CREATE:
        new = step.new
        yield {
            "urn": new.urn,
            "custom": bool(new.custom),
            "type": new.type,
            "parent": new.parent,
            "inputs": readable(new.inputs or {}),  # an engine could not read again what events have in place of secrets
            **({"provider": new.provider} if new.provider else {}),
            **({"protect": True} if new.protect else {}),
        }


def recall(state: State, created: Iterable[Obj], live: Live, say: Say) -> None:
    """Record what was made after the backup was written from which the state goes on.

    `created` are the resources that the program would create, parents first. The object of one that is there already, and that an engine
    made, is such a one. What the next update compares it with is the object as it is.
    """
    content = read(state.checkpoint)
    resources = items(mapping(content, "checkpoint", "latest"), "resources")
    known = {text(resource, "urn") for resource in resources}
    providers = {f"{text(resource, 'urn')}::{text(resource, 'id')}" for resource in resources}
    before = len(resources)
    for resource in created:
        if text(resource, "parent") not in known or text(resource, "urn") in known:
            continue
        made = resource
        if resource.get("custom") is True:
            made = _made(resource, live) if text(resource, "provider") in providers else None
        if made:
            resources.append(made)
            known.add(text(made, "urn"))
            say(f"was made after that backup: {_name(made)}; recorded as made")
    if len(resources) > before:
        _record(state, content, resources=cast("list[Json]", resources))


def _record(state: State, content: Obj, **changed: Json) -> None:
    """Write the checkpoint with other content, and keep the one before as a backup."""
    latest = {**mapping(content, "checkpoint", "latest"), **changed}
    shutil.copyfile(state.checkpoint, next(state.backups))
    write(state.checkpoint, json.dumps({**content, "checkpoint": {**mapping(content, "checkpoint"), "latest": latest}}))


def _made(resource: Obj, live: Live) -> Obj | None:
    """The resource as the provider would have recorded it, if its object is there and an engine made it, or may be there (AWS)."""
    inputs, kind = mapping(resource, "inputs"), text(resource, "type")
    if name := text(inputs, _NAME_IS_ID.get(kind, "")):  # the refresh that follows drops it again when there is none
        return {**resource, "id": name, "outputs": inputs}
    target = ref(inputs)
    if not kind.startswith("kubernetes:") or not target.name:
        return None
    managers = [
        text(entry, "manager") for entry in items(live(target) or {}, "metadata", "managedFields") if text(entry, "operation") == "Apply"
    ]
    ours = [manager for manager in managers if manager.startswith("pulumi-kubernetes-")]
    if not ours:
        return None
    kept: Obj = {objects.INPUTS_KEY: inputs, objects.VERSION_KEY: target.api_version, objects.MANAGER_KEY: ours[0]}
    return {**resource, "id": target.id, "outputs": {**inputs, **kept}}


def _name(resource: Obj) -> str:
    return f"{text(resource, 'type').rsplit(':', 1)[-1]} {text(resource, 'urn').rsplit('::', 1)[-1]}"


def _is_checkpoint(content: Obj) -> bool:
    return isinstance(content.get("checkpoint"), dict)


def read(file: Path) -> Obj:
    """The JSON object in a file of the state; empty when there is none that is whole."""
    try:
        content: Json = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write(file: Path, content: str) -> None:
    """Replace a file of the state: all or nothing, and on the disk when this returns."""
    new = file.with_name(f"{file.name}.new")
    try:
        with new.open("w") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
