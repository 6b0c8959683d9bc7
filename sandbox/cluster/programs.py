"""The programs of an instance and their command lines, in the order in which they start."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.cluster import certificates
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import CHECKOUT
from sandbox.toolchain import tool

MANIFESTS = CHECKOUT / "sandbox/manifests"
STORE = ("etcd", "kube-apiserver")
CONTROL = ("kube-controller-manager", "kube-scheduler", "provisioner", "s3")
NODE = ("containerd", "kubelet", "kube-proxy")
SIMULATED_NODE = ("kwok",)

# What containerd, kubelet and kube-proxy look for on their PATH.
_HELPERS = ("runc", "containerd-shim-runc-v2", "iptables", "iptables-save", "iptables-restore", "conntrack")


def needed(*, simulated: bool) -> list[str]:
    """Names of the tools that a cluster takes, without what its images are made of."""
    control = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"]
    return [*control, *(SIMULATED_NODE if simulated else ("kubelet", "kube-proxy"))]


@dataclass(frozen=True, kw_only=True)
class Program:
    """One supervised process."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


def programs(instance: Instance) -> list[Program]:
    """All programs of the instance; builds or finds those that are not ready yet."""
    common = [
        _etcd(instance),
        _apiserver(instance),
        _controller_manager(instance),
        _scheduler(instance),
        _provisioner(instance),
        _s3(instance),
    ]
    if instance.simulated:
        return [*common, _kwok(instance)]
    return [*common, _containerd(instance), _kubelet(instance), _kube_proxy(instance)]


def _program(name: str, *arguments: str, path: str = "") -> Program:
    return Program(name=name, command=(str(tool(name)), *arguments), environment={"PATH": path} if path else {})


def _etcd(instance: Instance) -> Program:
    client, peer = f"http://127.0.0.1:{instance.etcd_port}", f"http://127.0.0.1:{instance.etcd_port + 1000}"
    return _program(
        "etcd",
        f"--data-dir={instance.state / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    )


def _apiserver(instance: Instance) -> Program:
    pki = instance.pki
    return _program(
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{instance.etcd_port}",
        f"--bind-address={instance.node_address}",
        # Endpoints may not be on the loopback, so a simulated cluster advertises an address that nobody uses.
        f"--advertise-address={'198.51.100.1' if instance.simulated else instance.node_address}",
        f"--secure-port={instance.api_port}",
        f"--service-cluster-ip-range={instance.service_network}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={pki / 'service-accounts.key'}",
        f"--service-account-signing-key-file={pki / 'service-accounts.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / f'{certificates.KUBELET_CLIENT}.crt'}",
        f"--kubelet-client-key={pki / f'{certificates.KUBELET_CLIENT}.key'}",
    )


def _controller_manager(instance: Instance) -> Program:
    pki = instance.pki
    return _program(
        "kube-controller-manager",
        *_control_plane_flags(instance, "controller-manager"),
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-accounts.key'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--use-service-account-credentials=true",
    )


def _scheduler(instance: Instance) -> Program:
    return _program("kube-scheduler", *_control_plane_flags(instance, "scheduler"))


def _control_plane_flags(instance: Instance, user: str) -> list[str]:
    kubeconfig = instance.config / f"{user}.kubeconfig"
    flags = [f"--kubeconfig={kubeconfig}", "--leader-elect=false"]  # there is one of each
    if instance.simulated:
        return [*flags, "--secure-port=0"]
    return [
        *flags,
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={instance.state / 'tmp'}",
    ]


def _containerd(instance: Instance) -> Program:
    return _program("containerd", f"--config={instance.config / 'containerd.toml'}", path=_search_path())


def _kubelet(instance: Instance) -> Program:
    return _program(
        "kubelet",
        f"--config={instance.config / 'kubelet.json'}",
        f"--kubeconfig={instance.config / 'kubelet.kubeconfig'}",
        f"--hostname-override={instance.node_name}",
        f"--node-ip={instance.node_address}",
        # Where cAdvisor asks what a cgroup's container is called: without it no metric of a container says of which it is.
        f"--containerd={instance.containerd_socket}",
        path=_search_path(),
    )


def _kube_proxy(instance: Instance) -> Program:
    return _program(
        "kube-proxy",
        f"--config={instance.config / 'kube-proxy.json'}",
        f"--hostname-override={instance.node_name}",
        path=_search_path(),
    )


def _kwok(instance: Instance) -> Program:
    return _program(
        "kwok",
        f"--kubeconfig={instance.kubeconfig}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        f"--config={MANIFESTS / 'kwok-stages.yaml'}",
    )


def _provisioner(instance: Instance) -> Program:
    kubeconfig = instance.config / "provisioner.kubeconfig"
    command = (sys.executable, "-m", "sandbox.cluster.provisioner", str(kubeconfig), str(instance.volumes))
    return Program(name="provisioner", command=command, environment={"PYTHONPATH": str(CHECKOUT), "PYTHONUNBUFFERED": "1"})


def _s3(instance: Instance) -> Program:
    command = (sys.executable, "-m", "sandbox.cluster.s3", "--host", instance.node_address, "--port", str(instance.s3_port))
    return Program(name="s3", command=command, environment={"PYTHONPATH": str(CHECKOUT)})


def _search_path() -> str:
    directories = dict.fromkeys(str(tool(name).parent) for name in _HELPERS)
    return os.pathsep.join([*directories, os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
