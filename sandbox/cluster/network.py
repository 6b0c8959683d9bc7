"""The one veth pair and the routes that connect an instance's network with the host."""

import ipaddress
import json
import subprocess
import time

from pydantic import BaseModel

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.toolchain import tool


class Route(BaseModel):
    """A destination (an address, a network or `default`) and the interface it is sent to."""

    dst: str
    dev: str = ""


def connect(instance: Instance, pid: int) -> None:
    """Create the veth pair between the host and the namespaces of `pid`, with its addresses and routes. Changes nothing that is there."""
    if not _link_exists(instance.link):
        _ip(f"link add {instance.link} type veth peer name eth0 netns {pid}")
    host = [
        f"address replace {instance.host_address}/30 dev {instance.link}",
        f"link set {instance.link} up",
        f"route replace {instance.pod_network} via {instance.node_address} dev {instance.link}",
        f"route replace {instance.service_network} via {instance.node_address} dev {instance.link}",
    ]
    # A Service's address is translated on its way out, so there has to be some way out for it.
    node = [
        "link set lo up",
        f"address replace {instance.node_address}/30 dev eth0",
        "link set eth0 up",
        f"route replace {instance.service_network} dev eth0 src {instance.node_address}",
    ]
    _ip(*node, pid=pid)
    _ip(*host)


def disconnect(instance: Instance) -> None:
    """Remove the host's end of the pair and wait until the kernel has let go of it; its routes go with it."""
    while _link_exists(instance.link):
        _run([str(tool("ip")), "link", "delete", instance.link], check=False)  # it may be going away by itself
        time.sleep(0.02)


def routes() -> list[Route]:
    """This machine's IPv4 routes."""
    return [Route.model_validate(route) for route in json.loads(_run([str(tool("ip")), "-json", "-4", "route", "show"]))]


def conflict(instance: Instance, present: list[Route]) -> str:
    """Which of the instance's networks are routed elsewhere, in words; empty when none."""
    for wanted in (instance.link_network, instance.pod_network, instance.service_network):
        for route in present:
            if route.dst == "default" or route.dev == instance.link:
                continue
            if ipaddress.ip_network(route.dst, strict=False).overlaps(ipaddress.ip_network(wanted)):
                return f"{wanted} (this machine routes {route.dst} to {route.dev})"
    return ""


def _link_exists(link: str) -> bool:
    return subprocess.run([str(tool("ip")), "link", "show", link], capture_output=True, check=False).returncode == 0


def _ip(*lines: str, pid: int | None = None) -> None:
    """Run several `ip` commands at once, in the network of `pid` if given."""
    prefix = ["nsenter", "--target", str(pid), "--net"] if pid else []
    _run([*prefix, str(tool("ip")), "-batch", "-"], "\n".join(lines) + "\n")


def _run(command: list[str], text: str = "", *, check: bool = True) -> str:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if check and done.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {done.stderr.strip()}\n{text}".rstrip())
    return done.stdout
