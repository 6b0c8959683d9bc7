"""Loki: takes in logs, keeps them on S3, finds them. Each server does everything; from three on, one may be lost."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    EnvVarArgs,
    ProjectedVolumeSourceArgs,
    Service,
    ServiceAccountTokenProjectionArgs,
    VolumeArgs,
    VolumeProjectionArgs,
)
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.log_config import FOLDER, GOSSIP_PORT, GRPC_PORT, PORT, RULES_FOLDER
from components.pods import Pod, Probes, config_volume, field_env, http_probe, mount
from components.workloads import DATA, VOLUME_FIELDS, budget_spec, headless_spec, service_spec, stateful_set_spec
from model.logs import TENANT, Logs

USER = 10001
"""The user of the image."""

READY = "15m"
"""Reading back what is not on S3 yet takes minutes on a big server."""

SCRATCH = {"TMPDIR": FOLDER}
"""Where it writes what it needs for a moment: the compactor notes there what it deletes, and has no ``/tmp`` in a read-only container."""

_TOKEN = "aws-iam-token"  # noqa: S105 - the name of the volume; that which EKS would add has the same, so it adds none
_TOKEN_FOLDER = "/var/run/secrets/eks.amazonaws.com/serviceaccount"  # noqa: S105 - a path
_TOKEN_SECONDS = 86400


@dataclass(frozen=True, kw_only=True)
class LokiArgs:
    """What Loki is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: Logs
    """Replicas, volume, resources, region."""

    storage_class: str | None
    """The storage class of its volumes; the cluster's default when None."""

    url: str
    """Where it answers."""

    role: str | None
    """The ARN of the IAM role that it takes with a token of its account; None where Pod Identity hands its credentials out."""

    config: Mapping[str, str]
    """``loki.yaml`` by file name."""

    rules: Mapping[str, str]
    """Rule files of its ruler by file name."""


class Loki(Component):
    """Loki servers. A changed configuration restarts them one by one, as they cannot read it again; rules they can."""

    def __init__(self, name: str, args: LokiArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Loki", name, opts)
        identity = args.identity
        files = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child()),
            ConfigMap(f"{name}-rules", metadata=identity.metadata("rules"), data=args.rules, opts=self.child()),
        ]
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, {"http": PORT}), opts=self.child(timeout=READY))
        Service(
            f"{name}-headless",
            metadata=identity.metadata("headless"),
            spec=headless_spec(identity, PORTS, udp={"gossip-udp": GOSSIP_PORT}),
            opts=self.child(),
        )
        StatefulSet(
            name,
            metadata=identity.metadata(),
            spec=stateful_set_spec(loki_pod(args), storage=args.settings.storage, storage_class=args.storage_class),
            opts=self.child(after=files, timeout=READY, ignore=VOLUME_FIELDS),
        )
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        self.register_outputs({"url": args.url})


PORTS = {"http": PORT, "grpc": GRPC_PORT, "gossip": GOSSIP_PORT}
"""All that a server listens on."""


def loki_pod(args: LokiArgs) -> Pod:
    """One server: its volume, its configuration, its way into the bucket."""
    return Pod(
        identity=args.identity,
        image=args.image,
        args=(
            "-config.file=/etc/loki/loki.yaml",
            "-target=all",
            "-memberlist.advertise-addr=$(POD_IP)",
        ),
        env=(field_env("POD_IP", "status.podIP"), *variables(args)),
        ports=PORTS,
        resources=args.settings.resources,
        probes=Probes(
            startup=http_probe("/ready", "http", period=5, failures=150),
            readiness=http_probe("/ready", "http", period=5),
            # Not /ready: while S3 does not answer, a restart would not help.
            liveness=http_probe("/loki/api/v1/status/buildinfo", "http", failures=6),
        ),
        annotations={CHECKSUM: checksum(args.config)},
        volumes=(
            config_volume("config", f"{args.identity.name}-config"),
            config_volume("rules", f"{args.identity.name}-rules"),
            *([token_volume()] if args.role else []),
        ),
        mounts=(
            mount("config", "/etc/loki"),
            mount("rules", f"{RULES_FOLDER}/{TENANT}"),
            *([mount(_TOKEN, _TOKEN_FOLDER)] if args.role else []),
            mount(DATA, FOLDER, writable=True),
        ),
        replicas=args.settings.replicas,
        user=USER,
        # Before it goes it puts on S3 what is only on its volume.
        grace=300,
    )


def variables(args: LokiArgs) -> tuple[EnvVarArgs, ...]:
    """Where it may write, and what the AWS libraries want to know to take a role. Pod Identity adds what it wants by itself."""
    by_token = {"AWS_ROLE_ARN": args.role, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{_TOKEN_FOLDER}/token"} if args.role else {}
    values = {**SCRATCH, "AWS_REGION": args.settings.bucket.region, **by_token}
    return tuple(EnvVarArgs(name=name, value=value) for name, value in values.items())


def token_volume() -> VolumeArgs:
    """A token of the pod's service account that is for AWS alone; the Kubernetes API does not accept it."""
    token = ServiceAccountTokenProjectionArgs(audience="sts.amazonaws.com", expiration_seconds=_TOKEN_SECONDS, path="token")
    return VolumeArgs(name=_TOKEN, projected=ProjectedVolumeSourceArgs(sources=[VolumeProjectionArgs(service_account_token=token)]))
