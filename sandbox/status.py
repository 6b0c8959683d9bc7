"""What `make status` says: the cluster, the platform on it, and everything that is not the real thing."""

import os

from sandbox import cluster, serving, target
from sandbox.engine import plugins
from sandbox.kube import Kube, KubeError


def show() -> int:
    """Print the state of the sandbox and of the platform on it; returns 0 when all is well."""
    found = cluster.status(target.sandbox_name())
    print(found)
    if not found.running:
        return 1
    kube = Kube(cluster.running(target.sandbox_name()).kubeconfig)
    missing = serving.problems(kube)
    print("platform    " + ("serves" if not missing else "does not serve"))
    for problem in missing:
        print(f"  {problem}")
    try:
        for address in serving.addresses(kube):
            print(f"  {address.name:<20} {address.url}")
    except KubeError as error:
        print(f"  {error}")
    for plugin in plugins(print):
        if plugin.source != "official":
            print(f"  stand-in    provider plugin {plugin.name}: the official {plugin.version} cannot be installed here")
    return os.EX_OK if found.healthy and not missing else 1
