"""The steps that bring an instance up. Each looks first and changes nothing that is as it should be."""

import string
import subprocess
from collections.abc import Collection, Mapping
from datetime import datetime

import urllib3

from sandbox import forecast
from sandbox.cluster import certificates, cgroups, images, leftovers, namespaces, network, settings
from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_init
from sandbox.cluster.programs import CONTROL, MANIFESTS, NODE, SIMULATED_NODE, STORE, needed, programs
from sandbox.cluster.status import is_ready
from sandbox.cluster.supervision import Supervisor, configuration
from sandbox.images import COREDNS, PAUSE, Image
from sandbox.kube import Kube, KubeError
from sandbox.progress import note, step
from sandbox.toolchain import directory, to_build, tool

_DIRECTORIES = ("config/cni", "logs", "pki", "tmp", "volumes", "kubelet", "containerd", "node-log")


def ensure(instance: Instance, image_names: Collection[str]) -> None:
    """Start what does not run, with these images, and wait until the node is ready; raises ClusterError."""
    names = () if instance.simulated else image_names
    forecast.announce(to_build([*needed(simulated=instance.simulated), *images.programs(names)]))
    wanted = programs(instance)  # what has to be built is built before anything runs
    planned = images.plan(names)
    config = configuration(instance, wanted)
    pid = find_init(instance.name)
    if pid is None:
        pid = _boot(instance, config)
    elif instance.supervisor_config.read_text() != config:
        note("the sandbox runs with other settings than this checkout has: `make down` and `make up` bring the new ones")
    if not instance.simulated:
        network.connect(instance, pid)
        cgroups.create(instance, pid)
    supervisor = Supervisor(instance)
    _start_control_plane(instance, supervisor)
    if instance.simulated:
        _start_simulated_node(instance, supervisor)
    else:
        _start_node(instance, supervisor, planned)
    supervisor.wait(supervisor.all_run, [program.name for program in wanted], seconds=30)


def _boot(instance: Instance, config: str) -> int:
    with step("namespaces and supervisor"):
        namespaces.stop(instance, graceful=False)
        leftovers.clean(instance)
        for name in _DIRECTORIES:
            (instance.state / name).mkdir(parents=True, exist_ok=True)
        instance.state.chmod(0o755)
        certificates.ensure(instance)
        if not instance.simulated:
            if conflict := network.conflict(instance, network.routes()):
                raise ClusterError(f"the sandbox {instance.name!r} needs the network {conflict}: choose another with SANDBOX=name")
            written = settings.files(instance, cni_plugins=directory("cni-plugins"), runc=tool("runc"), pause_image=PAUSE)
            for name, content in written.items():
                (instance.config / name).write_text(content)
        instance.supervisor_config.write_text(config)
        return namespaces.start(instance)


def _start_control_plane(instance: Instance, supervisor: Supervisor) -> None:
    with step("API server ready"):
        supervisor.start(STORE if instance.simulated else [*STORE, "containerd"])
        try:
            supervisor.wait(lambda: _api_ready(instance), STORE, seconds=90)
        except ClusterError as error:
            advice = f"If the data below {instance.state / 'etcd'} is damaged, `make down` and `make up` start afresh."
            raise ClusterError(f"the API server does not come up: {error}\n{advice}") from error
    with step("controllers started, manifests applied"):
        supervisor.start(CONTROL)
        names = ["access", "storage", *(["simulated-nodes"] if instance.simulated else ["dns", "s3"])]
        _apply(instance, "\n---\n".join((MANIFESTS / f"{name}.yaml").read_text() for name in names))


def _api_ready(instance: Instance) -> bool:
    return _answers(instance, f"{instance.api_url}/readyz") and _has(instance, "/api/v1/namespaces/kube-system")


def _answers(instance: Instance, url: str) -> bool:
    try:
        with urllib3.PoolManager(ca_certs=str(instance.pki / "ca.crt"), retries=False, timeout=2) as pool:
            return pool.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def _has(instance: Instance, path: str) -> bool:
    try:
        return bool(Kube(instance.kubeconfig).get(path))
    except KubeError:
        return False


def _apply(instance: Instance, manifests: str) -> None:
    values = {
        "dns_address": instance.dns_address,
        "coredns_image": COREDNS,
        "node_name": instance.node_name,
        "node_address": instance.node_address,
        "s3_port": str(instance.s3_port),
    }
    command = [str(tool("kubectl")), "--kubeconfig", str(instance.kubeconfig), "apply", "--server-side", "--force-conflicts"]
    command += ["--field-manager=observability-sandbox", "--filename=-", f"--cache-dir={instance.state / 'tmp/kubectl'}"]
    text = string.Template(manifests).substitute(values)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"the cluster refuses the sandbox's own manifests: {done.stderr.strip()}")


def _start_node(instance: Instance, supervisor: Supervisor, planned: Mapping[str, Image | None]) -> None:
    supervisor.wait(instance.containerd_socket.exists, ["containerd"], seconds=60)
    images.provide(instance, planned)
    with step("node ready"):
        supervisor.start(NODE)
        supervisor.wait(lambda: _node_ready(instance, since=supervisor.processes()["kubelet"].start), NODE, seconds=120)
    with step("cluster DNS ready"):  # asked through its Service, so kube-proxy is ready too
        supervisor.wait(lambda: _answers(instance, f"http://{instance.dns_address}:8181/ready"), NODE, seconds=120)


def _start_simulated_node(instance: Instance, supervisor: Supervisor) -> None:
    with step("simulated node ready"):
        supervisor.start(SIMULATED_NODE)
        supervisor.wait(lambda: _node_ready(instance, since=0), SIMULATED_NODE, seconds=60)


def _node_ready(instance: Instance, since: float) -> bool:
    """Whether the node has become ready, or has said that it still is, `since` then: after a crash the API server tells what was before."""
    try:
        kube = Kube(instance.kubeconfig)
        node = kube.get(f"/api/v1/nodes/{instance.node_name}")
        if not is_ready(node):
            return False
        changed = max(condition["lastTransitionTime"] for condition in node["status"]["conditions"])
        if _seconds(changed) >= since:
            return True
        lease = kube.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{instance.node_name}")
        return _seconds(lease["spec"]["renewTime"]) >= since
    except KubeError:
        return False


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
