"""Starting and ending an instance: who may, and what is undone when it fails."""

import os
from collections.abc import Collection

from sandbox import machine
from sandbox.cache import ToolError
from sandbox.cluster import cgroups, leftovers, namespaces
from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance, check_name, state_root
from sandbox.cluster.ownership import SESSION, Owner, claim, find_init, locked, owners, read_owner, refuse_foreign
from sandbox.cluster.starting import ensure
from sandbox.images import references
from sandbox.progress import note, step

SIMULATED = "OBSERVABILITY_SIMULATED"
"""Asks for nodes that are played."""


def up(name: str = "main", *, without: Collection[str] = ()) -> Instance:
    """Start the instance, or what of it does not run, and wait until its node is ready. Raises ClusterError.

    It gets all images but those whose names are in `without`, which `images.provide` can bring later. What an earlier life stored comes
    back. When this fails or is interrupted, an instance that did not run before does not run after.
    """
    check_name(name)
    reap()
    with locked(name, f"up {name}"):
        owner = _own(name)
        was_running = find_init(name) is not None
        simulated = reason_to_simulate(name)
        if not was_running:
            machine.check(share=0)
        if not was_running and not simulated:
            machine.require_room(state_root())
        instance = claim(name, simulated)
        try:
            ensure(instance, [image for image in references() if image not in without])
        except BaseException as error:
            if not was_running:
                interrupted = isinstance(error, KeyboardInterrupt)
                with step(f"{'interrupted' if interrupted else 'failed'}: ending sandbox {name!r}"):
                    _end(instance, graceful=owner is not None, keep_data=owner is not None or not interrupted)
            raise
    return instance


def down(name: str = "main", *, keep_data: bool = False) -> None:
    """End the instance and remove all that is left of it; `keep_data` keeps its directory. Raises ClusterError."""
    check_name(name)
    with locked(name, f"down {name}"):
        owner = read_owner(name)
        refuse_foreign(name, owner)
        if owner is None and not (state_root() / name).exists() and find_init(name) is None:
            note(f"there is no sandbox {name!r}")
            return
        with step(f"sandbox {name!r} ended{', its data kept' if keep_data else ''}"):
            _end(_instance(name, owner), graceful=keep_data, keep_data=keep_data)


def reap() -> list[str]:
    """End the instances of test sessions that have ended, killed ones as a rule, and return their names.

    Without this they load the machine for ever. One that cannot be ended is said and left. What people brought up is never ended here,
    also when its checkout is not where it was: that may have been moved, and its data are wanted.
    """
    ended: list[str] = []
    for name in [name for name, owner in owners().items() if owner.session_ended]:
        with locked(name, f"end of {name}"):
            owner = read_owner(name)
            if owner is None or not owner.session_ended:  # meanwhile somebody else was quicker
                continue
            try:
                _remove(name, owner)
            except (ClusterError, ToolError, OSError) as error:
                note(f"sandbox {name!r} of an earlier test run stays: {error}")
            else:
                ended.append(name)
    return ended


def begin_session() -> None:
    """Let the sandboxes that this process and its children make from now on end with it at the latest, and end what others left."""
    os.environ[SESSION] = str(os.getpid())
    reap()


def running(name: str = "main") -> Instance:
    """The instance, if its init runs; raises ClusterError when it does not."""
    owner = read_owner(check_name(name))
    if owner is None or find_init(name) is None:
        raise ClusterError(f"the sandbox {name!r} does not run: start it with `make up`")
    return _instance(name, owner)


def _instance(name: str, owner: Owner | None) -> Instance:
    return Instance(name=name, number=owner.number if owner else 0, simulated=bool(owner and owner.simulated))


def _own(name: str) -> Owner | None:
    """The owner, if it is this checkout; what nobody needs any more is removed."""
    owner = read_owner(name)
    refuse_foreign(name, owner)
    if owner and owner.gone:
        _remove(name, owner)
        return None
    return owner


def _remove(name: str, owner: Owner) -> None:
    left = "a test run that has ended" if owner.process else "which is no more"
    with step(f"removing the sandbox {name!r} that {owner.checkout} left, {left}"):
        _end(_instance(name, owner), graceful=False, keep_data=False)


def reason_to_simulate(name: str = "main") -> str:
    """Why the nodes of the instance are simulated, as it is or would be; empty for a real one."""
    owner = read_owner(name)
    if owner and not owner.gone:
        return owner.simulated
    if os.environ.get(SIMULATED):
        return f"{SIMULATED} is set"
    return namespaces.unable() or cgroups.missing()


def _end(instance: Instance, *, graceful: bool, keep_data: bool) -> None:
    namespaces.stop(instance, graceful=graceful)
    leftovers.clean(instance)
    if not keep_data:
        leftovers.erase(instance)
