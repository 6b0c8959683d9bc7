"""kube-state-metrics: what the cluster's objects should be and are, as metrics."""

from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from components.base import Component, Identity
from components.pods import REVISIONS, Pod, Probes, http_probe, pod_template
from components.rbac import KUBE_STATE_RESOURCES
from components.workloads import headless_spec
from model.settings import Resources

PORT = 8080
"""Metrics of the cluster's objects."""

TELEMETRY_PORT = 8081
"""Metrics of the program itself."""


@dataclass(frozen=True, kw_only=True)
class KubeStateMetricsArgs:
    """What kube-state-metrics is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    resources: Resources
    """What it gets."""


class KubeStateMetrics(Component):
    """One kube-state-metrics: two would count everything twice."""

    def __init__(self, name: str, args: KubeStateMetricsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:KubeStateMetrics", name, opts)
        identity = args.identity
        ports = {"metrics": PORT, "telemetry": TELEMETRY_PORT}
        Service(name, metadata=identity.metadata(), spec=headless_spec(identity, ports), opts=self.child())
        Deployment(name, metadata=identity.metadata(), spec=deployment_spec(args), opts=self.child())
        self.register_outputs({"service": identity.name})


def deployment_spec(args: KubeStateMetricsArgs) -> DeploymentSpecArgs:
    """One pod that may see the kinds of `KUBE_STATE_RESOURCES`, and asks for no others."""
    kinds = sorted(kind for kinds in KUBE_STATE_RESOURCES.values() for kind in kinds)
    pod = Pod(
        identity=args.identity,
        image=args.image,
        args=(f"--resources={','.join(kinds)}", f"--port={PORT}", f"--telemetry-port={TELEMETRY_PORT}"),
        ports={"metrics": PORT, "telemetry": TELEMETRY_PORT},
        resources=args.resources,
        probes=Probes(readiness=http_probe("/readyz", "telemetry", period=5), liveness=http_probe("/livez", "metrics")),
        token=True,
    )
    return DeploymentSpecArgs(
        replicas=1,
        revision_history_limit=REVISIONS,
        strategy=DeploymentStrategyArgs(type="Recreate"),
        selector=LabelSelectorArgs(match_labels=args.identity.selector),
        template=pod_template(pod),
    )
