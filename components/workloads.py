"""What goes around pods: Services, volume claims, disruption budgets, the StatefulSet of replicated parts and the DaemonSet of agents."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi_kubernetes.apps.v1 import (
    DaemonSetSpecArgs,
    DaemonSetUpdateStrategyArgs,
    RollingUpdateDaemonSetArgs,
    StatefulSetPersistentVolumeClaimRetentionPolicyArgs,
    StatefulSetSpecArgs,
    StatefulSetUpdateStrategyArgs,
)
from pulumi_kubernetes.core.v1 import (
    PersistentVolumeClaimArgs,
    PersistentVolumeClaimSpecArgs,
    PodTemplateSpecArgs,
    ServicePortArgs,
    ServiceSpecArgs,
    TolerationArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgs

from components.base import Identity
from components.pods import REVISIONS, Pod, pod_metadata, pod_spec, pod_template
from model.quantities import Size

DATA = "data"
"""The volume that holds what a part must not lose."""

ACCESS_MODE = "ReadWriteOnce"
"""One node at a time writes to a volume."""

VOLUME_FIELDS = ("spec.volumeClaimTemplates",)
"""A StatefulSet cannot change these: without ignoring them a bigger volume in the settings would replace it (docs/decisions/0005)."""


def service_spec(identity: Identity, ports: Mapping[str, int]) -> ServiceSpecArgs:
    """One stable address for all pods of a part."""
    return ServiceSpecArgs(type="ClusterIP", selector=identity.selector, ports=_service_ports(ports))


def headless_spec(identity: Identity, ports: Mapping[str, int], udp: Mapping[str, int] | None = None) -> ServiceSpecArgs:
    """A name for each pod, ready or not: replicas find each other before they can be ready."""
    return ServiceSpecArgs(
        cluster_ip="None",
        publish_not_ready_addresses=True,
        selector=identity.selector,
        ports=_service_ports(ports) + _service_ports(udp or {}, protocol="UDP"),
    )


def _service_ports(ports: Mapping[str, int], protocol: str = "TCP") -> list[ServicePortArgs]:
    return [ServicePortArgs(name=name, port=port, target_port=port, protocol=protocol) for name, port in ports.items()]


def claim_spec(size: Size, storage_class: str | None) -> PersistentVolumeClaimSpecArgs:
    """A volume that one node at a time writes to; of the cluster's default class when none is named."""
    return PersistentVolumeClaimSpecArgs(
        access_modes=[ACCESS_MODE],
        storage_class_name=storage_class,
        resources=VolumeResourceRequirementsArgs(requests={"storage": str(size)}),
    )


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """What a StatefulSet has from its creation to its end: Kubernetes, or the provider, makes another one when it changes."""

    service_name: str
    """The Service that gives its pods their names."""

    selector: Mapping[str, str]
    """The labels by which it finds its pods."""

    pod_management_policy: str = "Parallel"
    """All pods start and end at once."""

    revision_history_limit: int = REVISIONS
    """How many old revisions are kept."""


def fixed_fields(identity: Identity) -> Fixed:
    """What every StatefulSet of a part is created with."""
    return Fixed(service_name=f"{identity.name}-headless", selector=identity.selector)


def stateful_set_spec(pod: Pod, *, storage: Size, storage_class: str | None) -> StatefulSetSpecArgs:
    """Replicas that start together, each with a volume of its own that outlives them."""
    claim = PersistentVolumeClaimArgs(
        metadata=ObjectMetaArgs(name=DATA, labels=pod.identity.selector), spec=claim_spec(storage, storage_class)
    )
    fixed = fixed_fields(pod.identity)
    return StatefulSetSpecArgs(
        replicas=pod.replicas,
        service_name=fixed.service_name,
        pod_management_policy=fixed.pod_management_policy,
        update_strategy=StatefulSetUpdateStrategyArgs(type="RollingUpdate"),
        revision_history_limit=fixed.revision_history_limit,
        persistent_volume_claim_retention_policy=StatefulSetPersistentVolumeClaimRetentionPolicyArgs(
            when_deleted="Retain", when_scaled="Retain"
        ),
        selector=LabelSelectorArgs(match_labels=dict(fixed.selector)),
        template=pod_template(pod),
        volume_claim_templates=[claim],
    )


def daemon_set_spec(pod: Pod, *, host_network: bool = False) -> DaemonSetSpecArgs:
    """A pod on each node, whatever the node is reserved for, and within the node's own network if it must be."""
    spec = pod_spec(pod)
    spec.tolerations = [TolerationArgs(operator="Exists")]
    if host_network:
        spec.host_network = True
    return DaemonSetSpecArgs(
        revision_history_limit=REVISIONS,
        update_strategy=DaemonSetUpdateStrategyArgs(type="RollingUpdate", rolling_update=RollingUpdateDaemonSetArgs(max_unavailable="10%")),
        selector=LabelSelectorArgs(match_labels=pod.identity.selector),
        template=PodTemplateSpecArgs(metadata=pod_metadata(pod), spec=spec),
    )


def budget_spec(identity: Identity) -> PodDisruptionBudgetSpecArgs:
    """Maintenance takes away one pod at a time."""
    return PodDisruptionBudgetSpecArgs(max_unavailable=1, selector=LabelSelectorArgs(match_labels=identity.selector))
