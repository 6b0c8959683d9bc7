"""The instance's cgroup: its programs in `system`, its pods beside it; version 1 (one hierarchy a controller) and version 2."""

import os
import time
from pathlib import Path

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance

_ROOT = Path("/sys/fs/cgroup")
_NEEDED = ("cpu", "cpuset", "memory", "pids")


def missing(root: Path = _ROOT) -> str:
    """Why the machine's cgroups do not serve for a node, in one line; empty when they do."""
    v2 = _is_v2(root)
    have = (root / "cgroup.controllers").read_text().split() if v2 else [path.parent.name for path in root.glob("*/cgroup.procs")]
    if lacking := [controller for controller in _NEEDED if controller not in have]:
        return f"no cgroup controller {', '.join(lacking)} below {root}"
    if not os.access(root, os.W_OK):
        return f"{root} is read-only"
    try:
        if v2:
            _delegate(root)
    except ClusterError as error:
        return str(error)
    return ""


def create(instance: Instance, pid: int) -> None:
    """Make the instance's cgroups and put `pid` into them; what it starts later is born there."""
    for root in _hierarchies():
        group = root / instance.cgroup
        system = group / "system"
        system.mkdir(parents=True, exist_ok=True)
        if _is_v2(root):
            _delegate(root)
            _delegate(group)
        for path in (group, system):
            _inherit_cpuset(path)
        (system / "cgroup.procs").write_text(str(pid))


def remove(instance: Instance) -> None:
    """Remove the instance's cgroups, innermost first. The kernel may still be busy with those who just died."""
    for root in _hierarchies():
        group = root / instance.cgroup
        deadline = time.monotonic() + 10
        while group.exists():
            for path, _, _ in os.walk(group, topdown=False):
                try:
                    Path(path).rmdir()
                except OSError as error:
                    if time.monotonic() > deadline:
                        raise ClusterError(f"cannot remove the cgroup {path}: {error.strerror}") from error
                    time.sleep(0.05)


def memory_bytes(instance: Instance) -> int | None:
    """Bytes that the instance's programs and pods hold, page cache left out; None where the kernel does not say."""
    v2 = _is_v2(_ROOT)
    stat = (_ROOT if v2 else _ROOT / "memory") / instance.cgroup / "memory.stat"
    try:
        figures = dict(line.split() for line in stat.read_text().splitlines())
    except OSError:
        return None
    return int(figures["anon" if v2 else "total_rss"])


def _is_v2(root: Path) -> bool:
    return (root / "cgroup.controllers").exists()


def _hierarchies() -> list[Path]:
    if _is_v2(_ROOT):
        return [_ROOT]
    return [path for path in sorted(_ROOT.iterdir()) if (path / "cgroup.procs").exists() and not path.is_symlink()]


def _delegate(group: Path) -> None:
    """Let the children of `group` use all its controllers."""
    for controller in (group / "cgroup.controllers").read_text().split():
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            if controller in _NEEDED:
                raise ClusterError(f"cannot enable the cgroup controller {controller!r} in {group}: {error.strerror}") from error


def _inherit_cpuset(group: Path) -> None:
    """A new cpuset of version 1 is empty and takes no process until it names its processors and memory."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        file = group / name
        if file.exists() and not (group / "cgroup.controllers").exists() and not file.read_text().strip():
            file.write_text((group.parent / name).read_text())
