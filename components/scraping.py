"""What Prometheus scrapes, as ``prometheus.yml`` says it: the catalogues' services, annotated pods, the cluster and the platform itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from components.documents import Document
from model.catalogue import Catalogue, Service
from model.environment import Environment
from model.quantities import Duration
from model.settings import Prometheus

RULES_FOLDER = "/etc/prometheus/rules"
"""Where the pods find the rule files."""

_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_GREATEST_TIMEOUT = Duration("10s")

_SERVICE = "__meta_kubernetes_service_name"
_PORT = "__meta_kubernetes_endpointslice_port_name"
_SCRAPED = "__meta_kubernetes_pod_annotation_prometheus_io_scrape"

_APISERVER_NOISE = "(apiserver|etcd|workqueue|rest_client)_.*_bucket"
"""Histograms of the API server: more series than all else together, and no rule uses them."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Something that Prometheus finds through a Service: it talks to every pod behind it."""

    job: str
    """The ``job`` label of its series."""

    namespace: str
    """Where the Service is."""

    service: str
    """The Service's name."""

    port: str
    """The name of the port."""

    scrape: str = ""
    """The name of the scrape job; the ``job`` label when empty."""

    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """More labels of all its series."""

    honor_labels: bool = False
    """Whether its own labels win: it reports about other things than itself."""

    node_label: bool = False
    """Whether its series are about the node that it runs on, and so name it."""


def prometheus_config(environment: Environment, targets: Sequence[Target], alertmanager: Target) -> Document:
    """``prometheus.yml`` of an environment, with the parts of the platform as ``targets``, sending alerts to ``alertmanager``."""
    settings = environment.settings
    interval = settings.prometheus.scrape_interval
    return {
        "global": {
            "scrape_interval": str(interval),
            "scrape_timeout": str(min(interval, _GREATEST_TIMEOUT, key=lambda duration: duration.seconds)),
            "evaluation_interval": str(interval),
            "external_labels": {"cluster": settings.cluster.name, "env": environment.name, "replica": "${POD_NAME}"},
            # Limits of every job: one broken target must not take everything down. Jobs that are bigger by nature say so.
            **limits(samples=20_000, targets=500, body="20MB"),
            "label_limit": 60,
            "label_name_length_limit": 200,
            "label_value_length_limit": 2000,
            "keep_dropped_targets": 50,
        },
        "storage": {"tsdb": {"retention": {"time": str(settings.prometheus.retention), "size": retention_size(settings.prometheus)}}},
        "rule_files": [f"{RULES_FOLDER}/*.yaml"],
        "alerting": {
            # Replicas differ by this label alone; without it Alertmanager sees that both send the same alert.
            "alert_relabel_configs": [{"action": "labeldrop", "regex": "replica"}],
            "alertmanagers": [
                {
                    "kubernetes_sd_configs": [discovery("endpointslice", alertmanager.namespace)],
                    "relabel_configs": [keep((_SERVICE, _PORT), (alertmanager.service, alertmanager.port))],
                }
            ],
        },
        "scrape_configs": [
            *(
                service_job(catalogue, name, service)
                for catalogue in environment.catalogues
                for name, service in catalogue.services.items()
            ),
            *(pods_job(catalogue) for catalogue in environment.catalogues),
            *(target_job(target) for target in targets),
            *node_jobs(),
            apiserver_job(),
        ],
    }


def limits(*, samples: int, targets: int, body: str) -> Document:
    """How much a job may bring: samples of one scrape, targets, and bytes of one answer before compression."""
    return {"sample_limit": samples, "target_limit": targets, "body_size_limit": body}


def retention_size(settings: Prometheus) -> str:
    """What blocks may take, as Prometheus writes it: its ``MB`` are of 2**20 bytes."""
    return f"{settings.blocks_bytes // 2**20}MB"


def service_job(catalogue: Catalogue, name: str, service: Service) -> Document:
    """One service of a catalogue: every pod behind its Service, with all that routing and rules want to know about it."""
    labels = {"system": catalogue.system, "service": name, "team": service.team, "tier": service.tier}
    return {
        "job_name": f"{catalogue.system}/{name}",
        "metrics_path": service.metrics_path,
        **({"scrape_native_histograms": True} if service.signals.histogram == "native" else {}),
        "kubernetes_sd_configs": [discovery("endpointslice", catalogue.namespace)],
        "relabel_configs": [keep((_SERVICE, _PORT), (name, "http")), *constants(labels), *pod_labels()],
    }


def pods_job(catalogue: Catalogue) -> Document:
    """Pods of a system that ask to be scraped by annotation, besides the services that the catalogue declares."""
    return {
        "job_name": f"{catalogue.system}/pods",
        "kubernetes_sd_configs": [discovery("pod", catalogue.namespace)],
        "relabel_configs": [
            keep((_SCRAPED,), ("true",)),
            {
                "source_labels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"],
                "regex": any_of(catalogue.services),
                "action": "drop",
            },
            keep(("__meta_kubernetes_pod_phase", "__meta_kubernetes_pod_container_init"), ("Running", "false")),
            {"source_labels": ["__meta_kubernetes_pod_annotation_prometheus_io_path"], "regex": "(.+)", "target_label": "__metrics_path__"},
            {
                "source_labels": ["__address__", "__meta_kubernetes_pod_annotation_prometheus_io_port"],
                "regex": r"(.+?)(?::\d+)?;(\d+)",
                "replacement": "$1:$2",
                "target_label": "__address__",
            },
            *constants({"system": catalogue.system}),
            *pod_labels(),
        ],
    }


def target_job(target: Target) -> Document:
    """A part of the platform or of the cluster."""
    job: Document = {"job_name": target.scrape or target.job}
    if target.honor_labels:
        job |= {"honor_labels": True, **limits(samples=200_000, targets=10, body="200MB")}
    return job | {
        "kubernetes_sd_configs": [discovery("endpointslice", target.namespace)],
        "relabel_configs": [
            keep((_SERVICE, _PORT), (target.service, target.port)),
            *constants({"job": target.job, **target.labels}),
            *pod_labels(),
            *([{"source_labels": ["__meta_kubernetes_pod_node_name"], "target_label": "node"}] if target.node_label else []),
        ],
    }


def node_jobs() -> list[Document]:
    """Each node's kubelet, and the containers that it runs."""
    node = [{"source_labels": ["__meta_kubernetes_node_name"], "target_label": "node"}]
    kubernetes = {**over_tls(), "kubernetes_sd_configs": [{"role": "node"}], "relabel_configs": node}
    return [
        {"job_name": "kubelet", **kubernetes},
        {
            "job_name": "cadvisor",
            "metrics_path": "/metrics/cadvisor",
            **limits(samples=100_000, targets=500, body="100MB"),
            **kubernetes,
            # Sums over whole cgroups, not over containers: they would be counted twice.
            "metric_relabel_configs": [{"source_labels": ["__name__", "container", "pod"], "regex": "container_.*;;", "action": "drop"}],
        },
    ]


def apiserver_job() -> Document:
    """The Kubernetes API servers."""
    return {
        "job_name": "apiserver",
        **limits(samples=200_000, targets=10, body="200MB"),
        **over_tls(server_name="kubernetes.default.svc"),
        "kubernetes_sd_configs": [discovery("endpointslice", "default")],
        "relabel_configs": [keep((_SERVICE, _PORT), ("kubernetes", "https"))],
        "metric_relabel_configs": [{"source_labels": ["__name__"], "regex": _APISERVER_NOISE, "action": "drop"}],
    }


def over_tls(server_name: str | None = None) -> Document:
    """Reach the cluster's own parts: with our token, and only if their certificate is the cluster's."""
    tls = {"ca_file": f"{_ACCOUNT}/ca.crt"} | ({"server_name": server_name} if server_name else {})
    return {"scheme": "https", "tls_config": tls, "authorization": {"credentials_file": f"{_ACCOUNT}/token"}}


def discovery(role: str, namespace: str) -> Document:
    """Kubernetes discovery within one namespace; jobs of one namespace share one watch."""
    return {"role": role, "namespaces": {"names": [namespace]}}


def keep(labels: Sequence[str], values: Sequence[str]) -> Document:
    """Keep only targets whose labels have just these values."""
    return {"source_labels": list(labels), "regex": ";".join(values), "action": "keep"}


def constants(labels: Mapping[str, str]) -> list[Document]:
    """Give all targets of a job the same labels."""
    return [{"target_label": label, "replacement": value} for label, value in labels.items()]


def pod_labels() -> list[Document]:
    """Say which pod a target is."""
    return [
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
    ]


def any_of(names: Iterable[str]) -> str:
    """A pattern that matches each of some names."""
    return "|".join(sorted(names))
