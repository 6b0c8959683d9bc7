"""What a machine looks like from outside of the sandboxes, to be compared before and after."""

import re
import subprocess
from pathlib import Path

from sandbox.cluster.leftovers import mounts_below
from sandbox.toolchain import tool

Machine = dict[str, set[str]]
_OF_KUBECTL = [str(Path.home() / ".kube" / below) for below in ("", "cache", "cache/discovery")]
_DIRECTORIES = ("/", "/etc", "/etc/cni", "/opt", "/run", "/usr/libexec", "/var/lib", "/var/log", "/var/lib/observability", *_OF_KUBECTL)


def machine(name: str) -> Machine:
    """Processes of the sandbox `name`, and all mounts, links, addresses, routes, packet filter rules, cgroups and places for state.

    Other sandboxes may come and go meanwhile, so what carries the name of one is left out.
    """
    seen = {
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
    others = re.compile(rf"(\bobs-|observability[-/])(?!{name}\b)[a-z.]")
    return {kind: {thing for thing in things if not others.search(thing)} for kind, things in seen.items()}


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
    text = subprocess.run([str(tool(program)), *arguments], capture_output=True, text=True, check=True).stdout
    return {line for line in text.splitlines() if not line.startswith(("fe80::", "fd00::"))}


def difference(before: Machine, after: Machine) -> dict[str, set[str]]:
    """What has appeared and what has gone, by kind; empty when nothing has."""
    return {kind: before[kind] ^ after[kind] for kind in before if before[kind] != after[kind]}
