"""The main job: a cluster, the demo workload on it, the platform deployed by the Pulumi engine, until it serves."""

from pathlib import Path

from rich.table import Table

from sandbox import cluster, demo, serving, target
from sandbox.cluster.progress import console, step
from sandbox.engine import Engine, Target
from sandbox.kube import Kube

SERVING_TIMEOUT_SECONDS = 300


def up(environment: str) -> None:
    """Bring everything up, on the sandbox of this machine or on the user's own cluster; a second run changes nothing."""
    context = target.foreign_context()
    if context is not None:
        deploy(target.foreign(context), environment)
        console.print(
            f"deployed to {context}; reach it by: kubectl --context {context} -n observability port-forward svc/grafana 3000",
            soft_wrap=True,
        )
        return
    instance = cluster.up(target.sandbox_name())
    with step("demo workload: the services of the catalogue, their datastores and traffic"):
        demo.up(instance.kubeconfig)
    deploy(target.sandbox(instance), environment)
    show_addresses(instance.kubeconfig)


def deploy(place: Target, environment: str) -> dict[str, int]:
    """Deploy an environment and wait until it serves; returns the number of resources by what was done to them."""
    engine = Engine(place, environment, say=print)
    for plugin in engine.plugins:
        console.print(f"provider {plugin.name} {plugin.version}: {plugin.source}")
    changes = engine.up()
    with step("waiting until the platform serves"):
        serving.wait(Kube(place.kubeconfig), timeout_seconds=SERVING_TIMEOUT_SECONDS, say=console.print)
    changed = sum(count for operation, count in changes.items() if operation != "same")
    console.print(f"{environment}: {changed} change(s), {changes.get('same', 0)} unchanged")
    return changes


def show_addresses(kubeconfig: Path) -> None:
    """Print where the platform answers."""
    table = Table(box=None, pad_edge=False)
    table.add_column("service")
    table.add_column("address")
    for address in serving.addresses(Kube(kubeconfig)):
        table.add_row(address.name, address.url)
    table.add_row("kubectl", f"export KUBECONFIG={kubeconfig}")
    console.print(table)
