"""Everything that the demo deploys for a catalogue, as a value."""

from collections.abc import Iterable

from model.catalogue import Catalogue, Service
from sandbox.demo import datastores
from sandbox.demo.pods import Container, Manifest, deployment, http_probe, namespace, service

CONTROL_PORT = 8081
"""Where a service takes faults. It is on no Service and no list of ports: Prometheus would take it for one more target."""

RECEIVER = "alert-receiver"
TRAFFIC = "traffic"
TOOL_PORT = 8080
"""Where the receiver takes notifications, and where receiver and traffic show their metrics."""

SMTP_PORT = 2525
"""Where the receiver takes mails."""

COLLECTOR = "http://collector.observability:4318"
"""Where spans go, by OTLP over HTTP. Without a collector they are lost, and nothing else is."""

SAMPLING = "http://jaeger-collector.observability:5778/api/sampling"
"""Who tells the services which share of requests to trace."""


def tools_namespace(catalogue: Catalogue) -> str:
    """The namespace of what is no part of the system itself: traffic and the receiver."""
    return f"{catalogue.namespace}-demo"


def manifests(catalogue: Catalogue, image: str) -> list[Manifest]:
    """All objects in the order in which they can be applied."""
    made = [namespace(catalogue.namespace), namespace(tools_namespace(catalogue)), *datastores.manifests(catalogue, image)]
    for name, declared in catalogue.services.items():
        made += _service(catalogue, name, declared, image)
    return [*made, *_receiver(catalogue, image), _traffic(catalogue, image)]


def _service(catalogue: Catalogue, name: str, declared: Service, image: str) -> list[Manifest]:
    stores = [store for store in declared.dependencies if store in catalogue.datastores]
    attributes = {"service.namespace": catalogue.system, "team": declared.team, "tier": declared.tier}
    environment = {
        "SERVICE_NAME": name,
        "PORT": str(declared.port),
        "CONTROL_PORT": str(CONTROL_PORT),
        "METRICS_PATH": declared.metrics_path,
        # so quick that a chain of several calls keeps its promise when nothing is wrong
        "BASE_LATENCY": f"{max(1, round(declared.slo.latency_p95.seconds * 1000 / 50))}ms",
        "DEPENDENCIES": _peers(catalogue, (peer for peer in declared.dependencies if peer in catalogue.services)),
        "DATASTORES": ",".join(f"{store}={datastores.url(catalogue.datastores[store])}" for store in stores),
        "OTEL_RESOURCE_ATTRIBUTES": ",".join(f"{key}={value}" for key, value in attributes.items()),
        **({"DATASTORE_PASSWORD_FILE": f"/secrets/{datastores.PASSWORD_FILE}"} if stores else {}),
        "OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR,
        "SAMPLING_ENDPOINT": SAMPLING,
    }
    container = Container(
        name=name,
        image=image,
        arguments=("serve",),
        environment=environment,
        ports={"http": declared.port},
        secrets="/secrets" if stores else None,
        readiness=http_probe("/readyz", declared.port),
        liveness=http_probe("/healthz", CONTROL_PORT),  # a service that was told to refuse connections is not to be restarted for it
    )
    secrets = (datastores.SECRET, (datastores.PASSWORD_FILE,)) if stores else None
    return [
        deployment(name, catalogue.namespace, (container,), secret_files=secrets),
        service(name, catalogue.namespace, {"http": declared.port}),
    ]


def _receiver(catalogue: Catalogue, image: str) -> list[Manifest]:
    space, ports = tools_namespace(catalogue), {"http": TOOL_PORT, "smtp": SMTP_PORT}
    container = _tool(RECEIVER, "receiver", image, {"SMTP_PORT": str(SMTP_PORT)}, ports)
    return [deployment(RECEIVER, space, (container,)), service(RECEIVER, space, ports)]


def _traffic(catalogue: Catalogue, image: str) -> Manifest:
    called = {dependency for declared in catalogue.services.values() for dependency in declared.dependencies}
    targets = {
        "TARGETS": _peers(catalogue, (name for name in catalogue.services if name not in called)),  # where users come in
        "BACKGROUND_TARGETS": _peers(catalogue, (name for name in catalogue.services if name in called)),
    }
    return deployment(TRAFFIC, tools_namespace(catalogue), (_tool(TRAFFIC, "traffic", image, targets),))


def _tool(name: str, mode: str, image: str, environment: dict[str, str], ports: dict[str, int] | None = None) -> Container:
    return Container(
        name=name,
        image=image,
        arguments=(mode,),
        environment={"SERVICE_NAME": name, "PORT": str(TOOL_PORT), **environment},
        ports=ports or {"http": TOOL_PORT},
        readiness=http_probe("/healthz", TOOL_PORT),
        liveness=http_probe("/healthz", TOOL_PORT),
    )


def _peers(catalogue: Catalogue, names: Iterable[str]) -> str:
    return ",".join(f"{name}=http://{name}.{catalogue.namespace}:{catalogue.services[name].port}" for name in names)
