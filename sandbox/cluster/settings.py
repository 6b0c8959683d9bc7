"""The configuration files that the node's programs read, as pure functions of the instance. JSON is YAML."""

import json
import resource
from pathlib import Path

from sandbox.cluster.instance import Instance

Document = dict[str, object]

SYNC_FREQUENCY = "10s"
"""How often the kubelet looks at each pod, up to half as much later: so soon a changed ConfigMap or Secret is in the pod's files.

Its default is a minute, for nodes with a hundred pods; here people and tests wait for it.
"""


def files(instance: Instance, *, cni_plugins: Path, runc: Path, pause_image: str) -> dict[str, str]:
    """File name to content, for the instance's `config` directory."""
    return {
        "containerd.toml": containerd(instance, cni_plugins=cni_plugins, runc=runc, pause_image=pause_image),
        "cni/10-pods.conflist": json.dumps(cni(instance), indent=1),
        "kubelet.json": json.dumps(kubelet(instance), indent=1),
        "kube-proxy.json": json.dumps(kube_proxy(instance), indent=1),
        "resolv.conf": "# The sandbox has no DNS beyond the cluster's own.\n",
    }


def containerd(instance: Instance, *, cni_plugins: Path, runc: Path, pause_image: str) -> str:
    """containerd keeps images on disk and everything that a reboot invalidates below /run."""
    return f"""\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
address = "{instance.containerd_socket}"

[plugins."io.containerd.internal.v1.opt"]
path = "/var/lib/containerd/opt"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{pause_image}"
# Lowering oom_score_adj takes CAP_SYS_RESOURCE, which root inside a container often lacks; without this every pod fails there.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "{runc}"
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{cni_plugins}"
conf_dir = "{instance.config / "cni"}"
"""


def cni(instance: Instance) -> Document:
    """Each pod gets a routed pair of its own: no bridge, so that no packet passes by the address translation of Services."""
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "ptp",
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": instance.pod_network}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                    "dataDir": "/run/cni",
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet(instance: Instance) -> Document:
    """A node that asks the API server who may talk to it, and that does not clean up a developer's nearly full disk."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": instance.node_address,
        "healthzBindAddress": "127.0.0.1",
        "readOnlyPort": 0,
        "tlsCertFile": str(instance.pki / "kubelet-server.crt"),
        "tlsPrivateKeyFile": str(instance.pki / "kubelet-server.key"),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(instance.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{instance.containerd_socket}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{instance.cgroup}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "maxOpenFiles": open_files(),
        "clusterDNS": [instance.dns_address],
        "clusterDomain": "cluster.local",
        "resolvConf": str(instance.config / "resolv.conf"),
        "maxPods": 200,
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "500Mi",
            "imagefs.available": "500Mi",
            "nodefs.inodesFree": "1%",
            "imagefs.inodesFree": "1%",
        },
        "serializeImagePulls": False,
        "syncFrequency": SYNC_FREQUENCY,
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
    }


def open_files() -> int:
    """How many files a program may have open at most: what this machine grants, but no more than a million."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000 if most == resource.RLIM_INFINITY else min(most, 1_000_000)


def kube_proxy(instance: Instance) -> Document:
    """Services by iptables. Limits of the connection table belong to the host and stay as they are."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "clientConnection": {"kubeconfig": str(instance.config / "kube-proxy.kubeconfig")},
        "clusterCIDR": instance.pod_network,
        "bindAddress": instance.node_address,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "iptables": {"localhostNodePorts": False},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
