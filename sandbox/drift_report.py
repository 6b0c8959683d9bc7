"""All that differs from what was deployed, for people and for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Protocol

from model.namespaces import PLATFORM_NAMESPACES
from sandbox.drift import Drift
from sandbox.engine import Deployed
from sandbox.kube import Kube
from sandbox.running import Running, running
from sandbox.unmanaged import Unmanaged, unmanaged

NOTHING, DIFFERS, ONLY_UNMANAGED = 0, 1, 3
"""Exit codes (2 is an error): what was deployed is no longer what runs; or it is, beside objects that nobody deployed."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found."""

    managed: tuple[Drift, ...] = ()
    """Objects of the deployment that somebody changed or deleted."""

    running: tuple[Running, ...] = ()
    """Values with which a program does not run as it was deployed."""

    unmanaged: tuple[Unmanaged, ...] = ()
    """Objects in the platform's namespaces that no deployment made."""

    @property
    def severity(self) -> int:
        """The exit code."""
        if self.managed or self.running:
            return DIFFERS
        return ONLY_UNMANAGED if self.unmanaged else NOTHING

    @property
    def json(self) -> str:
        """An object with the severity, and a list of each kind."""
        return json.dumps({"severity": self.severity, **asdict(self)}, indent=2)

    def lines(self) -> Iterator[str]:
        """What people read; nothing repairs the last kind by itself."""
        yield from map(str, (*self.managed, *self.running, *self.unmanaged))
        yield (
            f"{len(self.managed)} managed object(s) differ from what was deployed, {len(self.running)} value(s) are not what runs, "
            f"{len(self.unmanaged)} object(s) are nobody's"
        )
        if self.managed:
            yield "`make up` puts managed objects back"
        if self.running:
            yield "a program that did not take its configuration says why in its log; restart its pods: `kubectl rollout restart`"
        if self.unmanaged:
            yield "what nobody deployed stays until somebody deletes it, or declares it in the program"


class Deployment(Protocol):
    """An environment with its state, wherever that is kept."""

    def drift(self) -> tuple[Drift, ...]:
        """The managed objects that somebody changed or deleted, without changing them."""
        ...

    def deployed(self) -> tuple[Deployed, ...]:
        """The objects that were deployed, as the state knows them."""
        ...


def examine(deployment: Deployment, kube: Kube) -> Report:
    """Look at everything, without changing anything. Raises EngineError and KubeError."""
    managed, deployed = deployment.drift(), deployment.deployed()
    data = {(one.namespace, one.name): one.data for one in deployed if one.kind == "ConfigMap"}
    return Report(
        managed=managed,
        running=running(kube, data),
        unmanaged=unmanaged(kube, PLATFORM_NAMESPACES, [(one.kind, one.namespace, one.name) for one in deployed]),
    )
