"""``make destroy``: shows what goes and what stays, asks, and deletes."""

from collections.abc import Callable
from contextlib import suppress

from sandbox import teardown
from sandbox.confirmation import confirm
from sandbox.engine import Engine, EngineError
from sandbox.kube import Kube, KubeError

Say = Callable[[str], None]


def destroy(engine: Engine, kube: Kube, environment: str, *, with_data: bool, say: Say) -> None:
    """Delete an environment; what its state protects only `with_data`.

    Raises NotConfirmedError before anything is changed, EngineError and KubeError.
    """
    resources = engine.resources()
    protects = bool(teardown.plan(resources, with_data=False).kept)
    plan = teardown.plan(resources, with_data=with_data)
    for line in plan.lines(teardown.volumes(kube)):
        say(line)
    if not plan.deleted:
        say(f"{environment}: nothing to delete{KEPT.format(environment) if plan.kept else ''}")
        return
    confirm(phrase(environment, data=protects and with_data), f"deleting {environment}")
    try:
        engine.destroy(with_data=with_data)
    except EngineError:
        with suppress(KubeError):  # what the engine said is what counts
            for line in teardown.stuck(kube):
                say(line)
        raise
    if with_data:  # now, as nothing holds them any more: a deletion that stops half-way loses none
        teardown.release_volumes(kube)
    say(f"{environment}: deleted{KEPT.format(environment) if plan.kept else ', with all its data'}")


KEPT = ", but for what is protected; `make up ENV={0}` takes that over again, `make destroy ENV={0} DATA=delete` deletes it too"
"""What people are told when something stays."""


def phrase(environment: str, *, data: bool) -> str:
    """What has to be typed: the environment's name, and in so many words that its data is meant, where that is protected."""
    return f"delete data of {environment}" if data else environment
