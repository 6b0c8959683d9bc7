"""The canary of the logs: prints a line a second, looks for each in Loki, and counts what is lost, late or there twice.

Its lines go the way of all lines: file, agent, Loki, S3. There is one of it, as it holds one of the ten streams that Loki serves live at
once; what is wrong on a single node shows in the metrics of that node's agent.
"""

from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from components.base import Component, Identity
from components.pods import REVISIONS, Pod, Probes, field_env, http_probe, pod_template, tcp_probe
from components.workloads import headless_spec
from model.resources import Resources

PORT = 3500
"""Its metrics."""

ON_TIME = "10s"
"""Within this time a line must be found; later it counts as late."""

GIVEN_UP = "10m"
"""After this time a line counts as lost: an agent that could not send tries every 30 s at least, and may have much to catch up with."""


@dataclass(frozen=True, kw_only=True)
class LogCanaryArgs:
    """What the canary is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    resources: Resources
    """What it gets."""

    loki: str
    """Where Loki answers, as ``host:port``."""


class LogCanary(Component):
    """One canary. It remembers in memory what it has printed: what was under way when it stops is never counted."""

    def __init__(self, name: str, args: LogCanaryArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:LogCanary", name, opts)
        identity = args.identity
        Service(name, metadata=identity.metadata(), spec=headless_spec(identity, {"metrics": PORT}), opts=self.child())
        Deployment(name, metadata=identity.metadata(), spec=deployment_spec(args), opts=self.child())
        self.register_outputs({"service": identity.name})


def deployment_spec(args: LogCanaryArgs) -> DeploymentSpecArgs:
    """One pod; its successor begins when it has ended, so that each sees its own lines alone."""
    pod = Pod(
        identity=args.identity,
        image=args.image,
        args=arguments(args),
        env=(field_env("POD_NAME", "metadata.name"),),
        ports={"metrics": PORT},
        resources=args.resources,
        probes=Probes(readiness=http_probe("/metrics", "metrics", period=5), liveness=tcp_probe("metrics", failures=6)),
    )
    return DeploymentSpecArgs(
        replicas=1,
        revision_history_limit=REVISIONS,
        strategy=DeploymentStrategyArgs(type="Recreate"),
        selector=LabelSelectorArgs(match_labels=args.identity.selector),
        template=pod_template(pod),
    )


def arguments(args: LogCanaryArgs) -> tuple[str, ...]:
    """Which lines are its own, under the labels that the agent gives them, and how long it waits for each."""
    return (
        f"-addr={args.loki}",
        f"-port={PORT}",
        "-labelname=service",
        f"-labelvalue={args.identity.program}",
        "-streamname=stream",
        "-streamvalue=stdout",
        "-query-append=| pod = `$(POD_NAME)`",
        "-interval=1s",
        "-size=100",
        f"-wait={ON_TIME}",
        f"-max-wait={GIVEN_UP}",
        "-pruneinterval=15s",
        # One line in 15 minutes is asked for again and again, until it has long been on S3 alone.
        "-spot-check-interval=15m",
        "-spot-check-max=4h",
    )
