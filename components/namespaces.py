"""Where the platform lives: two namespaces with different rights, and the priority of everything in them."""

from dataclasses import dataclass

from pulumi import CustomTimeouts, ResourceOptions
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs
from pulumi_kubernetes.scheduling.v1 import PriorityClass

from components.base import OWNER, Component, Identity, kept

PRIORITY = 100_000
"""Above ordinary workloads (0), far below the cluster's own (2 billion)."""


@dataclass(frozen=True, kw_only=True)
class NamespacesArgs:
    """What the namespaces are made from."""

    platform: str
    """The namespace of everything that needs no rights: it enforces Pod Security *restricted*."""

    agents: str
    """The namespace of what must see its node, such as node-exporter: *privileged*, and holds nothing else."""

    keep: bool
    """Whether volumes outlive the platform, and so the namespace that holds them: who deletes it deletes them."""


class Namespaces(Component):
    """The namespaces of the platform and its PriorityClass. Everything else comes after them."""

    def __init__(self, name: str, args: NamespacesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Namespaces", name, opts)
        timed = ResourceOptions.merge(self.child(), ResourceOptions(custom_timeouts=CustomTimeouts(create="5m", delete="5m")))
        for namespace, level, holds_data in ((args.platform, "restricted", args.keep), (args.agents, "privileged", False)):
            metadata = namespace_metadata(namespace, enforce=level)
            Namespace(f"{name}-{namespace}", metadata=metadata, opts=kept(timed, data=holds_data))
        PriorityClass(
            f"{name}-priority",
            metadata=Identity(name=OWNER, namespace="", program=OWNER, role="scheduling").metadata(),
            value=PRIORITY,
            preemption_policy="Never",
            description="The observability platform: scheduled before ordinary workloads, but never in their place.",
            opts=self.child(),
        )
        self.register_outputs({"platform": args.platform, "agents": args.agents})


def namespace_metadata(name: str, *, enforce: str) -> ObjectMetaArgs:
    """A namespace that refuses pods above the level ``enforce``, and warns of all that are not *restricted*."""
    levels = {"enforce": enforce, "warn": "restricted", "audit": "restricted"}
    pod_security = {f"pod-security.kubernetes.io/{mode}": level for mode, level in levels.items()}
    identity = Identity(name=name, namespace="", program=name, role="namespace")
    return ObjectMetaArgs(name=name, labels={**identity.labels, **pod_security})
