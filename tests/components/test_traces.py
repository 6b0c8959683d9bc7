"""Traces: what both versions of Jaeger take, pods that reach the storage and show no password, links that lead somewhere."""

from dataclasses import replace
from typing import cast

import pytest
import yaml

from checks.leaks import canary, leak_findings
from checks.record import record_platform
from components.collector_config import KUBERNETES_ATTRIBUTES
from components.platform import documents
from components.provisioning import lines_of_trace, link_tags, metrics_of_span
from model.correlation import JAEGER_UID, LOKI_UID, PROMETHEUS_UID, SERVICE, SPAN_LABELS, TRACE_ID
from model.documents import each, mapping, read
from model.environment import Environment
from model.pipeline import FILE as PIPELINE
from model.traces import ExternalStorage
from tests.components.environments import NAMES, ROOT, environment, manifest, resources

STORAGE = ("extensions", "jaeger_storage", "backends", "*", "elasticsearch")
RETIRED = (
    # Refused by Jaeger 2.20 (internal/storage/elasticsearch/config/config_legacy.go), taken by 2.13.
    *(
        (*STORAGE, key)
        for key in ("use_aliases", "use_ilm", "span_read_alias", "span_write_alias", "service_read_alias", "service_write_alias")
    ),
    *((*STORAGE, "indices", "*", key) for key in ("date_layout", "rollover_frequency", "rotation")),
    # Jaeger 1, and the collector before metrics had readers.
    ("service", "telemetry", "metrics", "address"),
    ("exporters", "jaeger_storage_exporter", "queue", "queue_size"),
    ("extensions", "jaeger_query", "trace_storage"),
    ("extensions", "healthcheckv2", "grpc"),
)
"""Keys of ``jaeger.yaml`` that one of the two versions refuses or does not know."""


def document(name: str, path: str) -> dict[str, object]:
    return cast("dict[str, object]", yaml.safe_load(documents(environment(name))[path]))


def retired(content: object) -> list[str]:
    """The retired keys of a configuration."""
    return [key for path in RETIRED for key, _ in each(content, *path)]


@pytest.mark.parametrize("name", NAMES)
def test_no_key_is_retired(name: str) -> None:
    assert retired(document(name, "jaeger/jaeger.yaml")) == []


def test_a_retired_key_is_seen() -> None:
    rotation: dict[str, object] = {"rotation": "daily"}
    backend: dict[str, object] = {"use_ilm": True, "indices": {"spans": rotation}}
    old = {"extensions": {"jaeger_storage": {"backends": {"x": {"elasticsearch": backend}}}}}
    assert [key.rpartition(".")[2] for key in retired(old)] == ["use_ilm", "rotation"]


def storage(name: str) -> dict[str, object]:
    [(_, found)] = each(document(name, "jaeger/jaeger.yaml"), *STORAGE)
    return mapping(found)


@pytest.mark.parametrize(("name", "shards", "replicas"), [("dev", 1, 0), ("staging", 3, 1), ("prod", 3, 1)])
def test_indices_fit_the_nodes(name: str, shards: int, replicas: int) -> None:
    indices = mapping(storage(name)["indices"])
    assert set(indices) == {"spans", "services", "dependencies", "sampling"}
    assert all(value == {"shards": shards, "replicas": replicas} for value in indices.values())


def test_what_is_kept_is_found_and_written_in_portions_of_five_megabytes() -> None:
    assert storage("prod")["max_span_age"] == "96h"
    assert storage("prod")["bulk_processing"] == {"max_bytes": 5_000_000}


def test_the_ports_of_the_seed() -> None:
    ports = dict(service_ports("prod", "jaeger-query") | service_ports("prod", "jaeger-collector"))
    assert ports["http"] == 16686
    assert (ports["otlp-grpc"], ports["otlp-http"], ports["zipkin"], ports["sampling"]) == (4317, 4318, 9411, 5778)


def service_ports(name: str, service: str) -> set[tuple[str, int]]:
    listed = each(manifest(name, "Service", service), "spec", "ports", "*")
    return {(str(mapping(port)["name"]), cast("int", mapping(port)["port"])) for _, port in listed}


def test_roles_scale_apart_with_one_configuration() -> None:
    replicas = {name: mapping(manifest("prod", "Deployment", f"jaeger-{name}")["spec"])["replicas"] for name in ("collector", "query")}
    assert replicas == {"collector": 3, "query": 2}
    mounted = {
        str(value)
        for name in ("jaeger-collector", "jaeger-query")
        for _, value in each(manifest("prod", "Deployment", name), "spec", "template", "spec", "volumes", "*", "configMap", "name")
    }
    assert mounted == {"jaeger-collector-config", "trace-storage"}


def test_spans_are_acknowledged_once_they_are_on_disk() -> None:
    for name in NAMES:
        content = document(name, "collector/collector.yaml")
        exporter = mapping(mapping(content["exporters"])["otlp/jaeger"])
        queue = mapping(exporter["sending_queue"])
        assert queue["storage"] == "file_storage"
        assert mapping(exporter["retry_on_failure"])["max_elapsed_time"] == "0s"
        # A batch processor would say yes to spans that are in memory alone.
        assert not [key for key in mapping(content["processors"]) if key.startswith("batch")]


def test_one_collector_draws_the_graph_where_there_are_several() -> None:
    alone, several = (mapping(document(name, "collector/collector.yaml")["exporters"]) for name in ("dev", "prod"))
    assert "otlp/graph" not in alone
    assert mapping(several["otlp/graph"])["endpoint"] == "collector-0.collector-headless.observability.svc.cluster.local:4319"


def test_the_collector_may_look_at_pods_and_at_nothing_else() -> None:
    role = manifest("prod", "ClusterRole", "rbac-collector")
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


def test_only_nodes_that_must_agree_may_make_a_lease() -> None:
    role = manifest("prod", "Role", "rbac-elasticsearch-observability")
    assert role["rules"] == [{"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]}]
    assert not [resource for resource in resources("dev") if resource.name == "rbac-elasticsearch-observability"]
    path = ("spec", "template", "spec", "automountServiceAccountToken")
    tokens = {name: value for name in NAMES for _, value in each(manifest(name, "StatefulSet", "elasticsearch"), *path)}
    assert tokens == {"dev": False, "staging": True, "prod": True}


def test_nodes_never_share_a_machine() -> None:
    [(_, terms)] = each(
        manifest("prod", "StatefulSet", "elasticsearch"),
        *("spec", "template", "spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
    )
    assert [mapping(term)["topologyKey"] for term in cast("list[object]", terms)] == ["kubernetes.io/hostname"]


@pytest.mark.parametrize("name", NAMES)
def test_elasticsearch_has_tls_on_both_layers_and_half_of_its_memory_as_heap(name: str) -> None:
    content = document(name, "elasticsearch/elasticsearch.yml")
    assert content["xpack.security.enabled"] is True
    assert content["xpack.security.http.ssl.enabled"] is content["xpack.security.transport.ssl.enabled"] is True
    [(_, variables)] = each(manifest(name, "StatefulSet", "elasticsearch"), "spec", "template", "spec", "containers", "*", "env")
    values = {str(mapping(item)["name"]): str(mapping(item).get("value")) for item in cast("list[object]", variables)}
    settings = environment(name).settings.traces
    assert settings is not None
    assert settings.elasticsearch is not None
    half = settings.elasticsearch.resources.memory.bytes // 2**21
    assert values["ES_JAVA_OPTS"] == f"-Xms{half}m -Xmx{half}m"


def external(given: Environment) -> Environment:
    """The same environment with a storage that somebody else runs."""
    assert given.settings.traces is not None
    elsewhere = ExternalStorage(url="https://es.example.org:9243", username="jaeger")
    traces = given.settings.traces.model_copy(update={"elasticsearch": None, "external": elsewhere})
    return replace(given, settings=given.settings.model_copy(update={"traces": traces}))


def test_a_storage_of_somebody_else_is_one_setting() -> None:
    given = external(environment("prod"))
    made = record_platform(given, canary)
    assert not [resource.name for resource in made if resource.type.endswith(":StatefulSet") and resource.name == "elasticsearch"]
    [(_, found)] = each(yaml.safe_load(documents(given)["jaeger/jaeger.yaml"]), *STORAGE)
    assert mapping(found)["server_urls"] == ["https://es.example.org:9243"]
    assert "tls" not in mapping(found)
    assert leak_findings(made) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_password_is_in_one_secret_and_in_files_alone(name: str) -> None:
    assert leak_findings(resources(name)) == []
    holders = [resource.name for resource in resources(name) if canary("elasticsearchPassword") in str(resource.inputs)]
    assert holders == ["trace-storage"]


def test_without_traces_nothing_of_them_is_there() -> None:
    given = environment("prod")
    without = replace(given, settings=given.settings.model_copy(update={"traces": None}))
    assert not [path for path in documents(without) if path.startswith(("jaeger/", "collector/", "elasticsearch/", "trace-storage/"))]
    assert "Jaeger" not in documents(without)["grafana/datasources.yaml"]
    assert "derivedFields" not in documents(without)["grafana/datasources.yaml"]


def datasource(name: str) -> dict[str, object]:
    listed = [mapping(item) for _, item in each(document("prod", "grafana/datasources.yaml"), "datasources", "*")]
    return mapping(next(item for item in listed if item["name"] == name)["jsonData"])


def test_every_signal_leads_to_the_next() -> None:
    [exemplar] = cast("list[object]", datasource("Prometheus")["exemplarTraceIdDestinations"])
    assert exemplar == {"name": TRACE_ID, "datasourceUid": JAEGER_UID}
    fields = [mapping(item) for item in cast("list[object]", datasource("Loki")["derivedFields"])]
    assert {item["datasourceUid"] for item in fields} == {JAEGER_UID}
    assert mapping(datasource("Jaeger")["tracesToLogsV2"])["datasourceUid"] == LOKI_UID
    assert mapping(datasource("Jaeger")["tracesToMetrics"])["datasourceUid"] == PROMETHEUS_UID
    uids = {mapping(item)["uid"] for _, item in each(document("prod", "grafana/datasources.yaml"), "datasources", "*")}
    assert {JAEGER_UID, LOKI_UID, PROMETHEUS_UID} <= uids


def strays(tags: list[dict[str, object]]) -> set[str]:
    """Tags of links that the collector does not see to, so that a link would lead nowhere."""
    return {str(tag["key"]) for tag in tags} - {*KUBERNETES_ATTRIBUTES, *SPAN_LABELS}


def test_links_use_only_what_the_collector_sets_and_logs_and_metrics_have() -> None:
    assert strays(link_tags()) == set()
    labels = {str(tag["value"]) for tag in link_tags()}
    [(_, kept)] = each(read(ROOT, PIPELINE).content, "stages", "*", "keepLabels")
    assert labels <= set(cast("list[str]", kept))
    statements = mapping(mapping(document("prod", "collector/collector.yaml")["processors"])["transform/labels"])["metric_statements"]
    assert all(f'set(datapoint.attributes["{label}"]' in str(statements) for label in labels)
    assert SERVICE in labels


def test_a_link_by_what_nobody_sets_is_seen() -> None:
    assert strays([*link_tags(), {"key": "k8s.cluster.uid", "value": "cluster"}]) == {"k8s.cluster.uid"}


def test_dollars_survive_grafanas_own_expansion() -> None:
    for text in (
        str(lines_of_trace()["query"]),
        *(str(mapping(query)["query"]) for query in cast("list[object]", metrics_of_span()["queries"])),
    ):
        assert "$$" in text
        assert "$" not in text.replace("$$", "")
