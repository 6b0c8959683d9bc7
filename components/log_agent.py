"""The log agent: reads the lines of every container on its node and sends them to Loki."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import DaemonSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service

from components import alloy, promtail
from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.pods import (
    ROOT,
    Pod,
    Probes,
    config_volume,
    field_env,
    host_volume,
    http_probe,
    mount,
    tcp_probe,
)
from components.workloads import daemon_set_spec, headless_spec
from model.settings import Resources

START = "start-agent.sh"
"""What starts an agent from where it was a while ago, so that a killed one loses nothing (ADR 11)."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """How an agent is started."""

    command: Sequence[str]
    """Its path in its image, and its arguments."""

    notes: str
    """The file in which it notes how far it has read."""

    port: int
    """Its metrics and its probes."""

    probes: Probes
    """How it is asked how it is."""

    state: str
    """The directory of the node that it writes to."""


PROGRAMS = {
    "promtail": Program(
        command=("/usr/bin/promtail", "-config.file=/etc/promtail/promtail.yaml"),
        notes=promtail.NOTES,
        port=promtail.PORT,
        # It is ready once it reads a file, which says nothing about whether it should be restarted.
        probes=Probes(readiness=http_probe("/ready", "metrics", period=5), liveness=tcp_probe("metrics", failures=6)),
        state=promtail.STATE,
    ),
    "alloy": Program(
        command=(
            "/bin/alloy",
            "run",
            "/etc/alloy/config.alloy",
            f"--server.http.listen-addr=0.0.0.0:{alloy.PORT}",
            f"--storage.path={alloy.STATE}",
            "--disable-reporting",
        ),
        notes=alloy.NOTES,
        port=alloy.PORT,
        probes=Probes(readiness=http_probe("/-/ready", "metrics", period=5), liveness=http_probe("/-/healthy", "metrics", failures=6)),
        state=alloy.STATE,
    ),
}
"""The agents that there are, by the name of their program."""


@dataclass(frozen=True, kw_only=True)
class LogAgentArgs:
    """What the log agent is made from."""

    identity: Identity
    """Its name, namespace and labels; its program is one of ``PROGRAMS``, and the namespace allows what it needs of its node."""

    image: str
    """The image reference."""

    resources: Resources
    """What each pod gets."""

    lines: str
    """The directory of the node that it reads."""

    config: Mapping[str, str]
    """Its configuration by file name."""


class LogAgent(Component):
    """One agent on every node. A changed pipeline restarts them; they go on where they were."""

    def __init__(self, name: str, args: LogAgentArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:LogAgent", name, opts)
        identity, port = args.identity, PROGRAMS[args.identity.program].port
        config = ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child())
        Service(name, metadata=identity.metadata(), spec=headless_spec(identity, {"metrics": port}), opts=self.child())
        DaemonSet(name, metadata=identity.metadata(), spec=daemon_set_spec(agent_pod(args)), opts=self.child(after=[config]))
        self.register_outputs({"service": identity.name})


def start_script() -> str:
    """The text of ``START``."""
    return Path(__file__).with_name(START).read_text()


def agent_pod(args: LogAgentArgs) -> Pod:
    """A process of root without root's rights: the kubelet's files are readable for their owner alone.

    Of its node it sees the lines that it reads, and a directory of its own, in which it remembers how far it has read.
    """
    program, name = PROGRAMS[args.identity.program], args.identity.program
    return Pod(
        identity=args.identity,
        image=args.image,
        command=("/bin/sh", f"/etc/{name}/{START}"),
        args=(program.notes, *program.command),
        env=(field_env("HOSTNAME", "spec.nodeName"),),
        ports={"metrics": program.port},
        resources=args.resources,
        probes=program.probes,
        volumes=(
            config_volume("config", f"{args.identity.name}-config"),
            host_volume("lines", args.lines),
            host_volume("state", program.state, create=True),
        ),
        mounts=(mount("config", f"/etc/{name}"), mount("lines", args.lines), mount("state", program.state, writable=True)),
        annotations={CHECKSUM: checksum(args.config)},
        user=ROOT,
        token=True,
    )
