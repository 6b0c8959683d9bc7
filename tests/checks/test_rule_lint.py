"""Every check of the rules finds what it is for: the dead alerts of others, and one broken rule each; ours have none of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from checks.__main__ import ROOT, lint
from checks.metrics import Metric
from checks.rule_lint import Surroundings, rule_findings
from components.platform import targets
from components.scraping import Target, prometheus_config
from model.catalogue import Catalogue
from model.catalogue_rules import generated_rules
from model.documents import read, to_yaml
from model.environment import Environment, load
from model.errors import Finding
from model.namespaces import NAMESPACE
from model.rules import GENERATED_FILE, file_name, read_rules
from model.validation import validate


def linted(environment: Environment) -> list[Finding]:
    """What is wrong with the rules of an environment, evaluated by its own Prometheus."""
    receiver = Target(job="alertmanager", namespace=NAMESPACE, service="alertmanager", port="http")
    return lint(environment, prometheus_config(environment, targets(environment), receiver))


HERE = Path(__file__).parent
TARGET = frozenset({"job", "instance", "namespace", "pod", "service", "team"})


def metric(kind: str, job: str, *labels: str) -> Metric:
    return Metric(type=kind, labels=TARGET | frozenset(labels), jobs=frozenset({job}))


METRICS: Mapping[str, Metric] = {
    "pg_up": metric("gauge", "postgresql"),
    "pg_stat_activity_max_tx_duration": metric("gauge", "postgresql", "datname"),
    "pg_stat_database_blks_hit": metric("counter", "postgresql", "datname"),
    "pg_stat_database_deadlocks": metric("counter", "postgresql", "datname"),
    "pg_locks_count": metric("gauge", "postgresql", "datname", "mode"),
    "pg_settings_max_connections": metric("gauge", "postgresql", "server"),
    "pg_settings_max_locks": metric("gauge", "postgresql", "server"),
    "aggregator_unavailable_total": metric("counter", "apiserver", "name"),
    "redis_up": metric("gauge", "redis"),
    "jaeger_save_seconds_bucket": metric("counter", "jaeger", "le"),
    "requests_total": metric("counter", "app", "status"),
    "build_info": metric("gauge", "app", "version"),
}


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    (tmp_path / "Good.md").write_text("# Good\n")
    jobs = frozenset({"postgresql", "apiserver", "redis", "jaeger", "app"})
    return Surroundings(metrics=METRICS, jobs=jobs, captured=jobs, scrape_interval=15, runbooks=tmp_path)


DEAD = {
    "SlowQueries": "takes rate of 'pg_stat_activity_max_tx_duration', which is a gauge",
    "TablesNotVacuumed": "looks for samples older than 300 s, which no query sees",
    "LowCacheHits": "prints label 'cluster' in description, which its expression does not keep",
    "TooManyLocks": "the sides of / can never match: they differ in job, namespace, pod, server, service, team",
    "Deadlocks": "takes increase over 60 s: fewer than 4 scrapes",
    "AggregatedAPIErrors": "takes increase over 60 s: fewer than 4 scrapes",
    "TooManyMasters": "prints label 'instance' in description, which its expression does not keep",
    "PersistenceSlow": "prints label 'job' in description, which its expression does not keep",
}


def test_the_dead_alerts_of_others_are_found(around: Surroundings) -> None:
    said = [
        finding.problem for finding in rule_findings({"dead": (HERE / "dead_rules.yaml").read_text()}, replace(around, scrape_interval=60))
    ]
    assert {name: f"'{name}' {problem}" in said for name, problem in DEAD.items()} == dict.fromkeys(DEAD, True)


GOOD: dict[str, object] = {
    "alert": "Good",
    "expr": 'sum by (namespace, service, team) (rate(requests_total{job="app",status="500"}[5m])) > 1',
    "labels": {"severity": "warning", "category": "service"},
    "annotations": {"summary": "{{ $labels.service }} fails", "description": "{{ $value }} a second"},
}


def problems(around: Surroundings, **changed: object) -> list[str]:
    """What is wrong with a rule that is well but for what was changed."""
    text = to_yaml({"groups": [{"name": "g", "rules": [{**GOOD, **changed}]}]})
    return [finding.problem.partition("' ")[2] for finding in rule_findings({"g.yaml": text}, around)]


def test_a_good_rule_is_well(around: Surroundings) -> None:
    assert problems(around) == []


TRIPS: dict[str, tuple[dict[str, object], str]] = {
    "typo in a metric": (
        {"expr": 'sum by (namespace, service, team) (rate(request_total{job="app"}[5m])) > 1'},
        "asks for 'request_total', which nobody emits; did you mean requests_total?",
    ),
    "typo in a matcher": (
        {"expr": 'sum by (namespace, service, team) (rate(requests_total{job="app",statu="500"}[5m])) > 1'},
        "asks 'requests_total' for label 'statu', which it does not have",
    ),
    "typo in a grouping": (
        {"expr": 'sum by (namespace, service, team, endpiont) (rate(requests_total{job="app"}[5m])) > 1'},
        "groups by 'endpiont', which the series do not have",
    ),
    "a job that nobody scrapes": (
        {"expr": 'sum by (namespace, service, team) (rate(requests_total{job="ap"}[5m])) > 1'},
        "asks for job 'ap', which nobody scrapes",
    ),
    "a metric of another job": (
        {"expr": 'sum by (namespace, service, team) (rate(requests_total{job="redis"}[5m])) > 1'},
        "asks job 'redis' for 'requests_total', which comes from app",
    ),
    "a lost label": (
        {"annotations": {"summary": "{{ $labels.pod }} fails", "description": "x"}},
        "prints label 'pod' in summary, which its expression does not keep",
    ),
    "a label that the rule adds itself": (
        {"annotations": {"summary": "{{ $labels.category }} fails", "description": "x"}},
        "prints label 'category' in summary, which its expression does not keep",
    ),
    "nothing to route by": (
        {"expr": 'sum by (namespace, service) (rate(requests_total{job="app"}[5m])) > 1'},
        "has no label 'team', which routing or inhibition compares",
    ),
    "a rate of a gauge": (
        {"expr": 'sum by (namespace, service, team) (rate(redis_up{job="redis"}[5m])) > 1'},
        "takes rate of 'redis_up', which is a gauge",
    ),
    "too few scrapes": (
        {"expr": 'sum by (namespace, service, team) (rate(requests_total{job="app"}[30s])) > 1'},
        "takes rate over 30 s: fewer than 4 scrapes",
    ),
    "an unguarded ratio": (
        {
            "expr": 'sum by (namespace, service, team) (rate(requests_total{job="app",status="500"}[5m]))'
            ' / sum by (namespace, service, team) (rate(requests_total{job="app"}[5m])) > 0.1'
        },
        "divides rates without a guard against nothing (> 0)",
    ),
    "a threshold out of reach": (
        {"expr": 'max by (namespace, service, team) (redis_up{job="redis"}) > 1'},
        "compares > 1, which is never true: the value is from 0 to 1",
    ),
    "an up of two": (
        {"expr": 'max by (namespace, service, team) (up{job="redis"}) == 2'},
        "compares == 2, which is never true: the value is from 0 to 1",
    ),
    "a join on a label of one side": (
        {
            "expr": 'max by (namespace, service, team) (redis_up{job="redis"}) * on (service, version) group_left () '
            'max by (service, version) (build_info{job="app"}) > 0'
        },
        "matches on 'version', which the left side of * lacks",
    ),
    "a join that takes what is not there": (
        {
            "expr": 'max by (namespace, service, team) (redis_up{job="redis"}) * on (service) group_left (zone) '
            'max by (service) (build_info{job="app"}) > 0'
        },
        "takes 'zone' from a side that lacks it",
    ),
    "sides that cannot match": (
        {"expr": 'max by (namespace, service, team) (redis_up{job="redis"}) and max by (service) (build_info{job="app"}) > 0'},
        "the sides of and can never match: they differ in namespace, team",
    ),
    "seconds as a percentage": (
        {
            "expr": 'max by (namespace, service, team) (time() - process_start_time_seconds{job="app"}) > 9',
            "annotations": {"summary": "x", "description": "{{ $value | humanizePercentage }} old"},
        },
        "prints seconds as ratio in description",
    ),
    "a share with a bare sign": (
        {
            "expr": 'max by (namespace, service, team) (disk_used_ratio{job="app"}) > 0.9',
            "annotations": {"summary": "x", "description": "{{ $value }}% used"},
        },
        "prints a share from 0 to 1 with a % sign in description",
    ),
    "no page": ({"alert": "Unwritten"}, "has no page Unwritten.md"),
}


@pytest.mark.parametrize(("changed", "said"), TRIPS.values(), ids=TRIPS)
def test_each_check_has_a_rule_that_trips_it(changed: dict[str, object], said: str, around: Surroundings) -> None:
    more = {**METRICS, "process_start_time_seconds": metric("gauge", "app"), "disk_used_ratio": metric("gauge", "app")}
    assert said in problems(replace(around, metrics=more), **changed)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_our_own_rules_have_nothing_of_it(name: str) -> None:
    assert linted(load(ROOT, name)) == []


OURS_BROKEN = {
    "a typo in a label": (
        'kube_job_failed{job="kube-state-metrics",condition="true"}',
        'kube_job_failed{job="kube-state-metrics",conditoin="true"}',
        "'KubernetesJobFailed' asks 'kube_job_failed' for label 'conditoin', which it does not have",
    ),
    "a metric that nobody emits": (
        "kube_job_failed{",
        "kube_jobs_failed{",
        "'KubernetesJobFailed' asks for 'kube_jobs_failed', which nobody emits; did you mean kube_job_failed?",
    ),
    "a template on a lost label": (
        "max by (namespace, job_name) (kube_job_failed",
        "max by (namespace) (kube_job_failed",
        "'KubernetesJobFailed' prints label 'job_name' in description, which its expression does not keep",
    ),
}


@pytest.mark.parametrize(("good", "bad", "said"), OURS_BROKEN.values(), ids=OURS_BROKEN)
def test_a_mistake_in_a_rule_of_ours_is_named_with_its_file(good: str, bad: str, said: str) -> None:
    environment = load(ROOT, "dev")
    text = environment.rule_files["kubernetes.yaml"]
    assert good in text
    broken = replace(environment, rule_files={**environment.rule_files, "kubernetes.yaml": text.replace(good, bad)})
    assert ("configs/rules/kubernetes.yaml", said) in [(finding.file, finding.problem) for finding in linted(broken)]


@pytest.mark.parametrize("catalogue", sorted(path.stem for path in (ROOT / "configs/catalogues").glob("*.yaml")))
def test_the_rules_of_every_system_have_nothing_of_it(catalogue: str) -> None:
    environment = load(ROOT, "dev")
    declared = validate(Catalogue, read(ROOT, f"configs/catalogues/{catalogue}.yaml").content, file=catalogue)
    rules = generated_rules((*environment.catalogues, declared), environment.settings.thresholds)
    files = {GENERATED_FILE: to_yaml(rules)}
    for document in read_rules(ROOT):
        if file_name(document.file) == f"system-{catalogue}.yaml" or document.file in ("configs/rules/recording.yaml",):
            files[file_name(document.file)] = to_yaml(document.content)
    assert linted(replace(environment, catalogues=(*environment.catalogues, declared), rule_files=files)) == []


def test_a_recorded_series_has_the_labels_that_its_rule_keeps(around: Surroundings) -> None:
    recorded = {"record": "team:requests:rate5m", "expr": 'sum by (team) (rate(requests_total{job="app"}[5m]))'}
    alert = {**GOOD, "expr": "team:requests:rate5m > 1"}
    text = to_yaml({"groups": [{"name": "g", "rules": [recorded, alert]}]})
    said = [finding.problem for finding in rule_findings({"g.yaml": text}, around)]
    assert "'Good' prints label 'service' in summary, which its expression does not keep" in said
    assert "'Good' has no label 'namespace', which routing or inhibition compares" in said
