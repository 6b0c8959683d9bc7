"""The rule file that says as series what the catalogues and the stack file say: what should exist, whose it is, what it promises.

So the rules in ``configs/rules`` compare with these series, and none is written once per service.
"""

from collections.abc import Iterator

from model import slo
from model.catalogue import Catalogue, Datastore, Service
from model.settings import Thresholds

Labels = dict[str, str]


def generated_rules(catalogues: tuple[Catalogue, ...], thresholds: Thresholds) -> dict[str, object]:
    """The rules that follow from the catalogues and from the thresholds of a stack."""
    rules = [_constant(name, {}, value) for name, value in thresholds.nodes.series()]
    for catalogue in catalogues:
        for name, service in catalogue.services.items():
            rules += _service_series(catalogue, name, service, thresholds)
        for name, datastore in catalogue.datastores.items():
            rules += _datastore_series(catalogue, name, datastore, thresholds)
    return {"groups": [{"name": "catalogue", "interval": "15s", "rules": rules}, *slo.slo_groups(catalogues)]}


def _service_series(catalogue: Catalogue, name: str, service: Service, thresholds: Thresholds) -> Iterator[dict[str, object]]:
    whose = {"system": catalogue.system, "namespace": catalogue.namespace, "service": name}
    entry = {**whose, "team": service.team, "tier": service.tier}
    yield _constant("catalogue:service:info", entry, 1)
    for objective, target in slo.objectives(service).items():
        yield _constant("slo:objective:ratio", {**entry, "slo": objective}, target)
        yield _constant("slo:error_budget:ratio", {**entry, "slo": objective}, 1 - target)
    if service.signals.histogram == "classic":
        bound = {"system": catalogue.system, "service": name, "le": bucket(service.slo.latency_p95.seconds)}
        yield _constant("slo:latency_bucket:info", bound, 1)
    yield _constant("threshold:latency_p95:seconds", whose, service.slo.latency_p95.seconds)
    yield _constant("threshold:error_ratio:ratio", whose, service.slo.error_rate.ratio)
    general = thresholds.services
    if tier := thresholds.tiers.get(service.tier):
        general = tier.over(general)
    for record, value in service.thresholds.over(general).series():
        yield _constant(record, whose, value)


def _datastore_series(catalogue: Catalogue, name: str, datastore: Datastore, thresholds: Thresholds) -> Iterator[dict[str, object]]:
    whose = {"system": catalogue.system, "namespace": catalogue.namespace, "service": name}
    yield _constant("catalogue:datastore:info", {**whose, "datastore": name, "kind": datastore.kind, "team": datastore.team}, 1)
    if datastore.storage:
        yield _constant("catalogue:datastore_storage:bytes", whose, datastore.storage.bytes)
    for record, value in datastore.thresholds.over(thresholds.datastores).series():
        yield _constant(record, whose, value)


def bucket(seconds: float) -> str:
    """The ``le`` label of a bucket, as Prometheus 3 writes it: always with a fraction."""
    return repr(float(seconds))


def _constant(record: str, labels: Labels, value: float) -> dict[str, object]:
    rule: dict[str, object] = {"record": record, "expr": f"vector({value:.10g})"}
    return {**rule, "labels": labels} if labels else rule
