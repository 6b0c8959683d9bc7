"""What `make status` says: the cluster, the platform on it, and everything that is not the real thing."""

from collections.abc import Iterable

from sandbox import cluster, serving, target, toolchain
from sandbox.causes import silent
from sandbox.cluster import images
from sandbox.cluster.programs import needed
from sandbox.engine import Target, plugins
from sandbox.inventory import GO_PROGRAMS
from sandbox.kube import Kube, KubeError


def show() -> int:
    """Print the state of the cluster and of the platform on it; returns 0 when all is well, 1 when something is missing."""
    context = target.foreign_context()
    if context:
        return _foreign(target.foreign(context))
    found = cluster.status(target.sandbox_name())
    print(found)
    if not found.running:
        return 1
    if found.simulated:
        print("platform    nothing runs on simulated nodes")
        return 0 if found.healthy else 1
    instance = cluster.running(target.sandbox_name())
    missing = _platform(Kube(instance.kubeconfig))
    for line in trimmed([*images.built(instance), *needed(simulated=False), "pulumi"]):
        print(f"  trimmed     {line}")
    return 0 if found.healthy and not missing else 1


def trimmed(names: Iterable[str]) -> list[str]:
    """What those of the programs lack that are built here, where the official ones have it; not what is found on PATH."""
    chosen = set(names)
    lacking = [program for program in GO_PROGRAMS if program.name in chosen and program.trimmed]
    return [f"{program.name}: {program.trimmed}" for program in lacking if toolchain.on_path(program) is None]


def _foreign(place: Target) -> int:
    print(f"cluster of the context {place.name}")
    if silence := silent(place.kubeconfig):
        print(f"  problem      {silence}")
        return 1
    return 1 if _platform(Kube(place.kubeconfig)) else 0


def _platform(kube: Kube) -> list[str]:
    """Print how the platform does; returns what it lacks."""
    missing = serving.problems(kube)
    print("platform    " + ("does not serve" if missing else "serves"))
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
    return missing
