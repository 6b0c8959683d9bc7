"""The main job: a cluster, the demo workload on it, the platform deployed by the Pulumi engine, until it serves."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.table import Table

from model.environment import Environment
from sandbox import cluster, demo, forecast, serving, target, toolchain
from sandbox.cluster import images, programs
from sandbox.cluster.lifecycle import SIMULATED, reason_to_simulate
from sandbox.engine import Engine, Target
from sandbox.images import references
from sandbox.kube import Kube
from sandbox.progress import console, step
from sandbox.target import TargetError

SERVING_TIMEOUT_SECONDS = 300
DISCOVERY_SECONDS = 60
"""After this, what Prometheus does not find on the user's own cluster is not there."""


LATER = ("Loki", "LogCanary", "LogAgent", "Traces")
"""The components that need the images `images.LATER`."""


def up(environment: Environment) -> None:
    """Bring everything up, on the sandbox of this machine or on the user's own cluster; a second run changes nothing.

    Where programs have to be compiled first, dashboards serve before those of logs and traces are.
    """
    if target.foreign_context():
        forecast.announce(toolchain.to_build(needed()))
        deploy_to_foreign(target.current(), environment)
        toolchain.finish()
        return
    require_nodes(environment)
    forecast.announce(toolchain.with_checkers(toolchain.to_build(needed())))
    late = toolchain.to_build(images.programs(images.LATER))
    instance = cluster.up(target.sandbox_name(), without=images.LATER if late else ())
    if instance.simulated:
        deploy_to_simulated(target.sandbox(instance), environment)
        toolchain.finish()
        return
    toolchain.tool("pulumi")
    with step("demo workload: the services of the catalogue, their datastores and traffic"):
        demo.up(instance.kubeconfig)
    if late:
        deploy(target.sandbox(instance), environment.name, without=LATER)
        console.print(f"dashboards serve: {_page(instance.kubeconfig)}; logs and traces follow once {', '.join(late)} are built")
        images.provide(instance, images.plan(images.LATER))
    deploy(target.sandbox(instance), environment.name)
    with step("waiting until the platform serves"):
        serving.wait(Kube(instance.kubeconfig), timeout_seconds=SERVING_TIMEOUT_SECONDS, say=console.print)
    show_addresses(instance.kubeconfig)
    toolchain.finish()


def needed() -> list[str]:
    """The programs that are built to bring the platform up, wherever it is to run."""
    if target.foreign_context():
        return ["pulumi"]
    if reason_to_simulate(target.sandbox_name()):
        return [*programs.needed(simulated=True), "pulumi"]
    return [*programs.needed(simulated=False), *images.programs(references()), "pulumi"]


def _page(kubeconfig: Path) -> str:
    return next(address.url for address in serving.addresses(Kube(kubeconfig)) if address.name == "grafana")


def require_nodes(environment: Environment) -> None:
    """Raise TargetError when an environment's servers must not share a node, and the sandbox would have only one."""
    traces = environment.settings.traces
    servers = traces.elasticsearch.replicas if traces and traces.elasticsearch else 1
    if servers > 1 and not reason_to_simulate(target.sandbox_name()):
        raise TargetError(
            f"{environment.name} wants {servers} nodes (for Elasticsearch) and a sandbox has one: "
            f"`{SIMULATED}=1 SANDBOX={environment.name} make up ENV={environment.name}` deploys it to nodes that are played, on which "
            "nothing runs; or name a cluster by KUBECONTEXT"
        )


def deploy_to_simulated(place: Target, environment: Environment) -> None:
    """Deploy to nodes that are played: everything is there and counts as ready, but nothing runs, so there is no demo and no address."""
    make_namespaces(Kube(place.kubeconfig), {catalogue.namespace for catalogue in environment.catalogues})
    deploy(place, environment.name)
    console.print(f"deployed to simulated nodes: nothing runs; export KUBECONFIG={place.kubeconfig}")


def make_namespaces(kube: Kube, names: Iterable[str]) -> None:
    """Make those that are not there, as the demo would."""
    for name in sorted(names):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        query = {"fieldManager": "observability-sandbox", "force": "true"}
        kube.call("PATCH", f"/api/v1/namespaces/{name}", query=query, body=space, kind="application/apply-patch+yaml")


def deploy(place: Target, environment: str, *, without: Sequence[str] = ()) -> dict[str, int]:
    """Deploy an environment, but for some types of components; returns the number of resources by what was done. Raises EngineError."""
    engine = Engine(place, environment, say=print)
    for plugin in engine.plugins:
        console.print(f"provider {plugin.name} {plugin.version}: {plugin.source}")
    changes = engine.up(without=without)
    changed = sum(count for operation, count in changes.items() if operation != "same")
    console.print(f"{environment}: {changed} change(s), {changes.get('same', 0)} unchanged")
    return changes


def deploy_to_foreign(place: Target, environment: Environment) -> None:
    """Deploy to a cluster of the user's, whose services are there already, or not: what they lack is a note, not an error."""
    kube = Kube(place.kubeconfig)
    require_namespaces(kube, place.name, {catalogue.namespace for catalogue in environment.catalogues})
    deploy(place, environment.name)
    with step("waiting until Prometheus has found the services"):
        notes = _lacking(kube)
    for note in notes:
        console.print(f"note: {note}")
    console.print(f"deployed to {place.name}; reach it by: kubectl --context {place.name} -n observability port-forward svc/grafana 3000")


def require_namespaces(kube: Kube, cluster_name: str, wanted: Iterable[str]) -> None:
    """Raise TargetError when a namespace of the catalogues is missing: what they describe is not ours to make."""
    present = {str(space["metadata"]["name"]) for space in kube.list("/api/v1/namespaces")}
    missing = sorted(set(wanted) - present)
    if missing:
        raise TargetError(
            "\n".join(
                f"namespace {name} does not exist on {cluster_name}: the catalogue's system runs there; "
                f"create it first (kubectl create namespace {name})"
                for name in missing
            )
        )


def _lacking(kube: Kube) -> list[str]:
    """What Prometheus does not reach once it had the time to find everything."""
    end = time.monotonic() + DISCOVERY_SECONDS
    while (missing := serving.problems(kube)) and time.monotonic() < end:
        time.sleep(1)
    return missing


def show_addresses(kubeconfig: Path) -> None:
    """Print where the platform answers."""
    table = Table(box=None, pad_edge=False)
    table.add_column("service")
    table.add_column("address")
    for address in serving.addresses(Kube(kubeconfig)):
        table.add_row(address.name, address.url)
    table.add_row("kubectl", f"export KUBECONFIG={kubeconfig}")
    console.print(table)
