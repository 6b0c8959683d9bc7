"""The catalogue: what is monitored. A service is declared once, and everything about its monitoring follows from that."""

from typing import Annotated, Literal

from pydantic import Field

from model.base import Model
from model.quantities import Duration, Name, Percent, Port, Size, Text
from model.thresholds import DatastoreThresholds, ServiceThresholds

Tier = Literal["critical", "high", "standard"]
"""How much depends on a service: ``critical`` stops the business, ``high`` degrades it, ``standard`` can wait."""


class Slo(Model):
    """What a service promises to its callers, measured over 30 days."""

    availability: Percent = Percent("99.9%")
    """Share of requests that must not fail (HTTP 5xx)."""

    latency_p95: Duration = Duration("500ms")
    """Time within which 95 of 100 requests must be answered."""

    error_rate: Percent = Percent("1%")
    """Share of failed requests above which people are warned at once, whatever is left of the budget."""


class Estimate(Model):
    """About how much monitoring a service will cause, over a month. Decides costs and capacity, never limits."""

    requests_per_second: Annotated[float, Field(ge=0)] = 10
    """Requests that it answers, on average over day and night."""

    log_bytes_per_request: Annotated[int, Field(ge=0)] = 400
    """Bytes of log lines per request: two lines of JSON by default."""

    series: Annotated[int, Field(ge=0)] = 500
    """Time series that all of its instances expose together."""


MetricName = Annotated[str, Text(r"[a-z_:][a-z0-9_:]*", "the name of a Prometheus metric, such as http_requests_total")]
"""The name of a metric."""


class Metric(Model):
    """A metric of a service's own, besides those that every service has."""

    type: Literal["counter", "gauge", "histogram"]
    """What may be done with it: a rate is of a counter, a quantile of a histogram."""

    labels: tuple[Annotated[str, Text(r"[a-z_][a-z0-9_]*", "the name of a label")], ...] = ()
    """Its own labels, besides those that Prometheus adds."""

    description: str = ""
    """What it counts or measures, in one line."""


class Signals(Model):
    """Where a service counts its requests, errors and times; a service that is as most are says nothing here."""

    requests: MetricName = "http_requests_total"
    """A counter of all requests."""

    errors: Annotated[str, Text(r"[a-z_:][a-z0-9_:]*(\{[^{}]+\})?", "a metric, with matchers if need be")] = (
        'http_requests_total{status=~"5.."}'
    )
    """A counter of the failed ones, or those of ``requests`` that matchers select."""

    latency: MetricName = "http_request_duration_seconds"
    """A histogram of the seconds that requests take."""

    histogram: Literal["classic", "native"] = "classic"
    """``classic`` needs a bucket that ends at exactly ``slo.latencyP95``; ``native`` needs none."""


class Service(Model):
    """One service of a system: a Kubernetes Service of this name in the system's namespace, whose port is named ``http``."""

    description: str
    """What the service does, in one line; shown on dashboards and in alerts."""

    team: Name
    """The team that is told when it breaks; declared in ``configs/routing.yaml``."""

    tier: Tier = "standard"
    """How much depends on it."""

    port: Port
    """The TCP port on which it serves requests and metrics."""

    metrics_path: Annotated[str, Text(r"/\S*", "a path that begins with /")] = "/metrics"
    """The HTTP path of its Prometheus metrics."""

    slo: Slo = Slo()
    """What it promises."""

    signals: Signals = Signals()
    """Where it counts its requests, errors and times."""

    metrics: dict[MetricName, Metric] = Field(default_factory=dict[MetricName, Metric])
    """Metrics of its own that rules may use, by name."""

    thresholds: ServiceThresholds = ServiceThresholds()
    """When somebody should look; what is not given comes from the stack file."""

    sampling: Percent = Percent("10%")
    """The share of its requests whose traces are kept."""

    estimate: Estimate = Estimate()
    """About how much it is used."""

    dependencies: tuple[Name, ...] = ()
    """Names of the services and datastores of the same catalogue that it calls."""


class Datastore(Model):
    """A database or cache that services depend on; it gets an exporter and alerts of its own."""

    kind: Literal["postgresql", "redis"]
    """What it is, which decides its exporter."""

    description: str = ""
    """What is kept in it, in one line."""

    team: Name
    """The team that is told when it breaks."""

    host: Annotated[str, Text(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "a DNS name, such as postgresql or db.example.org")]
    """Its DNS name, as seen from the system's namespace or in full."""

    port: Port
    """The TCP port on which it answers."""

    database: str = "postgres"
    """The database to connect to (PostgreSQL only)."""

    username: str = "exporter"
    """The user that the exporter connects as; its password is a stack secret (PostgreSQL: member of ``pg_monitor``)."""

    statements: bool = False
    """Whether it has the extension pg_stat_statements, whose figures are exported then (PostgreSQL only)."""

    storage: Size | None = None
    """How much its databases may take on its disk; nobody watches that when absent."""

    thresholds: DatastoreThresholds = DatastoreThresholds()
    """When somebody should look; what is not given comes from the stack file."""


EXPORTER = "{system}-{datastore}-exporter"
"""The name of a datastore's exporter, which is that of a Kubernetes Service: at most 63 characters."""


class Catalogue(Model):
    """One system: its services and what they depend on."""

    system: Name
    """The system's name, a label on every series and alert of it."""

    namespace: Name
    """The Kubernetes namespace in which it runs; it exists before the platform does."""

    description: str = ""
    """What the system is, in one line."""

    services: dict[Name, Service]
    """Its services by name."""

    datastores: dict[Name, Datastore] = Field(default_factory=dict[Name, Datastore])
    """Its databases and caches by name."""
