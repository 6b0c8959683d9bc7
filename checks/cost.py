"""What an environment costs a month, by component: what its workloads ask for and what its bucket holds, at the listed prices.

Requests are what a node must have free for a pod, used or not; so they, not the use, decide how many nodes are paid for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.record import Recorded
from model.access import ALB
from model.documents import each, mapping
from model.environment import Environment
from model.estimates import Volumes, volumes
from model.prices import HOURS_A_MONTH, Prices
from model.quantities import Cpu, Size

_GIB = 2**30
_CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing that is paid for."""

    component: str
    """The part of the platform, as in the label ``app.kubernetes.io/component``."""

    what: str
    """What it is, with its amount."""

    dollars: float
    """A month."""


def items(environment: Environment, resources: Iterable[Recorded], prices: Prices) -> list[Item]:
    """All that the recorded resources of an environment cost."""
    found: list[Item] = []
    resources = list(resources)
    for resource in resources:
        manifest = resource.manifest
        if manifest.get("kind") in _WORKLOADS:
            found += _workload(manifest, environment.settings.cluster.nodes, prices)
        elif resource.type == _CLAIM:
            found.append(_volume(manifest, manifest, 1, prices))
    return [*found, *_load_balancers(resources, prices), *_bucket(volumes(environment), prices)]


def by_component(found: Iterable[Item]) -> dict[str, float]:
    """Dollars a month by component, the dearest first."""
    sums: defaultdict[str, float] = defaultdict(float)
    for item in found:
        sums[item.component] += item.dollars
    return dict(sorted(sums.items(), key=lambda entry: -entry[1]))


def total(environment: Environment, resources: Iterable[Recorded], prices: Prices) -> float:
    """Dollars a month of all of it, to the cent."""
    return round(sum(by_component(items(environment, resources, prices)).values()), 2)


def report(environment: Environment, resources: Iterable[Recorded], prices: Prices) -> Iterator[str]:
    """The costs as lines of text: every item, then a table of components beside the budget."""
    found = items(environment, resources, prices)
    for item in sorted(found, key=lambda item: (item.component, -item.dollars)):
        yield f"{item.component:<12} {item.dollars:>9.2f}  {item.what}"
    yield ""
    yield f"{'component':<12} {'dollars':>9} {'budget':>9}"
    budget, sums = environment.settings.budget, by_component(found)
    for component in [*sums, *(name for name in budget if name not in sums)]:
        planned = f"{budget[component]:>9.2f}" if component in budget else f"{'-':>9}"
        yield f"{component:<12} {sums.get(component, 0):>9.2f} {planned}"
    yield f"{'total':<12} {sum(sums.values()):>9.2f} {sum(budget.values()):>9.2f}"
    yield f"dollars a month at list prices of {prices.region}, {prices.date}; the estimates are those of the catalogue"


def _workload(manifest: dict[str, object], nodes: int, prices: Prices) -> Iterator[Item]:
    spec = mapping(manifest.get("spec"))
    copies = nodes if manifest["kind"] == "DaemonSet" else int(str(spec.get("replicas", 1)))
    requests = ("template", "spec", "containers", "*", "resources", "requests")
    cores = copies * sum(Cpu(str(cpu)).cores for _, cpu in each(spec, *requests, "cpu"))
    gib = copies * sum(Size(str(memory)).bytes for _, memory in each(spec, *requests, "memory")) / _GIB
    yield Item(
        component=_component(manifest),
        what=f"{_name(manifest)}: {copies} x, together {cores:.2f} cores and {gib:.1f} GiB of memory",
        dollars=HOURS_A_MONTH * (cores * prices.cpu_core_hour + gib * prices.memory_gib_hour),
    )
    for _, claim in each(spec, "volumeClaimTemplates", "*"):
        yield _volume(manifest, mapping(claim), copies, prices)


def _volume(owner: dict[str, object], claim: dict[str, object], copies: int, prices: Prices) -> Item:
    [(_, size)] = each(claim, "spec", "resources", "requests", "storage")
    gib = copies * Size(str(size)).bytes / _GIB
    return Item(component=_component(owner), what=f"{_name(owner)}: {copies} volumes of {size}", dollars=gib * prices.volume_gib_month)


def _load_balancers(resources: Iterable[Recorded], prices: Prices) -> Iterator[Item]:
    """Those of AWS: one a group of Ingresses, with one capacity unit each, which is more than people who look at dashboards use."""
    groups: dict[str, str] = {}
    for resource in resources:
        for _, group in each(resource.manifest, "metadata", "annotations", f"{ALB}/group.name"):
            groups.setdefault(str(group), _component(resource.manifest))
    for group, component in groups.items():
        dollars = HOURS_A_MONTH * (prices.load_balancer_hour + prices.load_balancer_unit_hour)
        yield Item(component=component, what=f"{group}: 1 load balancer with 1 capacity unit", dollars=dollars)


def _bucket(volumes: Volumes, prices: Prices) -> Iterator[Item]:
    """What Loki keeps on S3. Objects that it reads are few beside those that it writes, and are left out."""
    if not volumes.log_gib_kept:
        return
    standard, infrequent = volumes.log_gib_standard, volumes.log_gib_infrequent
    yield Item(
        component="logs",
        what=f"S3: {standard:.0f} GiB standard, {infrequent:.0f} GiB infrequent access",
        dollars=standard * prices.s3_standard_gib_month + infrequent * prices.s3_infrequent_gib_month,
    )
    yield Item(
        component="logs",
        what=f"S3: {volumes.chunks_a_month / 1e6:.2f} million chunks written",
        dollars=volumes.chunks_a_month / 1000 * prices.s3_put_thousand,
    )


def _component(manifest: dict[str, object]) -> str:
    labels = mapping(mapping(manifest.get("metadata")).get("labels"))
    return str(labels.get("app.kubernetes.io/component", "other"))


def _name(manifest: dict[str, object]) -> str:
    return str(mapping(manifest.get("metadata")).get("name"))
