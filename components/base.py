"""What every component shares: how its children hang together, and how its objects are named and labelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pulumi import ComponentResource, CustomTimeouts, Input, Resource, ResourceOptions
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

OWNER = "observability"
"""The project: ``app.kubernetes.io/part-of`` of every object, and the prefix of names that are not ours alone."""

CHECKSUM = "observability/config-checksum"
"""Pod annotation: changes with the configuration that a running process cannot reload, and so restarts it."""


class Component(ComponentResource):
    """A part of the platform. Its children are parented to it, and it registers its outputs when it is whole."""

    def __init__(self, token: str, name: str, opts: ResourceOptions | None = None) -> None:
        """Register the component under its type ``token``, which never changes: it is part of the URN of every child."""
        super().__init__(token, name, None, opts)

    def child(self, *, after: Sequence[Resource] = (), timeout: str | None = None, ignore: Sequence[str] = ()) -> ResourceOptions:
        """Options of a child: made ``after`` others, ready within ``timeout`` (such as ``20m``), with changes of fields ``ignore``d."""
        return ResourceOptions(
            parent=self,
            depends_on=list(after) or None,
            custom_timeouts=CustomTimeouts(create=timeout, update=timeout) if timeout else None,
            ignore_changes=list(ignore) or None,
        )


def kept(options: ResourceOptions, *, data: bool) -> ResourceOptions:
    """Options of what holds ``data`` that nobody may lose: the engine refuses to delete it, and leaves it where it is if it is told to
    forget it (docs/decisions/0015). Without such data they are as they were."""
    return ResourceOptions.merge(options, ResourceOptions(protect=True, retain_on_delete=True)) if data else options


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a part is inside the cluster: the name, namespace and standard labels of its objects."""

    name: str
    """The name of its objects, fixed, so that people and other parts can rely on it."""

    namespace: str
    """Where it lives; empty for objects of the whole cluster."""

    program: str
    """What runs, such as ``postgres-exporter``; two parts may run the same program."""

    role: str
    """What it is for, such as ``metrics`` or ``alerting``."""

    version: str = ""
    """The version of the program; empty where nothing runs."""

    @property
    def selector(self) -> dict[str, str]:
        """The labels that never change, by which its pods are found."""
        return {"app.kubernetes.io/name": self.program, "app.kubernetes.io/instance": self.name}

    @property
    def labels(self) -> dict[str, str]:
        """All standard labels."""
        version = {"app.kubernetes.io/version": self.version} if self.version else {}
        return {
            **self.selector,
            **version,
            "app.kubernetes.io/component": self.role,
            "app.kubernetes.io/part-of": OWNER,
            "app.kubernetes.io/managed-by": "pulumi",
        }

    def metadata(self, suffix: str = "", *, annotations: Mapping[str, Input[str]] | None = None) -> ObjectMetaArgs:
        """The metadata of one of its objects, called after it: ``<name>`` or ``<name>-<suffix>``."""
        return ObjectMetaArgs(
            name=f"{self.name}-{suffix}" if suffix else self.name,
            namespace=self.namespace or None,
            labels=self.labels,
            annotations=dict(annotations) if annotations else None,
        )
