"""Who may ask the Kubernetes API for what. None of our parts may read Secrets, reach into nodes, or use a wildcard."""

from collections.abc import Sequence
from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgs,
    Role,
    RoleBinding,
    RoleRefArgs,
    SubjectArgs,
)

from components.base import OWNER, Component, Identity

KUBE_STATE_RESOURCES: dict[str, tuple[str, ...]] = {
    "": ("namespaces", "nodes", "persistentvolumeclaims", "persistentvolumes", "pods", "services"),
    "apps": ("daemonsets", "deployments", "replicasets", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "policy": ("poddisruptionbudgets",),
}
"""What kube-state-metrics reports, by API group; it may read this and nothing else. Secrets and ConfigMaps stay out."""


@dataclass(frozen=True, kw_only=True)
class RbacArgs:
    """What the rights are made from."""

    accounts: Sequence[Identity]
    """The parts that get a ServiceAccount, called as they are."""

    prometheus: Identity
    """Who discovers and scrapes."""

    discovered: Sequence[str]
    """The namespaces in which Prometheus may discover Services and pods."""

    kube_state_metrics: Identity
    """Who reports the state of the cluster's objects."""

    pod_readers: Sequence[Identity]
    """Who must know which pod is which: the log agent and the collector of spans, where there are such."""

    elasticsearch: Identity | None
    """Who forms a cluster once and never again, if anybody does."""


class Rbac(Component):
    """ServiceAccounts of all parts, and the rights of the few that need any."""

    def __init__(self, name: str, args: RbacArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Rbac", name, opts)
        for account in args.accounts:
            ServiceAccount(f"{name}-{account.name}", metadata=account.metadata(), automount_service_account_token=False, opts=self.child())
        self._cluster_wide(name, args.prometheus, node_rules())
        self._cluster_wide(name, args.kube_state_metrics, kube_state_rules())
        for reader in args.pod_readers:
            self._cluster_wide(name, reader, pod_rules())
        if args.elasticsearch:
            self._within(name, args.elasticsearch.namespace, args.elasticsearch, founding_rules())
        for namespace in args.discovered:
            self._within(name, namespace, args.prometheus, discovery_rules())
        self.register_outputs({"accounts": [account.name for account in args.accounts]})

    def _cluster_wide(self, name: str, account: Identity, rules: Sequence[PolicyRuleArgs]) -> None:
        role = access(account, namespace="")
        child = f"{name}-{account.name}"
        ClusterRole(child, metadata=role.metadata(), rules=list(rules), opts=self.child())
        ClusterRoleBinding(
            child, metadata=role.metadata(), role_ref=reference("ClusterRole", role), subjects=[subject(account)], opts=self.child()
        )

    def _within(self, name: str, namespace: str, account: Identity, rules: Sequence[PolicyRuleArgs]) -> None:
        role = access(account, namespace=namespace)
        child = f"{name}-{account.name}-{namespace}"
        Role(child, metadata=role.metadata(), rules=list(rules), opts=self.child())
        RoleBinding(child, metadata=role.metadata(), role_ref=reference("Role", role), subjects=[subject(account)], opts=self.child())


def access(account: Identity, *, namespace: str) -> Identity:
    """The role of an account: prefixed with the project's name, as it also lives in namespaces that are not ours."""
    return Identity(name=f"{OWNER}-{account.name}", namespace=namespace, program=account.program, role="access")


def reference(kind: str, role: Identity) -> RoleRefArgs:
    """What a binding binds."""
    return RoleRefArgs(api_group="rbac.authorization.k8s.io", kind=kind, name=role.name)


def subject(account: Identity) -> SubjectArgs:
    """Whom a binding binds."""
    return SubjectArgs(kind="ServiceAccount", name=account.name, namespace=account.namespace)


def node_rules() -> list[PolicyRuleArgs]:
    """Find nodes and read the metrics of kubelets and API server; not ``nodes/proxy``, which would run commands in every pod."""
    return [
        PolicyRuleArgs(api_groups=[""], resources=["nodes"], verbs=["get", "list", "watch"]),
        PolicyRuleArgs(api_groups=[""], resources=["nodes/metrics"], verbs=["get"]),
        PolicyRuleArgs(non_resource_urls=["/metrics"], verbs=["get"]),
    ]


def pod_rules() -> list[PolicyRuleArgs]:
    """Find pods, to know whose lines are in which file, and who sent a span."""
    return [PolicyRuleArgs(api_groups=[""], resources=["pods"], verbs=["get", "list", "watch"])]


def founding_rules() -> list[PolicyRuleArgs]:
    """Make a Lease, which stands for a cluster that was formed; not read, change or delete any."""
    return [PolicyRuleArgs(api_groups=["coordination.k8s.io"], resources=["leases"], verbs=["create"])]


def discovery_rules() -> list[PolicyRuleArgs]:
    """Find what can be scraped in one namespace."""
    return [
        PolicyRuleArgs(api_groups=[""], resources=["services", "pods"], verbs=["get", "list", "watch"]),
        PolicyRuleArgs(api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=["get", "list", "watch"]),
    ]


def kube_state_rules() -> list[PolicyRuleArgs]:
    """See the objects that kube-state-metrics reports."""
    return [
        PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=["list", "watch"])
        for group, resources in KUBE_STATE_RESOURCES.items()
    ]
