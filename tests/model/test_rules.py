"""The rules that follow from a catalogue, and the one thing that is added to those that people write."""

from model.catalogue import Catalogue, Signals
from model.catalogue_rules import generated_rules
from model.documents import each, mapping, parse
from model.rules import read_rules, rule_documents
from model.settings import Thresholds
from model.slo import slo_groups
from model.thresholds import ServiceThresholds
from model.validation import validate
from tests.model.conftest import ROOT

SHOP = validate(
    Catalogue,
    {
        "system": "shop",
        "namespace": "shop-prod",
        "services": {
            "cart": {
                "description": "Remembers",
                "team": "web",
                "port": 80,
                "slo": {"availability": "99.95%", "latencyP95": "250ms", "errorRate": "0.5%"},
            }
        },
        "datastores": {"orders": {"kind": "postgresql", "team": "data", "host": "db.example", "port": 5432}},
    },
    file="shop",
)


def series(catalogue: Catalogue, thresholds: Thresholds) -> dict[tuple[str, str, str], float]:
    """What a catalogue says as numbers: (series, service, slo or bucket) to value."""
    found: dict[tuple[str, str, str], float] = {}
    for _, rule in each(generated_rules((catalogue,), thresholds), "groups", "[0]", "rules", "*"):
        labels = mapping(mapping(rule).get("labels"))
        which = str(labels.get("slo", labels.get("le", "")))
        expression = str(mapping(rule)["expr"])
        found[str(mapping(rule)["record"]), str(labels.get("service", "")), which] = float(expression.removeprefix("vector(").rstrip(")"))
    return found


def test_a_catalogue_entry_becomes_series() -> None:
    found = series(SHOP, Thresholds())
    assert found["slo:objective:ratio", "cart", "availability"] == 0.9995
    assert found["slo:error_budget:ratio", "cart", "availability"] == 0.0005
    assert found["slo:error_budget:ratio", "cart", "latency"] == 0.05
    assert found["slo:latency_bucket:info", "cart", "0.25"] == 1
    assert found["threshold:latency_p95:seconds", "cart", ""] == 0.25
    assert found["threshold:error_ratio:ratio", "cart", ""] == 0.005
    assert found["threshold:memory_usage:ratio", "cart", ""] == 0.85
    assert found["threshold:connection_usage:ratio", "orders", ""] == 0.8
    assert found["threshold:node_disk_usage:ratio", "", ""] == 0.85
    info = [mapping(rule) for _, rule in each(generated_rules((SHOP,), Thresholds()), "groups", "[0]", "rules", "*")]
    assert {
        "record": "catalogue:datastore:info",
        "expr": "vector(1)",
        "labels": {
            "system": "shop",
            "namespace": "shop-prod",
            "service": "orders",
            "datastore": "orders",
            "kind": "postgresql",
            "team": "data",
        },
    } in info


def test_the_most_specific_threshold_counts() -> None:
    given = {
        "services": {"memoryUsage": "70%", "cpuUsage": "60%"},
        "tiers": {"standard": {"cpuUsage": "50%"}, "critical": {"cpuUsage": "10%"}},
    }
    stack = validate(Thresholds, given, file="stack")
    found = series(SHOP, stack)
    assert found["threshold:memory_usage:ratio", "cart", ""] == 0.7
    assert found["threshold:cpu_usage:ratio", "cart", ""] == 0.5
    own = SHOP.services["cart"].model_copy(update={"thresholds": validate(ServiceThresholds, {"cpuUsage": "99%"}, file="own")})
    assert series(SHOP.model_copy(update={"services": {"cart": own}}), stack)["threshold:cpu_usage:ratio", "cart", ""] == 0.99


def test_a_service_that_counts_in_its_own_way_gets_rules_of_its_own() -> None:
    signals = validate(Signals, {"requests": "jobs_total", "errors": 'jobs_total{result="bad"}', "histogram": "native"}, file="own")
    own = SHOP.services["cart"].model_copy(update={"signals": signals})
    texts = [str(text) for _, text in each(slo_groups((SHOP.model_copy(update={"services": {"cart": own}}),)), "*", "rules", "*", "expr")]
    assert any('jobs_total{system="shop",service="cart",result="bad"}[1h]' in text for text in texts)
    assert any("histogram_fraction(0, 0.25, " in text for text in texts)
    assert not any("jobs_total" in str(text) for _, text in each(slo_groups((SHOP,)), "*", "rules", "*", "expr"))


def test_an_alert_gets_the_address_of_its_runbook_and_nothing_else_changes() -> None:
    written = {file.file: file.content for file in read_rules(ROOT)}
    documents = rule_documents(written, "https://runbooks.test")
    assert written == {file.file: file.content for file in read_rules(ROOT)}
    assert set(documents) == set(written)
    alerts = 0
    for name, expected in written.items():
        for _, rule in each(expected, "groups", "*", "rules", "*"):
            if "alert" in mapping(rule):
                alerts += 1
                mapping(mapping(rule)["annotations"])["runbook_url"] = f"https://runbooks.test/{mapping(rule)['alert']}.md"
        assert parse(documents[name], name).content == expected
    assert alerts > 0
