"""What an instance that died (kill, reboot) or ends leaves outside of its namespaces, and how that is taken away."""

import shutil
import subprocess
from pathlib import Path

from sandbox.cluster import cgroups, network
from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance

# Sockets and the like of a life that has ended.
_EPHEMERAL = ("supervisor.sock", "supervisord.pid", "containerd.sock", "containerd.sock.ttrpc", "tmp")


def clean(instance: Instance) -> None:
    """Remove mounts, the network link, cgroups and sockets of an instance that does not run. What it stored on disk stays."""
    _unmount(instance.state)
    if not instance.simulated:
        network.disconnect(instance)
        cgroups.remove(instance)
    for name in _EPHEMERAL:
        path = instance.state / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def erase(instance: Instance) -> None:
    """Remove the instance's directory. Nothing may be mounted below: what is behind a mount is not ours to delete."""
    if mounts := mounts_below(instance.state):
        raise ClusterError(f"still mounted, so {instance.state} is kept: {', '.join(map(str, mounts))}")
    if instance.state.exists():
        shutil.rmtree(instance.state)


def mounts_below(directory: Path) -> list[Path]:
    """Mount points at or below `directory`, innermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in lines]
    return [point for point in reversed(points) if point.is_relative_to(directory)]


def _unmount(directory: Path) -> None:
    for point in mounts_below(directory):
        subprocess.run(["umount", "--lazy", str(point)], check=False)
