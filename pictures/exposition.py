"""What all systems of all catalogues would say of themselves, for a real Prometheus: the sandbox runs only one of them.

Every metric that a catalogue declares or ``checks/dashboard_metrics.yaml`` lists is there, with the labels that it has; counters grow.
"""

import math
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from typing import cast

from checks.dashboard_metrics import FILE
from model.catalogue import Catalogue, Metric, Service
from model.documents import mapping, read
from model.environment import Environment
from model.pages import metrics_of
from model.slo import LATENCY_OBJECTIVE

ROOT = Path(__file__).resolve().parents[1]
Labels = Mapping[str, str]

BOUNDS = ("0.1", "0.2", "0.3", "0.5", "1.0", "2.0", "4.0", "10.0", "60.0", "+Inf")
"""Upper bounds of the buckets of histograms; the promises of all catalogues are among them."""

VALUES: Mapping[str, tuple[str, ...]] = {
    "status": ("200", "401", "404", "500", "true"),
    "code": ("200", "403"),
    "status_code": ("200", "500", "STATUS_CODE_ERROR"),
    "le": BOUNDS,
    "span_kind": ("SPAN_KIND_SERVER",),
    "result": ("success", "failure"),
    "severity": ("low", "critical"),
    "verb": ("GET", "POST"),
    "resource": ("cpu", "memory", "pods", "secrets"),
    "condition": ("Ready", "true"),
    "route": ("loki_api_v1_push", "loki_api_v1_query_range"),
    "mode": ("idle", "user"),
    "quantile": ("0.9",),
    "fstype": ("ext4",),
    "device": ("eth0",),
    "reason": ("CrashLoopBackOff",),
    "available": ("true", "false"),
}
"""Values of labels about which queries are particular; any other label has the value ``x``."""

LEVELS = {"_percent": 60, "_bytes": 3e8}
"""What gauges say, by how their names end; others say 0.5."""

LIMITS = {"pg_settings_max_connections": 20}
"""What is there at most; of anything else that is listed there is 1."""

LAST_RUN_SECONDS = 5400
"""How long ago the moments are that gauges tell."""

NODE = "node-0"


@cache
def listed() -> dict[str, object]:
    """``checks/dashboard_metrics.yaml``."""
    return read(ROOT, FILE).content


def targets(environment: Environment) -> dict[str, dict[str, str]]:
    """The labels of everything that is scraped, by the path at which it answers."""
    found: dict[str, dict[str, str]] = {f"/job/{job}": {"job": job, "node": NODE} for job in listed()}
    for catalogue in environment.catalogues:
        for name, service in catalogue.services.items():
            found[f"/service/{catalogue.system}/{name}"] = {
                "job": f"{catalogue.system}/{name}",
                **owner(catalogue, name, service.team),
                "tier": service.tier,
                "pod": f"{name}-0",
            }
        for name, store in catalogue.datastores.items():
            labels = {"job": store.kind, "datastore": name, **owner(catalogue, name, store.team), "pod": f"{name}-0"}
            found[f"/datastore/{catalogue.system}/{name}/{store.kind}"] = labels
    return found


def owner(catalogue: Catalogue, name: str, team: str) -> dict[str, str]:
    """Whose a target is."""
    return {"system": catalogue.system, "namespace": catalogue.namespace, "service": name, "team": team}


def exposition(environment: Environment, path: str, seconds: float) -> Iterator[str]:
    """What a target says after it has run for some ``seconds``."""
    _, kind, *names = path.split("/")
    if kind == "service":
        [catalogue] = [catalogue for catalogue in environment.catalogues if catalogue.system == names[0]]
        yield from of_service(catalogue, names[1], seconds)
    elif kind == "datastore":
        yield from of_list(names[2], [{}], seconds)
    else:
        subjects = {"kube-state-metrics": pods, "cadvisor": pods, "span-metrics": services}
        yield from of_list(names[0], subjects[names[0]](environment) if names[0] in subjects else [{}], seconds)
        yield from owners(environment) if names[0] == "kube-state-metrics" else ()


def of_service(catalogue: Catalogue, name: str, seconds: float) -> Iterator[str]:
    """The metrics that a service's catalogue entry declares, and those that every service has."""
    service = catalogue.services[name]
    usual = {"http_requests_in_progress": Metric(type="gauge")}
    own = {metric: described for metric, (of, described) in metrics_of(catalogue).items() if of == name or metric.startswith("http_")}
    for metric, described in {**usual, **own}.items():
        labels = [*described.labels, *(["endpoint", "status"] if metric == "http_requests_total" else [])]
        if described.type == "histogram":
            yield from histogram(metric, service, seconds)
        else:
            value = seconds if described.type == "counter" else level(metric, seconds)
            yield from (sample(metric, chosen, value) for chosen in combinations(labels))


def level(metric: str, seconds: float) -> float:
    """What a gauge says: as much as its unit lets one expect, going up and down."""
    if metric.endswith("_timestamp"):
        return time.time() - LAST_RUN_SECONDS
    usual = next((value for suffix, value in LEVELS.items() if metric.endswith(suffix)), 0.5)
    return usual * (1 + 0.2 * math.sin(seconds / 60))


def histogram(metric: str, service: Service, seconds: float) -> Iterator[str]:
    """Durations of which a few more are too long than promised."""
    yield f"# TYPE {metric} histogram"
    good = 0.9 * LATENCY_OBJECTIVE * seconds * 10
    for bound in BOUNDS:
        inside = seconds * 10 if bound == "+Inf" else good if float(bound) >= service.slo.latency_p95.seconds else good / 2
        yield sample(f"{metric}_bucket", {"endpoint": "x", "le": bound}, int(inside))
    yield sample(f"{metric}_count", {"endpoint": "x"}, int(seconds * 10))
    yield sample(f"{metric}_sum", {"endpoint": "x"}, seconds)


def of_list(job: str, subjects: Iterable[Labels], seconds: float) -> Iterator[str]:
    """The metrics that ``checks/dashboard_metrics.yaml`` lists for a job, about each of some subjects."""
    for name, labels in mapping(listed()[job]).items():
        for subject in subjects:
            for chosen in combinations([label for label in cast("list[str]", labels) if label not in subject]):
                yield sample(name, {**chosen, **subject}, seconds if grows(name) else LIMITS.get(name, 1))


def grows(name: str) -> bool:
    """Whether a metric is a counter, by its name; of PostgreSQL's exporter, ``_count`` is a number of things."""
    return name.endswith(("_total", "_bucket")) or (name.endswith("_count") and not name.startswith("pg_"))


def pods(environment: Environment) -> list[Labels]:
    """A pod of each service, of each datastore and of the platform."""
    named = [(catalogue.namespace, name) for catalogue in environment.catalogues for name in (*catalogue.services, *catalogue.datastores)]
    return [
        {"namespace": namespace, "pod": f"{name}-0", "container": name, "replicaset": f"{name}-5d8f", "node": NODE}
        for namespace, name in [*named, ("observability", "prometheus")]
    ]


def services(environment: Environment) -> list[Labels]:
    """Every service, as spans name it."""
    return [{"system": catalogue.system, "service": name} for catalogue in environment.catalogues for name in catalogue.services]


def owners(environment: Environment) -> Iterator[str]:
    """What the rules on pods ask of kube-state-metrics, besides what dashboards do."""
    for pod in pods(environment):
        whose = {"owner_kind": "ReplicaSet", "owner_name": pod["replicaset"], "owner_is_controller": "true"}
        yield sample("kube_pod_owner", {"namespace": pod["namespace"], "pod": pod["pod"], **whose}, 1)


def combinations(labels: Iterable[str]) -> list[dict[str, str]]:
    """Every combination of the values of some labels."""
    names = list(labels)
    return [dict(zip(names, chosen, strict=True)) for chosen in product(*(VALUES.get(name, ("x",)) for name in names))]


def sample(name: str, labels: Labels, value: float) -> str:
    """A line of Prometheus' text format."""
    inside = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}"


def steady(path: str, seconds: float) -> float:
    """Counters that grow by what they are each second."""
    _ = path
    return seconds


@contextmanager
def serving(environment: Environment, pace: Callable[[str, float], float] = steady) -> Generator[int]:
    """Answers scrapes of all targets, at the port that it gives; ``pace`` is how far counters are, of a target after some seconds."""
    begin = time.monotonic() - 3600

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "\n".join([*exposition(environment, self.path, pace(self.path, time.monotonic() - begin)), ""]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            with suppress(BrokenPipeError):  # who asked did not wait
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            _ = format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
