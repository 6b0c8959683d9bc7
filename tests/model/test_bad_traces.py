"""Mistakes in the settings of traces, each of which would lose some, or a password, or keep Elasticsearch from starting."""

from pathlib import Path

import pytest

from model.environment import load
from model.stack import PROJECT
from tests.model.breaking import DEV, DHARMA, DURATION, GATEWAY, REMOVED, complaints, put

TRACES = ("config", f"{PROJECT}:traces")
NODES = (*TRACES, "elasticsearch")
EXTERNAL = {"url": "https://es.example.org", "username": "jaeger"}
PERCENT = "a share from 0% to 100% with its per cent sign, such as 99.9%"

MISTAKES: dict[str, tuple[tuple[str, ...], object, str]] = {
    "retention below a day": (
        (*TRACES, "retention"),
        "12h",
        "retention: '12h' was given; allowed: 1d or longer: traces are deleted by whole days",
    ),
    "retention without a unit": ((*TRACES, "retention"), "3", f"retention: '3' was given; allowed: {DURATION}"),
    "a heap above half of the memory": (
        (*NODES, "heap"),
        "768Mi",
        "elasticsearch.heap: '768Mi' was given; allowed: at most 512Mi: half of resources.memory (1Gi)",
    ),
    "two nodes": (
        (*NODES, "replicas"),
        2,
        "elasticsearch.replicas: 2 was given: of two masters neither can go on alone; allowed: 1, or 3 and more",
    ),
    "more spans than the disk holds": (
        (*TRACES, "traffic", "spansPerSecond"),
        100,
        "elasticsearch.storage: '2Gi' was given, but 100 spans/s x 86400 s x 1Ki x 4 days x 1 / 1 nodes = 33.0Gi on each; "
        "allowed: 44Gi or more, as 75% of it may be used",
    ),
    "a key that nobody knows": (
        (*NODES, "repilcas"),
        3,
        "elasticsearch.repilcas: unknown key 'repilcas'; allowed: replicas, storage, resources, heap, tls; did you mean 'replicas'?",
    ),
}


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(project: Path, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, DEV, path, value)
    assert complaints(project) == [f"{DEV}: {PROJECT}:traces.{said}"]


def test_a_heap_that_java_cannot_use_well(project: Path) -> None:
    put(project, DEV, (*NODES, "resources", "memory"), "128Gi")
    put(project, DEV, (*NODES, "heap"), "40Gi")
    said = "'40Gi' was given; allowed: at most 31744Mi: more than that, Java's pointers get longer"
    assert complaints(project) == [f"{DEV}: {PROJECT}:traces.elasticsearch.heap: {said}"]


@pytest.mark.parametrize("given", ["150%", "1.5", "101%"])
def test_a_sampling_rate_above_one(project: Path, given: str) -> None:
    put(project, DHARMA, (*GATEWAY, "sampling"), given)
    assert complaints(project) == [f"{DHARMA}: services.api-gateway.sampling: '{given}' was given; allowed: {PERCENT}"]


def test_storage_of_both_kinds_or_of_none(project: Path) -> None:
    put(project, DEV, (*TRACES, "external"), EXTERNAL)
    assert complaints(project) == [
        f"{DEV}: {PROJECT}:traces: both elasticsearch and external are given; allowed: one of elasticsearch, external"
    ]
    put(project, DEV, (*TRACES, "external"), REMOVED)
    put(project, DEV, NODES, REMOVED)
    said = complaints(project)
    assert f"{DEV}: {PROJECT}:traces: nothing keeps them; allowed: one of elasticsearch, external" in said


def test_an_external_endpoint_without_credentials(project: Path) -> None:
    put(project, DEV, NODES, REMOVED)
    put(project, DEV, ("config", f"{PROJECT}:elasticsearchPrivateKey"), REMOVED)
    put(project, DEV, ("config", f"{PROJECT}:elasticsearchPassword"), REMOVED)
    put(project, DEV, (*TRACES, "external"), {"url": EXTERNAL["url"]})
    said = complaints(project)
    assert any("traces.external.username" in line for line in said)
    assert any(f"{PROJECT}:elasticsearchPassword: the secret is missing" in line for line in said)


def test_an_external_endpoint_without_tls(project: Path) -> None:
    put(project, DEV, NODES, REMOVED)
    put(project, DEV, ("config", f"{PROJECT}:elasticsearchPrivateKey"), REMOVED)
    put(project, DEV, (*TRACES, "external"), {**EXTERNAL, "url": "http://es.example.org"})
    [said] = complaints(project)
    assert said.startswith(f"{DEV}: {PROJECT}:traces.external.url: 'http://es.example.org' was given; allowed: a web address with https")


def test_an_external_endpoint_needs_no_certificate_of_ours(project: Path) -> None:
    put(project, DEV, NODES, REMOVED)
    put(project, DEV, ("config", f"{PROJECT}:elasticsearchPrivateKey"), REMOVED)
    put(project, DEV, (*TRACES, "external"), EXTERNAL)
    traces = load(project, "dev").settings.traces
    assert traces is not None
    assert traces.elasticsearch is None
