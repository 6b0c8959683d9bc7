"""The platform as a whole: which parts there are, what they are called, and who talks to whom. No other file knows that."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions

from components import alertmanager, grafana, log_agent, log_config, prometheus, traces
from components.access import WebAccess, access_args
from components.alertmanager import Alertmanager, AlertmanagerArgs
from components.base import OWNER, Component, Identity
from components.datastore_exporters import DatastoreExporter, exporter_args, store_target, stores
from components.documents import under
from components.grafana import Grafana, GrafanaArgs
from components.grafana_config import folder_provider, grafana_files
from components.kube_state_metrics import KubeStateMetrics, KubeStateMetricsArgs
from components.log_agent import LogAgent, LogAgentArgs
from components.log_canary import LogCanary, LogCanaryArgs
from components.log_documents import agent_documents, loki_documents
from components.log_storage import LogStorage, LogStorageArgs, role_arn
from components.loki import Loki, LokiArgs
from components.namespaces import Namespaces, NamespacesArgs
from components.node_exporter import NodeExporter, NodeExporterArgs
from components.notification import alertmanager_config, message_templates, secret_files
from components.prometheus import Prometheus, PrometheusArgs
from components.provisioning import datasources
from components.rbac import Rbac, RbacArgs
from components.scraping import Target, prometheus_config
from components.traces import Traces, TracesArgs
from components.volume_class import VolumeClass, VolumeClassArgs
from dashboards.library import dashboards
from model.alert_links import with_dashboards
from model.documents import to_yaml
from model.environment import Environment
from model.logs import Logs
from model.namespaces import AGENTS_NAMESPACE, NAMESPACE
from model.secrets import grafana_secrets
from model.versions import image_version

_ROLES = {
    "prometheus": "metrics",
    "alertmanager": "alerting",
    "grafana": "dashboards",
    "kube-state-metrics": "exporter",
    "node-exporter": "exporter",
    "loki": "logs",
    "loki-canary": "logs",
    "promtail": "logs",
    "alloy": "logs",
}
_PORTS = {"prometheus": prometheus.PORT, "alertmanager": alertmanager.PORT, "grafana": grafana.PORT}


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """What the platform is made from."""

    environment: Environment
    """The settings, catalogues and rules of one environment."""

    secrets: Mapping[str, Output[str]]
    """The values of the environment's secrets by key: those that ``model.secrets.required`` lists."""


class Platform(Component):
    """The observability platform of one environment."""

    urls: Mapping[str, str]
    """Where its web pages and APIs answer inside the cluster, by part."""

    def __init__(self, name: str, args: PlatformArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Platform", name, opts)
        environment, exporters = args.environment, args.environment.settings.exporters
        files = documents(environment)
        keep = environment.settings.cluster.keeps_volumes
        namespaces = Namespaces("namespaces", NamespacesArgs(platform=NAMESPACE, agents=AGENTS_NAMESPACE, keep=keep), self.child())
        rbac = Rbac("rbac", rbac_args(environment), self.child(after=[namespaces]))
        base: list[Component] = [namespaces, rbac]
        if volumes := volume_class_args(environment):
            base.append(VolumeClass("volume-class", volumes, self.child()))
        Prometheus("prometheus", prometheus_args(environment, files), self.child(after=base))
        Alertmanager("alertmanager", alertmanager_args(environment, files, args.secrets), self.child(after=base))
        pages: list[Component] = [Grafana("grafana", grafana_args(environment, files, args.secrets), self.child(after=base))]
        NodeExporter(
            "node-exporter",
            NodeExporterArgs(
                identity=part(environment, "node-exporter"),
                image=environment.images["node-exporter"],
                resources=exporters.node_exporter,
            ),
            self.child(after=base),
        )
        KubeStateMetrics(
            "kube-state-metrics",
            KubeStateMetricsArgs(
                identity=part(environment, "kube-state-metrics"),
                image=environment.images["kube-state-metrics"],
                resources=exporters.kube_state_metrics,
            ),
            self.child(after=base),
        )
        for store in stores(environment):
            DatastoreExporter(store.exporter.name, exporter_args(environment, store, args.secrets), self.child(after=base))
        if logs := environment.settings.logs:
            storage = LogStorage("log-storage", storage_args(environment, logs), self.child())
            Loki("loki", loki_args(environment, logs, files), self.child(after=[*base, storage]))
            LogCanary("log-canary", canary_args(environment, logs), self.child(after=base))
        if agent := agent_args(environment, files):
            LogAgent(agent.identity.name, agent, self.child(after=base))
        if spans := traces_args(environment, files, args.secrets):
            pages.append(Traces("traces", spans, self.child(after=base)))
        if way_in := access_args(environment, NAMESPACE, args.secrets):
            WebAccess("access", way_in, self.child(after=pages))
        self.urls = urls(environment)
        self.register_outputs({"urls": self.urls})


def part(environment: Environment, name: str) -> Identity:
    """Who a part of the platform is."""
    namespace = AGENTS_NAMESPACE if name in ("node-exporter", *log_agent.PROGRAMS) else NAMESPACE
    return Identity(name=name, namespace=namespace, program=name, role=_ROLES[name], version=image_version(environment.images[name]))


def parts(environment: Environment) -> tuple[Identity, ...]:
    """The parts that an environment has, without the exporters of its datastores."""
    logs = environment.settings.logs
    absent = set[str]() if logs else {"loki", "loki-canary"}
    absent |= set(log_agent.PROGRAMS) - ({logs.agent.program} if logs else set[str]())
    return (*(part(environment, name) for name in _ROLES if name not in absent), *traces.parts(environment, NAMESPACE))


def log_agent_of(environment: Environment) -> Identity | None:
    """Who reads the containers' lines, where logs are wanted."""
    logs = environment.settings.logs
    return part(environment, logs.agent.program) if logs else None


def urls(environment: Environment) -> dict[str, str]:
    """Where the parts that people use answer inside the cluster."""
    domain = f"{NAMESPACE}.svc.{environment.settings.cluster.domain}"
    ports = _PORTS | ({"loki": log_config.PORT} if environment.settings.logs else {})
    return {name: f"http://{name}.{domain}:{port}" for name, port in ports.items()} | traces.urls(environment, NAMESPACE)


def alertmanager_urls(environment: Environment) -> list[str]:
    """Each Alertmanager by itself: they agree among each other on who tells people, but every one must know."""
    zone = f"alertmanager-headless.{NAMESPACE}.svc.{environment.settings.cluster.domain}:{alertmanager.PORT}"
    return [f"http://alertmanager-{replica}.{zone}" for replica in range(environment.settings.alertmanager.replicas)]


def targets(environment: Environment) -> tuple[Target, ...]:
    """What Prometheus scrapes besides the catalogues' services and the cluster's nodes."""
    agent, traced = log_agent_of(environment), traces.urls(environment, NAMESPACE)
    return (
        *(Target(job=name, namespace=NAMESPACE, service=name, port="http") for name in urls(environment) if name not in traced),
        *traces.targets(environment, NAMESPACE),
        Target(job="kube-state-metrics", namespace=NAMESPACE, service="kube-state-metrics", port="metrics", honor_labels=True),
        Target(job="node-exporter", namespace=AGENTS_NAMESPACE, service="node-exporter", port="metrics", node_label=True),
        *([Target(job=agent.name, namespace=agent.namespace, service=agent.name, port="metrics", node_label=True)] if agent else []),
        *([Target(job="loki-canary", namespace=NAMESPACE, service="loki-canary", port="metrics")] if environment.settings.logs else []),
        Target(job="coredns", namespace="kube-system", service="kube-dns", port="metrics"),
        *(store_target(store) for store in stores(environment)),
    )


def documents(environment: Environment) -> dict[str, str]:
    """Every document of the platform by path: what is rendered and checked, and what the components put into the cluster."""
    address = urls(environment)
    sources = datasources(
        prometheus=address["prometheus"],
        alertmanager=address["alertmanager"],
        loki=address.get("loki"),
        jaeger=address.get("jaeger-query"),
        scrape_interval=str(environment.settings.prometheus.scrape_interval),
    )
    receiver = Target(job="alertmanager", namespace=NAMESPACE, service="alertmanager", port="http")
    templates = message_templates(environment, dashboards=grafana_url(environment))
    return {
        "prometheus/prometheus.yml": to_yaml(prometheus_config(environment, targets(environment), receiver)),
        **{f"prometheus/rules/{name}": text for name, text in alert_files(environment).items()},
        "alertmanager/alertmanager.yml": to_yaml(alertmanager_config(environment)),
        **{f"alertmanager/templates/{name}": text for name, text in templates.items()},
        "grafana/datasources.yaml": to_yaml(sources),
        **grafana_documents(environment),
        **log_documents(environment),
        **traces.documents(environment, NAMESPACE),
    }


def alert_files(environment: Environment) -> dict[str, str]:
    """The rule files as Prometheus gets them."""
    return with_dashboards(environment.rule_files, grafana_url(environment))


def grafana_url(environment: Environment) -> str:
    """Where people open Grafana."""
    return environment.settings.grafana.url or urls(environment)["grafana"]


def grafana_documents(environment: Environment) -> dict[str, str]:
    """What Grafana is configured with, and its dashboards."""
    boards = dashboards(environment)
    folders = dict(sorted((board.folder.name, board.folder.title) for board in boards))
    return {
        **{f"grafana/{name}": text for name, text in grafana_files(environment.settings.grafana, url=grafana_url(environment)).items()},
        "grafana/dashboards.yaml": to_yaml(folder_provider(list(folders.items()))),
        **{f"grafana/dashboards/{board.uid}.json": board.json for board in boards},
    }


def log_documents(environment: Environment) -> dict[str, str]:
    """What Loki and the log agent are configured with, where they are wanted."""
    logs, addresses = environment.settings.logs, urls(environment) | {"grafana": grafana_url(environment)}
    if not logs:
        return {}
    loki = part(environment, "loki")
    return {
        **loki_documents(environment, logs, loki, alertmanagers=alertmanager_urls(environment), addresses=addresses),
        **agent_documents(environment, logs, addresses=addresses),
    }


def rbac_args(environment: Environment) -> RbacArgs:
    """Who exists, and where Prometheus may look: our namespaces, those of the catalogues, CoreDNS' and the API server's."""
    systems = {catalogue.namespace for catalogue in environment.catalogues}
    tracing = {identity.name: identity for identity in traces.parts(environment, NAMESPACE)}
    return RbacArgs(
        accounts=[*parts(environment), *(store.exporter for store in stores(environment))],
        prometheus=part(environment, "prometheus"),
        discovered=sorted({NAMESPACE, AGENTS_NAMESPACE, "default", "kube-system", *systems}),
        kube_state_metrics=part(environment, "kube-state-metrics"),
        pod_readers=[reader for reader in (log_agent_of(environment), tracing.get("collector")) if reader],
        elasticsearch=tracing.get("elasticsearch") if traces.founds_cluster(environment) else None,
    )


def volume_class_args(environment: Environment) -> VolumeClassArgs | None:
    """The storage class of the platform's own, where one is wanted; in production a volume outlives its claim."""
    cluster = environment.settings.cluster
    return VolumeClassArgs(settings=cluster.ebs, retain=cluster.keeps_volumes) if cluster.ebs else None


def prometheus_args(environment: Environment, files: Mapping[str, str]) -> PrometheusArgs:
    """Prometheus with its configuration and rules."""
    return PrometheusArgs(
        identity=part(environment, "prometheus"),
        image=environment.images["prometheus"],
        settings=environment.settings.prometheus,
        storage_class=environment.settings.cluster.volume_class,
        url=urls(environment)["prometheus"],
        config=under("prometheus", files),
        rules=under("prometheus/rules", files),
    )


def alertmanager_args(environment: Environment, files: Mapping[str, str], secrets: Mapping[str, Output[str]]) -> AlertmanagerArgs:
    """Alertmanager with its routing tree, its templates, and the secrets of the channels that this environment uses."""
    cluster = environment.settings.cluster
    return AlertmanagerArgs(
        identity=part(environment, "alertmanager"),
        image=environment.images["alertmanager"],
        settings=environment.settings.alertmanager,
        storage_class=cluster.volume_class,
        url=urls(environment)["alertmanager"],
        domain=cluster.domain,
        cluster_label=f"{cluster.name}-{environment.name}",
        config=under("alertmanager", files),
        templates=under("alertmanager/templates", files),
        secrets={key: secrets[key] for key in secret_files(environment)},
    )


def grafana_args(environment: Environment, files: Mapping[str, str], secrets: Mapping[str, Output[str]]) -> GrafanaArgs:
    """Grafana with its datasources, its dashboards and its secrets."""
    folders: dict[str, dict[str, str]] = {}
    for board in dashboards(environment):
        folders.setdefault(board.folder.name, {})[f"{board.uid}.json"] = board.json
    return GrafanaArgs(
        identity=part(environment, "grafana"),
        image=environment.images["grafana"],
        settings=environment.settings.grafana,
        storage_class=environment.settings.cluster.volume_class,
        keep=environment.settings.cluster.keeps_volumes,
        url=grafana_url(environment),
        config=under("grafana", files),
        dashboards=dict(sorted(folders.items())),
        secrets={key: secrets[key] for key in grafana_secrets(environment.settings.grafana)},
    )


def storage_args(environment: Environment, logs: Logs) -> LogStorageArgs:
    """The bucket of the logs, for Loki alone."""
    return LogStorageArgs(settings=logs, account=part(environment, "loki"), role=storage_role(environment), environment=environment.name)


def storage_role(environment: Environment) -> str:
    """The name of the IAM role of Loki, within an account that other environments may share."""
    return f"{OWNER}-{environment.name}-loki"


def loki_args(environment: Environment, logs: Logs, files: Mapping[str, str]) -> LokiArgs:
    """Loki with its configuration and its way into the bucket."""
    return LokiArgs(
        identity=part(environment, "loki"),
        image=environment.images["loki"],
        settings=logs,
        storage_class=environment.settings.cluster.volume_class,
        url=urls(environment)["loki"],
        role=role_arn(logs.bucket, storage_role(environment)) if logs.bucket.oidc_provider else None,
        config=under("loki", files),
        rules=under("loki/rules", files),
    )


def canary_args(environment: Environment, logs: Logs) -> LogCanaryArgs:
    """The canary, which looks for its lines in Loki."""
    return LogCanaryArgs(
        identity=part(environment, "loki-canary"),
        image=environment.images["loki-canary"],
        resources=logs.canary,
        loki=urls(environment)["loki"].partition("://")[2],
    )


def agent_args(environment: Environment, files: Mapping[str, str]) -> LogAgentArgs | None:
    """The log agent, where logs are wanted."""
    logs, identity = environment.settings.logs, log_agent_of(environment)
    if not (logs and identity):
        return None
    return LogAgentArgs(
        identity=identity,
        image=environment.images[identity.name],
        resources=logs.agent.resources,
        # Nothing but the containers' lines, where nothing else is wanted.
        lines="/var/log" if logs.agent.host_files else "/var/log/pods",
        config=under(identity.name, files),
    )


def traces_args(environment: Environment, files: Mapping[str, str], secrets: Mapping[str, Output[str]]) -> TracesArgs | None:
    """All that has to do with traces, where they are wanted."""
    settings = environment.settings.traces
    if not settings:
        return None
    return TracesArgs(environment=environment, settings=settings, namespace=NAMESPACE, files=files, secrets=secrets)
