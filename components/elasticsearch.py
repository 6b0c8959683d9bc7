"""Elasticsearch of the platform's own: keeps the traces. TLS on both layers, no rights on its node, and never a second cluster."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, EnvVarArgs, Secret, Service
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.base import CHECKSUM, Component, Identity
from components.documents import Document, checksum
from components.pods import SECRET_VERSION, Pod, Probes, config_volume, field_env, mount, scratch_volume, secret_volume, tcp_probe
from components.trace_storage import AUTHORITY, FOLDER, SECRETS_FOLDER, USER, Access, access_mounts, access_volumes
from components.workloads import DATA, VOLUME_FIELDS, budget_spec, headless_spec, service_spec, stateful_set_spec
from model import traces

PORT = 9200
"""The API."""

TRANSPORT_PORT = 9300
"""Nodes talk to each other."""

READINESS_PORT = 9399
"""Open while the node belongs to a cluster with a master."""

READY = "15m"
"""A big node reads for minutes before it is back."""

PORTS = {"https": PORT, "transport": TRANSPORT_PORT, "readiness": READINESS_PORT}

HOME = "/usr/share/elasticsearch"
"""Where the image has the program."""

DATA_FOLDER = f"{HOME}/data"
"""The volume."""

CONFIG_FOLDER = "/var/lib/elasticsearch-config"
"""What the node is started with: it writes its keystore there, so it is a copy."""

_FILES_FOLDER = "/etc/elasticsearch-files"
_KEY_FOLDER = f"{CONFIG_FOLDER}/key"
_KEY = "tls.key"

CERTIFICATE = "tls.crt"
"""The file with the certificate of all nodes."""


@dataclass(frozen=True, kw_only=True)
class ElasticsearchArgs:
    """What Elasticsearch is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: traces.Elasticsearch
    """Nodes, volume, memory."""

    storage_class: str | None
    """The storage class of its volumes; the cluster's default when None."""

    access: Access
    """How it is reached: the authority and the password are those of all its clients."""

    secret_version: Output[str]
    """The version of the Secret with the password, which a node reads when it starts."""

    private_key: Output[str]
    """The key of its certificate."""

    config: Mapping[str, str]
    """``elasticsearch.yml``, its certificate and the script that starts it, by file name."""


class Elasticsearch(Component):
    """The nodes. A changed configuration restarts them one by one."""

    def __init__(self, name: str, args: ElasticsearchArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Elasticsearch", name, opts)
        identity = args.identity
        files = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child()),
            Secret(f"{name}-key", metadata=identity.metadata("key"), string_data={_KEY: args.private_key}, opts=self.child()),
        ]
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, {"https": PORT}), opts=self.child(timeout=READY))
        Service(f"{name}-headless", metadata=identity.metadata("headless"), spec=headless_spec(identity, PORTS), opts=self.child())
        StatefulSet(
            name,
            metadata=identity.metadata(),
            spec=stateful_set_spec(node_pod(args), storage=args.settings.storage, storage_class=args.storage_class),
            opts=self.child(after=files, timeout=READY, ignore=VOLUME_FIELDS),
        )
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        self.register_outputs({"url": args.access.url})


def certified_names(identity: Identity) -> tuple[str, ...]:
    """The names that the certificate must be for: those by which clients call the Service."""
    return (f"{identity.name}.{identity.namespace}.svc", "localhost")


def url(identity: Identity) -> str:
    """Where it answers within the cluster; without the cluster's domain, so that one certificate fits all clusters."""
    return f"https://{certified_names(identity)[0]}:{PORT}"


def elasticsearch_config(settings: traces.Elasticsearch, identity: Identity, cluster: str) -> Document:
    """``elasticsearch.yml``. Everything but the names and the way to find each other is the same on one node and on many."""
    headless = f"{identity.name}-headless"
    single = settings.replicas == 1
    together: Document = {"discovery.type": "single-node"} if single else {"discovery.seed_hosts": [headless]}
    return {
        "cluster.name": cluster,
        "node.name": "${POD_NAME}",
        "network.host": "0.0.0.0",  # noqa: S104 (a pod is reached from outside itself)
        "network.publish_host": "${POD_IP}",
        "readiness.port": READINESS_PORT,
        "path.data": DATA_FOLDER,
        **together,
        # Spares the sysctl vm.max_map_count, which only a privileged container could set.
        "node.store.allow_mmap": False,
        "xpack.security.enabled": True,
        **{f"xpack.security.http.ssl.{key}": value for key, value in tls_files().items()},
        **{f"xpack.security.transport.ssl.{key}": value for key, value in tls_files().items()},
        # Nodes believe the authority, which signed nothing else; their addresses change.
        "xpack.security.transport.ssl.verification_mode": "certificate",
        "xpack.ml.enabled": False,
        "ingest.geoip.downloader.enabled": False,
    }


def tls_files() -> dict[str, object]:
    """The certificate, its key and the authority, relative to the configuration."""
    return {"enabled": True, "certificate": CERTIFICATE, "key": f"key/{_KEY}", "certificate_authorities": [AUTHORITY]}


def start_script(settings: traces.Elasticsearch, identity: Identity) -> str:
    """Puts the configuration together, then becomes Elasticsearch."""
    guard = bootstrap_guard(identity) if settings.replicas > 1 else ""
    return f"""\
#!/bin/bash
# Elasticsearch writes into the folder of its configuration, and has its first password in its keystore.
set -euo pipefail
cp --recursive --no-preserve=mode {HOME}/config/. "$ES_PATH_CONF"
cp {_FILES_FOLDER}/elasticsearch.yml {_FILES_FOLDER}/{CERTIFICATE} {FOLDER}/{AUTHORITY} "$ES_PATH_CONF"
[[ -e $ES_PATH_CONF/elasticsearch.keystore ]] || {HOME}/bin/elasticsearch-keystore create
{HOME}/bin/elasticsearch-keystore add --stdin --force bootstrap.password < {SECRETS_FOLDER}/password
{guard}exec {HOME}/bin/elasticsearch
"""


def bootstrap_guard(identity: Identity) -> str:
    """Lets the first node form a cluster once in the life of the namespace, and never again: also not when its volume is lost.

    A node that has lost its volume would otherwise form a second, empty cluster as soon as it does not see the others. The right to form
    one is a Lease that is made and never deleted; making it is atomic. A volume that has a cluster's state needs no such right.
    """
    api = "https://kubernetes.default.svc/apis/coordination.k8s.io/v1"
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    lease = f'{{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{{"name":"{lease_name(identity)}"}}}}'
    return f"""\
if [[ $POD_NAME == {identity.name}-0 && ! -d {DATA_FOLDER}/_state ]]; then
  if [[ ! -e {DATA_FOLDER}/may-bootstrap ]]; then
    answer=$(curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{{http_code}}' --cacert {account}/ca.crt \\
      --config <(printf 'header = "Authorization: Bearer %s"\\n' "$(<{account}/token)") --header 'Content-Type: application/json' \\
      --data '{lease}' {api}/namespaces/{identity.namespace}/leases)
    case $answer in
      201) touch {DATA_FOLDER}/may-bootstrap ;;
      409) echo "a cluster was formed here before: joining it, not forming another (see the runbook ElasticsearchUnhealthy)" ;;
      *) echo "cannot ask whether a cluster was formed here before: the API server answered $answer" >&2; exit 1 ;;
    esac
  fi
  [[ ! -e {DATA_FOLDER}/may-bootstrap ]] || echo "cluster.initial_master_nodes: [$POD_NAME]" >> "$ES_PATH_CONF/elasticsearch.yml"
fi
"""


def lease_name(identity: Identity) -> str:
    """The object that stands for a cluster that was formed."""
    return f"{identity.name}-was-formed"


def node_pod(args: ElasticsearchArgs) -> Pod:
    """One node: its volume, its configuration, and the places where it must be able to write."""
    heap, name = args.settings.heap_bytes // 2**20, args.identity.name
    values = {"ES_PATH_CONF": CONFIG_FOLDER, "ES_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m"}
    return Pod(
        identity=args.identity,
        image=args.image,
        args=("bash", f"{_FILES_FOLDER}/start.sh"),
        env=(
            field_env("POD_NAME", "metadata.name"),
            field_env("POD_IP", "status.podIP"),
            *(EnvVarArgs(name=key, value=value) for key, value in values.items()),
        ),
        ports=PORTS,
        resources=args.settings.resources,
        probes=Probes(
            startup=tcp_probe("readiness", period=5, failures=180),
            # Of this node, not of the cluster: one that waits for the others must not keep them from being found.
            readiness=tcp_probe("readiness", period=5),
            liveness=tcp_probe("https", failures=6),
        ),
        annotations={CHECKSUM: checksum(args.config), SECRET_VERSION: args.secret_version},
        volumes=(
            *access_volumes(args.access),
            config_volume("files", f"{name}-config"),
            secret_volume("key", f"{name}-key"),
            scratch_volume("config", "16Mi"),
            scratch_volume("logs", "256Mi"),
            scratch_volume("plugins", "16Mi"),
            scratch_volume("tmp", "256Mi"),
        ),
        mounts=(
            *access_mounts(args.access),
            mount("files", _FILES_FOLDER),
            mount("config", CONFIG_FOLDER, writable=True),
            mount("key", _KEY_FOLDER),
            mount("logs", f"{HOME}/logs", writable=True),
            mount("plugins", f"{HOME}/plugins", writable=True),
            mount("tmp", "/tmp", writable=True),  # noqa: S108 (a volume of its own)
            mount(DATA, DATA_FOLDER, writable=True),
        ),
        replicas=args.settings.replicas,
        apart=True,
        user=USER,
        token=args.settings.replicas > 1,
        # It hands its shards over before it goes.
        grace=120,
    )
