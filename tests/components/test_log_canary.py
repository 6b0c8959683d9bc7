"""The canary finds its lines where the pipeline puts them, and needs no rights."""

import re
from typing import cast

import pytest

from checks.record import record_platform
from components.platform import documents
from model.documents import each
from tests.components.environments import NAMES, environment, manifest
from tests.components.test_log_agent import without_logs

POD = ("spec", "template", "spec")


def arguments(name: str) -> dict[str, str]:
    """The canary's command line by flag."""
    [(_, words)] = each(manifest(name, "Deployment", "log-canary"), *POD, "containers", "*", "args")
    return dict(word.removeprefix("-").split("=", 1) for word in cast("list[str]", words))


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_for_its_own_lines_by_labels_that_the_pipeline_keeps(name: str) -> None:
    given = arguments(name)
    stages = environment(name).pipeline.stages
    kept = {label for stage in stages for label in stage.keep_labels or ()}
    metadata = {label for stage in stages for label in stage.metadata or ()}
    assert {given["labelname"], given["streamname"]} <= kept
    assert re.fullmatch(r"\| (\w+) = `\$\(POD_NAME\)`", given["query-append"])
    assert given["query-append"].split()[1] in metadata
    [(_, program)] = each(manifest(name, "Deployment", "log-canary"), "spec", "template", "metadata", "labels", "app.kubernetes.io/name")
    assert (given["labelvalue"], given["streamvalue"]) == (program, "stdout")


@pytest.mark.parametrize("name", NAMES)
def test_it_asks_loki_where_loki_answers_and_gets_no_token(name: str) -> None:
    assert arguments(name)["addr"] == "loki.observability.svc.cluster.local:3100"
    deployment = manifest(name, "Deployment", "log-canary")
    assert [value for _, value in each(deployment, *POD, "automountServiceAccountToken")] == [False]
    assert [value for _, value in each(deployment, "spec", "strategy", "type")] == ["Recreate"]


def test_without_logs_there_is_no_canary() -> None:
    assert not [resource.name for resource in record_platform(without_logs("prod")) if "canary" in resource.name]
    assert "canary" not in documents(without_logs("prod"))["prometheus/prometheus.yml"]
