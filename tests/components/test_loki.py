"""Loki's configuration follows from the settings of logs, and its pods reach the bucket without a key."""

from dataclasses import replace
from typing import cast

import pytest
import yaml

from checks.record import record_platform
from components.log_config import loki_config
from components.platform import documents, part
from model.documents import each, mapping
from model.environment import Environment
from model.logs import Logs
from tests.components.environments import NAMES, environment, manifest

RETIRED = (
    # Deleted or deprecated, by Loki's own list (tools/deprecated-config-checker of 3.7).
    *(
        "ingester.max_transfer_retries",
        "querier.engine.timeout",
        "query_range.split_queries_by_interval",
        "query_range.forward_headers_list",
    ),
    *("frontend_worker.parallelism", "frontend_worker.match_max_concurrent", "chunk_store_config.max_look_back_period"),
    *("storage_config.tsdb_shipper.shared_store", "storage_config.tsdb_shipper.shared_store_key_prefix"),
    *("compactor.deletion_mode", "compactor.shared_store", "compactor.shared_store_key_prefix", "legacy-read-mode"),
    *("limits_config.ruler_evaluation_delay_duration", "limits_config.enforce_metric_name", "limits_config.unordered_writes"),
    *("limits_config.per_tenant_override_config", "limits_config.per_tenant_override_period", "limits_config.allow_deletes"),
    *("index_gateway.ring.replication_factor", "chunk_store_config.write_dedupe_cache_config", "server.grpc_server_stats_tracking_enabled"),
    *("storage_config.bigtable", "storage_config.cassandra", "storage_config.boltdb", "storage_config.grpc_store"),
    # Before tsdb, and the clients before those of Thanos.
    *("storage_config.boltdb_shipper", "storage_config.aws", "storage_config.s3", "common.storage", "ruler.storage", "table_manager"),
    # Left over in a period, which 4.0 refuses.
    *("schema_config.configs.*.row_shards", "schema_config.configs.*.chunks", "schema_config.configs.*.index.tags"),
)
"""Keys of Loki that are deprecated in 3.7 or gone in 4.0."""


def retired(document: object) -> list[str]:
    """The retired keys of a configuration."""
    return [key for path in RETIRED for key, _ in each(document, *path.split("."))]


def logs_of(name: str) -> Logs:
    found = environment(name).settings.logs
    assert found is not None
    return found


def config(name: str, **changes: object) -> dict[str, object]:
    logs = logs_of(name).model_copy(update=changes)
    given = environment(name)
    return loki_config(logs, given.log_schema, part(given, "loki"), domain="cluster.local", cluster_label="x")


@pytest.mark.parametrize("name", NAMES)
def test_no_key_is_deprecated(name: str) -> None:
    assert retired(yaml.safe_load(documents(environment(name))["loki/loki.yaml"])) == []


def test_a_deprecated_key_is_seen() -> None:
    old: dict[str, object] = {"storage_config": {"tsdb_shipper": {"shared_store": "s3"}}, "schema_config": {"configs": [{"chunks": {}}]}}
    assert retired(old) == ["storage_config.tsdb_shipper.shared_store", "schema_config.configs[0].chunks"]


def test_one_retention_for_the_compactor_the_streams_and_the_queries() -> None:
    limits = mapping(config("prod")["limits_config"])
    assert limits["retention_period"] == "30d"
    assert limits["retention_stream"] == [{"selector": '{service="auth"}', "priority": 1, "period": "90d"}]
    assert limits["max_query_length"] == "2161h"
    compactor = mapping(config("prod")["compactor"])
    assert (compactor["retention_enabled"], compactor["retention_delete_delay"], compactor["delete_request_store"]) == (True, "2h", "s3")
    assert compactor["deletion_marker_object_store_prefix"]


def test_the_limits_of_the_seed() -> None:
    whole = config("prod")
    limits = mapping(whole["limits_config"])
    assert (limits["per_stream_rate_limit"], limits["max_entries_limit_per_query"]) == ("5MB", 10_000)
    assert mapping(whole["compactor"])["compaction_interval"] == "10m"
    [(_, size)] = each(whole, "query_range", "results_cache", "cache", "embedded_cache", "max_size_mb")
    assert size == 512
    assert whole["analytics"] == {"reporting_enabled": False}


@pytest.mark.parametrize(("name", "alertmanagers"), [("dev", 1), ("staging", 3), ("prod", 3)])
def test_each_rule_is_evaluated_once_and_every_alertmanager_is_told(name: str, alertmanagers: int) -> None:
    whole = mapping(yaml.safe_load(documents(environment(name))["loki/loki.yaml"]))
    ruler = mapping(whole["ruler"])
    assert ruler["enable_sharding"] is True
    assert str(ruler["alertmanager_url"]).split(",") == [
        f"http://alertmanager-{replica}.alertmanager-headless.observability.svc.cluster.local:9093" for replica in range(alertmanagers)
    ]
    assert ruler["external_labels"] == {"cluster": environment(name).settings.cluster.name, "env": name}


def test_rules_are_read_from_the_folder_of_the_tenant_and_restart_nothing() -> None:
    given = environment("prod")
    loki = manifest("prod", "StatefulSet", "loki")
    mounts = {
        str(mapping(mount)["name"]): mapping(mount)["mountPath"]
        for _, mount in each(loki, "spec", "template", "spec", "containers", "*", "volumeMounts", "*")
    }
    [(_, folder)] = each(yaml.safe_load(documents(given)["loki/loki.yaml"]), "ruler_storage", "local", "directory")
    assert mounts["rules"] == f"{folder}/fake"
    changed = record_platform(replace(given, log_rule_files={"other.yaml": "groups: []"}))
    [after] = [resource.manifest for resource in changed if resource.type.endswith(":StatefulSet") and resource.name == "loki"]
    assert after == loki


def test_s3_is_that_of_aws_unless_the_settings_say_otherwise() -> None:
    [(_, aws)] = each(config("prod"), "storage_config", "object_store", "s3")
    assert mapping(aws) == {
        "bucket_name": "dharma-observability-logs-prod",
        "region": "eu-central-1",
        "endpoint": "s3.eu-central-1.amazonaws.com",
    }
    [(_, own)] = each(config("dev"), "storage_config", "object_store", "s3")
    assert (mapping(own)["endpoint"], mapping(own)["insecure"]) == ("s3.sandbox.svc.cluster.local:5000", True)


@pytest.mark.parametrize(("name", "replicas"), [("dev", 1), ("staging", 3), ("prod", 3)])
def test_servers_and_copies(name: str, replicas: int) -> None:
    assert mapping(manifest(name, "StatefulSet", "loki")["spec"])["replicas"] == replicas
    assert mapping(config(name)["common"])["replication_factor"] == replicas


def test_pods_hold_a_token_for_aws_and_no_key() -> None:
    template = manifest("prod", "StatefulSet", "loki")
    [(_, environment_variables)] = each(template, "spec", "template", "spec", "containers", "*", "env")
    values = {str(mapping(item)["name"]): mapping(item).get("value") for item in cast("list[object]", environment_variables)}
    assert values["AWS_ROLE_ARN"] == "arn:aws:iam::123456789012:role/observability-prod-loki"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & set(values)
    [(_, token)] = each(template, "spec", "template", "spec", "volumes", "*", "projected", "sources", "*", "serviceAccountToken")
    assert mapping(token)["audience"] == "sts.amazonaws.com"


def without_logs(given: Environment) -> Environment:
    return replace(given, settings=given.settings.model_copy(update={"logs": None}))


def test_without_logs_nothing_of_them_is_there() -> None:
    given = without_logs(environment("prod"))
    assert not [path for path in documents(given) if path.startswith(("loki/", "promtail/", "alloy/"))]
    assert "Loki" not in documents(given)["grafana/datasources.yaml"]
    made = record_platform(given)
    assert not [resource.name for resource in made if resource.type.startswith("aws:") or resource.name.startswith("loki")]


@pytest.mark.parametrize("name", NAMES)
def test_its_scratch_files_are_where_it_may_write(name: str) -> None:
    """The compactor deletes nothing without them; test_log_retention.py shows that it does with them."""
    container = ("spec", "template", "spec", "containers", "*")
    server = manifest(name, "StatefulSet", "loki")
    variables = {mapping(item)["name"]: mapping(item).get("value") for _, item in each(server, *container, "env", "*")}
    mounts = [mapping(item) for _, item in each(server, *container, "volumeMounts", "*")]
    assert variables["TMPDIR"] in [item["mountPath"] for item in mounts if not item.get("readOnly")]
