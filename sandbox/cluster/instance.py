"""What one sandbox instance is called, where it keeps its files, and which addresses it has."""

import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox.cluster.errors import ClusterError

LAST_NUMBER = 254
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,9}[a-z0-9])?")


def state_root() -> Path:
    """The directory of all instances; a user who is not root has one of his own."""
    if os.geteuid() == 0:
        return Path("/var/lib/observability")
    return Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local/state")) / "observability"


def check_name(name: str) -> str:
    """Return `name`, or raise ClusterError: it becomes part of a network interface's name, which Linux limits to 15 characters."""
    if not _NAME.fullmatch(name):
        raise ClusterError(f"sandbox name {name!r}: want 1 to 11 lower-case letters, digits and '-', starting with a letter")
    return name


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Names, paths and addresses, all derived from the instance's name and number; `simulated` ones live on the loopback."""

    name: str
    number: int
    simulated: bool = False

    @cached_property
    def state(self) -> Path:
        """Everything the instance keeps on disk."""
        return state_root() / self.name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.state / "pki"

    @property
    def logs(self) -> Path:
        """Logs of the programs that make the cluster (the pods' are in `node-log`)."""
        return self.state / "logs"

    @property
    def config(self) -> Path:
        """Generated configuration files of those programs."""
        return self.state / "config"

    @property
    def volumes(self) -> Path:
        """The directories behind the persistent volumes."""
        return self.state / "volumes"

    @property
    def supervisor_config(self) -> Path:
        """supervisord's configuration; its path on a command line is what tells the instance's init from any other process."""
        return self.config / "supervisord.conf"

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord takes commands."""
        return self.state / "supervisor.sock"

    @property
    def containerd_socket(self) -> Path:
        """Where containerd takes commands, from inside and outside of the namespaces."""
        return self.state / "containerd.sock"

    @property
    def context(self) -> str:
        """The kubeconfig's context."""
        return f"observability-{self.name}"

    @property
    def node_name(self) -> str:
        """The Kubernetes node."""
        return f"observability-{self.name}"

    @property
    def cgroup(self) -> str:
        """The cgroup below each hierarchy's root."""
        return f"observability-{self.name}"

    @property
    def link(self) -> str:
        """The host's end of the veth pair."""
        return f"obs-{self.name}"

    @property
    def host_address(self) -> str:
        """The host, as the node sees it."""
        return f"10.200.{self.number}.1"

    @property
    def node_address(self) -> str:
        """The node, as host and pods see it."""
        return "127.0.0.1" if self.simulated else f"10.200.{self.number}.2"

    @property
    def link_network(self) -> str:
        """Host and node."""
        return f"10.200.{self.number}.0/30"

    @property
    def pod_network(self) -> str:
        """Addresses of pods."""
        return f"10.201.{self.number}.0/24"

    @property
    def service_network(self) -> str:
        """Addresses of Services."""
        return f"10.96.{self.number}.0/24"

    @property
    def api_service_address(self) -> str:
        """The Service `kubernetes.default`."""
        return f"10.96.{self.number}.1"

    @property
    def dns_address(self) -> str:
        """The cluster's DNS Service."""
        return f"10.96.{self.number}.10"

    @property
    def api_port(self) -> int:
        """The API server's port on the node's address."""
        return 26443 + self.number if self.simulated else 6443

    @property
    def etcd_port(self) -> int:
        """etcd's port on the loopback; the next but 1000 is for its peers, of which there are none."""
        return 22379 + self.number if self.simulated else 2379

    @property
    def s3_port(self) -> int:
        """moto's port on the node's address."""
        return 25000 + self.number if self.simulated else 5000

    @property
    def api_url(self) -> str:
        """The API server, as the host sees it."""
        return f"https://{self.node_address}:{self.api_port}"

    @property
    def s3_endpoint(self) -> str:
        """The S3, IAM, KMS and STS API (moto; it forgets everything when it restarts)."""
        return f"http://{self.node_address}:{self.s3_port}"
