"""What a machine looks like from outside of the sandboxes, to be compared before and after."""

import re
import subprocess
from pathlib import Path

from sandbox.cluster.instance import Instance
from sandbox.cluster.leftovers import mounts_below
from sandbox.toolchain import tool

Machine = dict[str, set[str]]
_DISCOVERED = Path.home() / ".kube/cache/discovery"
_DIRECTORIES = ("/", "/etc", "/etc/cni", "/opt", "/run", "/usr/libexec", "/var/lib", "/var/log", "/var/lib/observability", str(_DISCOVERED))
_OF_A_NODE = re.compile(
    r"\bKUBE-|^/(var/lib|run|opt|etc)/(kubelet|containerd|cni)\b|^/var/log/(pods|containers)\b|^/usr/libexec/kubernetes\b"
)
"""What a node leaves on a machine from which it is not shut off."""


def machine(name: str) -> Machine:
    """Processes of the sandbox `name`, and all mounts, links, addresses, routes, packet filter rules, cgroups and places for state."""
    return {
        "processes": _processes(name),
        "mounts": {str(point) for point in mounts_below(Path("/"))},
        "links": _lines("ip", "-brief", "link", "show"),
        "addresses": _lines("ip", "-brief", "address", "show"),
        "routes": _lines("ip", "route", "show", "table", "all"),
        "packet filter": {line for line in _lines("iptables-save") if line.startswith(("-", ":"))},
        "cgroups": {str(path) for path in Path("/sys/fs/cgroup").glob("*/observability-*")}
        | set(map(str, Path("/sys/fs/cgroup").glob("observ*"))),
        "files": {str(path) for directory in _DIRECTORIES if Path(directory).is_dir() for path in Path(directory).iterdir()},
    }


def _processes(name: str) -> set[str]:
    """Processes that name the sandbox, or live in a process namespace of an init that does."""
    found: set[str] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_text().replace("\0", " ")
                inner = any(part.startswith("NSpid:") and len(part.split()) > 2 for part in (entry / "status").read_text().splitlines())
                cgroup = (entry / "cgroup").read_text()
            except OSError:
                continue
            if f"/observability/{name}/" in line or (inner and f"/observability-{name}/" in cgroup):
                found.add(f"{entry.name} {line}")
    return found


def _lines(program: str, *arguments: str) -> set[str]:
    return set(subprocess.run([str(tool(program)), *arguments], capture_output=True, text=True, check=True).stdout.splitlines())


def difference(before: Machine, after: Machine, instance: Instance) -> dict[str, set[str]]:
    """What has appeared and what has gone of an instance, by kind; empty when nothing has.

    Whatever else uses the machine comes and goes meanwhile, so only what carries the instance's name or one of its addresses counts, and
    what only a node leaves. An address alone does not count where a link is named: the instance may have that of one that just ended.
    """
    name = re.compile(rf"(\bobs-|observability[-/]){instance.name}(?![a-z0-9-])")
    addresses = rf"\b10\.(200|201|96)\.{instance.number}\.|{re.escape(f'{instance.node_address}_{instance.api_port}')}"

    def belongs(kind: str, thing: str) -> bool:
        if kind == "processes" or name.search(thing) or _OF_A_NODE.search(thing):
            return True
        return not re.search(r"\bobs-", thing) and bool(re.search(addresses, thing))

    changed = {kind: {thing for thing in before[kind] ^ after[kind] if belongs(kind, thing)} for kind in before}
    return {kind: things for kind, things in changed.items() if things}
