"""The settings of one environment: the typed form of ``Pulumi.<env>.yaml``, without its secrets."""

from typing import Annotated

from pydantic import Field

from model.access import Access
from model.base import Model
from model.catalogue import Tier
from model.grafana import Grafana
from model.logs import KeyArn, Logs
from model.quantities import Cpu, Duration, EmailAddress, Name, Size, Text
from model.resources import Resources
from model.routing import Channel, Severity
from model.thresholds import DatastoreThresholds, NodeThresholds, ServiceThresholds
from model.traces import Traces

Url = Annotated[str, Text(r"https?://\S*[^/\s]", "a web address without a slash at its end")]

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
"""Where PagerDuty takes events, and wakes people."""

BLOCKS_SHARE = 0.8
"""The share of Prometheus' volume that its blocks may take: its log of recent samples and compaction need the rest
(prometheus.io/docs, storage, right-sizing: 80 to 85 %). Once they fill it, the oldest block is dropped."""


EBS_CLASS = "observability"
"""What the storage class of ``cluster.ebs`` is called. Always the same, as no claim can change the name of its class."""


class Ebs(Model):
    """A storage class of our own: encrypted gp3 volumes of AWS, in the zone of their pod, which can grow. Needs the EBS CSI driver."""

    kms_key: KeyArn | None = None
    """The key that encrypts them; the account's own key for EBS when absent."""


class Cluster(Model):
    """The Kubernetes cluster that the environment runs on."""

    name: Name
    """The ``cluster`` label of every series and alert, and the identity of the cluster towards the provider."""

    production: bool = False
    """Whether customers depend on it. Only such an environment may page people; in it every critical alert reaches somebody at any
    hour, and nothing leaves unencrypted."""

    context: str | None = None
    """The context of the kubeconfig; the current one when absent."""

    domain: str = "cluster.local"
    """The DNS domain of the cluster."""

    nodes: int = Field(default=3, ge=1)
    """About how many nodes it has; decides nothing but costs and capacity."""

    storage_class: Name | None = None
    """The storage class of all volumes, which the cluster has already; its default when ``ebs`` is absent too."""

    ebs: Ebs | None = None
    """Instead of it, a storage class that is made for the platform alone."""

    @property
    def volume_class(self) -> str | None:
        """The storage class of all volumes; None for the cluster's default."""
        return EBS_CLASS if self.ebs else self.storage_class

    keep_volumes: bool | None = None
    """Whether volumes and the namespace that holds them outlive the deletion of the platform; as ``production`` when absent."""

    @property
    def keeps_volumes(self) -> bool:
        """Whether volumes outlive the platform."""
        return self.production if self.keep_volumes is None else self.keep_volumes


class Prometheus(Model):
    """Metrics: how many servers, how often, for how long, on how much disk."""

    replicas: int = Field(default=1, ge=1, le=4)
    """Servers that each scrape everything."""

    scrape_interval: Duration = Duration("15s")
    """Time between two scrapes of a target."""

    retention: Duration = Duration("30d")
    """How long metrics are kept, as long as they fit the disk."""

    storage: Size = Size("20Gi")
    """The volume of each server; blocks may take 80 % of it."""

    resources: Resources = Resources(cpu=Cpu("200m"), memory=Size("1Gi"))

    @property
    def blocks_bytes(self) -> int:
        """How many bytes blocks may take."""
        return int(self.storage.bytes * BLOCKS_SHARE)


class Alertmanager(Model):
    """Notification: how many servers that share what was sent and silenced."""

    replicas: int = Field(default=1, ge=1, le=5)
    storage: Size = Size("1Gi")
    resources: Resources = Resources(cpu=Cpu("20m"), memory=Size("128Mi"))


class Exporters(Model):
    """What the exporters get, each of them."""

    node_exporter: Resources = Resources(cpu=Cpu("50m"), memory=Size("64Mi"))
    kube_state_metrics: Resources = Resources(cpu=Cpu("50m"), memory=Size("256Mi"))
    datastore: Resources = Resources(cpu=Cpu("20m"), memory=Size("64Mi"))


class Email(Model):
    """The mail server that notifications leave through."""

    smarthost: Annotated[str, Text(r"[^:\s]+:\d{1,5}", "the host and port of a mail server, such as smtp.example.org:587")]
    """``host:port`` of the server."""

    sender: EmailAddress
    """The address that mails come from."""

    username: str | None = None
    """The user to log in as, with the stack secret ``smtpPassword``; nobody logs in when absent."""

    require_tls: bool = True
    """Whether mails leave over an encrypted connection alone."""


class Notifications(Model):
    """By which channels this environment tells people; addresses are in ``configs/routing.yaml``, keys are stack secrets."""

    channels: dict[Severity, tuple[Channel, ...]]
    """The channels of each severity; at least one each."""

    working_hours: tuple[Severity, ...] = ()
    """Severities that wait for the working hours of whom they are for."""

    escalate_after: Duration | None = None
    """How long a critical alert may go on before the second line is told; never when absent. A silence stops it."""

    email: Email | None = None
    """The mail server; required where a severity uses ``email``."""

    pagerduty_url: Url = PAGERDUTY
    """Where pages are sent: PagerDuty's Events API v2, or what stands for it."""


class Thresholds(Model):
    """When alerts fire in this environment, where the catalogue does not say it."""

    services: ServiceThresholds = ServiceThresholds()
    """For all services."""

    tiers: dict[Tier, ServiceThresholds] = Field(default_factory=dict[Tier, ServiceThresholds])
    """For the services of a tier."""

    datastores: DatastoreThresholds = DatastoreThresholds()
    """For all databases and caches."""

    nodes: NodeThresholds = NodeThresholds()
    """For nodes and volumes."""


class Settings(Model):
    """One environment. Environments differ in these values and in nothing else."""

    cluster: Cluster
    catalogues: tuple[Name, ...] = Field(min_length=1)
    """Names of the files in ``configs/catalogues`` that this environment monitors."""

    notifications: Notifications
    runbooks_url: Url = "https://github.com/example/observability/blob/main/docs/runbooks"
    """Where the runbook pages are found; an alert's page is ``<runbooksUrl>/<alert name>.md``."""

    prometheus: Prometheus = Prometheus()
    alertmanager: Alertmanager = Alertmanager()
    grafana: Grafana = Grafana()
    access: Access | None = None
    """How people get in from outside the cluster; nobody does when absent."""

    exporters: Exporters = Exporters()
    thresholds: Thresholds = Thresholds()
    logs: Logs | None = None
    """Logs; none are collected when absent."""

    traces: Traces | None = None
    """Traces; none are taken in when absent."""

    accept: tuple[str, ...] = ()
    """Changes and facts that the guard refuses and that are meant all the same: the lines that it prints, word by word
    (docs/decisions/0013-change-guard.md). Each is about one change, and without effect once that is deployed."""

    budget: dict[Name, Annotated[float, Field(ge=0)]] = Field(default_factory=dict[Name, float])
    """Dollars a month by component (the label ``app.kubernetes.io/component``), which `make cost` sets beside its own figures."""
