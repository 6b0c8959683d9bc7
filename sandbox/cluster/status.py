"""What an instance is doing, in plain words."""

import shutil
from dataclasses import dataclass, field

from sandbox.cluster import cgroups
from sandbox.cluster.images import in_place
from sandbox.cluster.instance import Instance, check_name
from sandbox.cluster.ownership import find_init, read_owner
from sandbox.cluster.supervision import Supervisor
from sandbox.kube import Kube, KubeError, Object

_LITTLE_DISK = 2 << 30


@dataclass(frozen=True, kw_only=True)
class Status:
    """The state of an instance; `str()` of it is for people. Sizes are in bytes."""

    name: str
    running: bool
    checkout: str = ""
    since: str = ""
    simulated: str = ""
    kubeconfig: str = ""
    addresses: dict[str, str] = field(default_factory=dict[str, str])
    programs: dict[str, str] = field(default_factory=dict[str, str])
    node_ready: bool = False
    pods: int = 0
    pods_not_ready: list[str] = field(default_factory=list[str])
    memory: int | None = None
    disk_free: int = 0
    stand_ins: dict[str, str] = field(default_factory=dict[str, str])
    """What takes the place of images that cannot be had, by reference."""
    problem: str = ""

    @property
    def healthy(self) -> bool:
        """Whether all programs run, the node is ready and all pods are."""
        programs_run = all(state == "RUNNING" for state in self.programs.values())
        return self.running and programs_run and self.node_ready and not self.pods_not_ready and not self.problem

    def __str__(self) -> str:
        if not self.running:
            return f"sandbox {self.name!r} does not run" + (f" (belongs to {self.checkout})" if self.checkout else "")
        failing = [f"{name} is {state.lower()}" for name, state in self.programs.items() if state != "RUNNING"]
        waiting = f"not ready: {', '.join(self.pods_not_ready)}" if self.pods_not_ready else "all ready"
        node = "ready" if self.node_ready else "not ready"
        little = " (pods are evicted below 0.5)" if self.disk_free < _LITTLE_DISK else ""
        lines = [
            f"sandbox {self.name!r} of {self.checkout}, up since {self.since}",
            f"  programs     {', '.join(failing) or f'all {len(self.programs)} run'}",
            f"  node         {node}" + (f", simulated nodes (kwok): {self.simulated}" if self.simulated else ""),
            f"  pods         {self.pods}, {waiting}",
            *([] if self.memory is None else [f"  memory       {self.memory / 2**30:.1f} GiB"]),
            f"  disk         {self.disk_free / 2**30:.1f} GiB free{little}",
            *(f"  {name:<12} {address}" for name, address in self.addresses.items()),
            f"  kubeconfig   {self.kubeconfig}",
            *(f"  stand-in     {image}: it cannot be had here, {what} takes its place" for image, what in self.stand_ins.items()),
            *([f"  problem      {self.problem}"] if self.problem else []),
        ]
        return "\n".join(lines)


def status(name: str = "main") -> Status:
    """Look at an instance; works whatever state it is in."""
    owner = read_owner(check_name(name))
    if owner is None or find_init(name) is None:
        return Status(name=name, running=False, checkout=owner.checkout if owner else "")
    instance = Instance(name=name, number=owner.number, simulated=bool(owner.simulated))
    node_ready, pods, not_ready, problem = _cluster(instance)
    return Status(
        name=name,
        running=True,
        checkout=owner.checkout,
        since=owner.since,
        simulated=owner.simulated,
        kubeconfig=str(instance.kubeconfig),
        addresses={"API server": instance.api_url, "S3 in memory": instance.s3_endpoint},
        programs={process.name: process.statename for process in Supervisor(instance).processes().values()},
        node_ready=node_ready,
        pods=pods,
        pods_not_ready=not_ready,
        memory=None if owner.simulated else cgroups.memory_bytes(instance),
        disk_free=shutil.disk_usage(instance.state).free,
        stand_ins=in_place(instance),
        problem=problem,
    )


def _cluster(instance: Instance) -> tuple[bool, int, list[str], str]:
    """Whether the node is ready, the number of pods, those that are not ready, and what went wrong on asking."""
    try:
        kube = Kube(instance.kubeconfig)
        node = kube.get(f"/api/v1/nodes/{instance.node_name}")
        pods = [pod for pod in kube.list("/api/v1/pods") if pod["status"]["phase"] != "Succeeded"]
    except (KubeError, OSError) as error:
        return False, 0, [], str(error)
    waiting = [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in pods if not is_ready(pod)]
    return is_ready(node), len(pods), waiting, ""


def is_ready(thing: Object) -> bool:
    """Whether a node or pod has the condition Ready."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in thing["status"].get("conditions", []))
