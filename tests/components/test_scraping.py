"""What Prometheus is told to scrape."""

from dataclasses import replace

import pytest

from components.documents import Document
from components.platform import targets
from components.scraping import Target, prometheus_config, retention_size
from model.documents import each, mapping
from model.environment import Environment
from model.quantities import Duration, Size
from model.settings import Prometheus
from tests.components.environments import NAMES, environment


def config(given: Environment) -> Document:
    receiver = Target(job="alertmanager", namespace="observability", service="alertmanager", port="http")
    return prometheus_config(given, targets(given), receiver)


def job(document: Document, name: str) -> dict[str, object]:
    [found] = [mapping(entry) for _, entry in each(document, "scrape_configs", "*") if mapping(entry)["job_name"] == name]
    return found


def constants(scrape: dict[str, object]) -> dict[str, object]:
    """The labels that a job gives to all its targets."""
    rules = [mapping(rule) for _, rule in each(scrape, "relabel_configs", "*")]
    return {str(rule["target_label"]): rule["replacement"] for rule in rules if "source_labels" not in rule}


@pytest.mark.parametrize("name", NAMES)
def test_every_service_of_every_catalogue_is_scraped_with_its_labels(name: str) -> None:
    given = environment(name)
    for catalogue in given.catalogues:
        for service_name, service in catalogue.services.items():
            scrape = job(config(given), f"{catalogue.system}/{service_name}")
            assert scrape["metrics_path"] == service.metrics_path
            assert scrape["kubernetes_sd_configs"] == [{"role": "endpointslice", "namespaces": {"names": [catalogue.namespace]}}]
            assert mapping(next(value for _, value in each(scrape, "relabel_configs", "*")))["regex"] == f"{service_name};http"
            assert constants(scrape) == {
                "system": catalogue.system,
                "service": service_name,
                "team": service.team,
                "tier": service.tier,
            }


def test_a_new_service_needs_no_code() -> None:
    given = environment("dev")
    [catalogue] = given.catalogues
    billing = catalogue.services["auth"].model_copy(update={"metrics_path": "/internal/metrics"})
    grown = catalogue.model_copy(update={"services": {**catalogue.services, "billing": billing}})
    scrape = job(config(replace(given, catalogues=(grown,))), "dharma/billing")
    assert scrape["metrics_path"] == "/internal/metrics"
    with pytest.raises(ValueError, match="not enough values"):
        job(config(given), "dharma/billing")


def test_annotated_pods_of_declared_services_are_not_scraped_twice() -> None:
    [catalogue] = environment("dev").catalogues
    rules = [mapping(rule) for _, rule in each(job(config(environment("dev")), "dharma/pods"), "relabel_configs", "*")]
    [dropped] = [rule["regex"] for rule in rules if rule.get("action") == "drop"]
    assert str(dropped).split("|") == sorted(catalogue.services)


def test_datastores_are_scraped_as_what_they_are() -> None:
    assert constants(job(config(environment("dev")), "dharma/redis")) == {
        "job": "redis",
        "system": "dharma",
        "datastore": "redis",
        "service": "redis",
        "team": "database",
    }


@pytest.mark.parametrize("name", NAMES)
def test_jobs_have_names_of_their_own_and_discovery_stays_within_named_namespaces(name: str) -> None:
    document = config(environment(name))
    names = [value for _, value in each(document, "scrape_configs", "*", "job_name")]
    assert len(names) == len(set(names))
    for _, discovery in each(document, "scrape_configs", "*", "kubernetes_sd_configs", "*"):
        assert mapping(discovery)["role"] == "node" or mapping(mapping(discovery)["namespaces"])["names"]


@pytest.mark.parametrize("name", ["apiserver", "cadvisor", "kubelet"])
def test_the_cluster_is_reached_over_tls_that_is_verified(name: str) -> None:
    scrape = job(config(environment("dev")), name)
    assert scrape["scheme"] == "https"
    assert str(mapping(scrape["tls_config"])["ca_file"]).endswith("/ca.crt")
    assert "insecure_skip_verify" not in mapping(scrape["tls_config"])


def test_replicas_differ_by_a_label_that_alerts_do_not_have() -> None:
    document = config(environment("prod"))
    assert mapping(mapping(document["global"])["external_labels"])["replica"] == "${POD_NAME}"
    assert mapping(document["alerting"])["alert_relabel_configs"] == [{"action": "labeldrop", "regex": "replica"}]


@pytest.mark.parametrize(("interval", "timeout"), [("15s", "10s"), ("1m", "10s"), ("5s", "5s")])
def test_a_scrape_never_lasts_longer_than_its_interval(interval: str, timeout: str) -> None:
    given = environment("dev")
    prometheus = given.settings.prometheus.model_copy(update={"scrape_interval": Duration(interval)})
    changed = replace(given, settings=given.settings.model_copy(update={"prometheus": prometheus}))
    assert mapping(config(changed)["global"])["scrape_timeout"] == timeout


@pytest.mark.parametrize(("storage", "size"), [("20Gi", "16384MB"), ("512Mi", "409MB"), ("2Ti", "1677721MB")])
def test_blocks_take_four_fifths_of_the_volume(storage: str, size: str) -> None:
    assert retention_size(Prometheus(storage=Size(storage))) == size
