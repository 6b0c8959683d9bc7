"""What of an environment cannot be changed freely, as facts for the guard: from the very values that the components are made from."""

from components import grafana
from components.base import Identity
from components.platform import part, parts, stores
from components.traces import part as traces_part
from components.workloads import ACCESS_MODE, DATA, fixed_fields
from guard.intent import CLAIM, STATEFUL_SET, Intent, Volume, class_key
from model.environment import Environment
from model.namespaces import NAMESPACE
from model.quantities import Size


def intent(environment: Environment) -> Intent:
    """The facts of an environment."""
    logs = environment.settings.logs
    identities = identities_of(environment)
    return Intent(
        places=places(environment),
        volumes=volumes(environment),
        selectors={_called(identity): labels(identity.selector) for identity in identities},
        retention=retention(environment),
        classes={name: one.selector for name, one in logs.classes.items()} if logs else {},
        log_schema=log_schema(environment) if logs else {},
        versions={identity.program: identity.version for identity in identities},
    )


def identities_of(environment: Environment) -> tuple[Identity, ...]:
    """Everything that runs."""
    return (*parts(environment), *(store.exporter for store in stores(environment)))


def images(environment: Environment) -> dict[str, str]:
    """The image references of what runs, by program."""
    programs = {identity.program for identity in identities_of(environment)}
    return {program: environment.images[program] for program in sorted(programs)}


def places(environment: Environment) -> dict[str, str]:
    """Which cluster this is, and where data is kept besides volumes."""
    settings = environment.settings
    found = {"cluster.name": settings.cluster.name, **({"cluster.keepVolumes": "true"} if settings.cluster.keeps_volumes else {})}
    if logs := settings.logs:
        bucket = logs.bucket
        found |= {"logs.bucket.name": bucket.name, "logs.bucket.region": bucket.region, "logs.bucket.endpoint": bucket.endpoint or "AWS"}
        found |= {"logs.bucket.protect": "true"} if bucket.protect else {}
        found |= {"logs.bucket.kmsKey": bucket.kms_key} if bucket.kms_key else {}
    if settings.traces and (external := settings.traces.external):
        found["traces.external.url"] = external.url
    if database := settings.grafana.database:
        found["grafana.database"] = f"{database.name} on {database.host}"
    return found


def volumes(environment: Environment) -> dict[str, Volume]:
    """All volumes, by the object that asks for them. Prometheus' and Alertmanager's replicas all hold the same."""
    settings = environment.settings
    storage_class = settings.cluster.volume_class
    found = {
        **_stateful_set(part(environment, "prometheus"), settings.prometheus.storage, storage_class),
        **_stateful_set(part(environment, "alertmanager"), settings.alertmanager.storage, storage_class),
    }
    if not settings.grafana.database:
        size = settings.grafana.storage or grafana.OWN_STORAGE
        found[f"{CLAIM} {_called(part(environment, 'grafana'))}-{grafana.VOLUME}"] = _volume(size, storage_class)
    if logs := settings.logs:
        found |= _stateful_set(part(environment, "loki"), logs.storage, storage_class, replicas=logs.replicas)
    if traces := settings.traces:
        collector, own = traces.collector, traces.elasticsearch
        identity = traces_part(environment, NAMESPACE, "collector")
        found |= _stateful_set(identity, collector.storage, storage_class, replicas=collector.replicas)
        if own:
            nodes = traces_part(environment, NAMESPACE, "elasticsearch")
            found |= _stateful_set(nodes, own.storage, storage_class, replicas=own.replicas)
    return found


def retention(environment: Environment) -> dict[str, str]:
    """How long each signal is kept."""
    settings = environment.settings
    found = {"prometheus.retention": str(settings.prometheus.retention)}
    if logs := settings.logs:
        found |= {"logs.retention": str(logs.retention)}
        found |= {class_key(name): str(one.retention) for name, one in logs.classes.items()}
    if traces := settings.traces:
        found["traces.retention"] = str(traces.retention)
    return found


def log_schema(environment: Environment) -> dict[str, str]:
    """How logs are stored, by the first day of each period."""
    periods = environment.log_schema.periods
    return {one.start.isoformat(): f"{one.store} {one.version} {one.prefix} {one.period}" for one in periods}


def labels(selector: dict[str, str]) -> str:
    """Labels as kubectl takes them."""
    return ",".join(f"{name}={value}" for name, value in sorted(selector.items()))


def _stateful_set(identity: Identity, size: Size, storage_class: str | None, *, replicas: int = 1) -> dict[str, Volume]:
    fixed = fixed_fields(identity)
    fields = {
        "spec.serviceName": fixed.service_name,
        "spec.podManagementPolicy": fixed.pod_management_policy,
        "spec.revisionHistoryLimit": str(fixed.revision_history_limit),
    }
    volume = _volume(size, storage_class).model_copy(update={"template": f"{DATA} {ACCESS_MODE}", "replicas": replicas, "fixed": fields})
    return {f"{STATEFUL_SET} {_called(identity)}": volume}


def _volume(size: Size, storage_class: str | None) -> Volume:
    return Volume(size=str(size), storage_class=storage_class or Volume.model_fields["storage_class"].default, template=ACCESS_MODE)


def _called(identity: Identity) -> str:
    return f"{identity.namespace}/{identity.name}"
