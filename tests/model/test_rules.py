"""The rules that follow from a catalogue, and the one thing that is added to those that people write."""

from model.catalogue import Catalogue
from model.documents import each, mapping, parse
from model.environment import load
from model.rules import generated_rules, rule_documents
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


def test_a_catalogue_entry_becomes_series() -> None:
    cart = {"system": "shop", "service": "cart"}
    (group,) = [mapping(group) for _, group in each(generated_rules([SHOP]), "groups", "*")]
    assert group["rules"] == [
        {
            "record": "catalogue:service:info",
            "expr": "vector(1)",
            "labels": {"system": "shop", "namespace": "shop-prod", "service": "cart", "team": "web", "tier": "standard"},
        },
        {"record": "slo:objective:ratio", "expr": "vector(0.9995)", "labels": cart},
        {"record": "threshold:latency_p95:seconds", "expr": "vector(0.25)", "labels": cart},
        {"record": "threshold:error_ratio:ratio", "expr": "vector(0.005)", "labels": cart},
        {
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
        },
    ]


def test_an_alert_gets_the_address_of_its_runbook_and_nothing_else_changes() -> None:
    environment = load(ROOT, "dev")
    documents = rule_documents(environment)
    assert set(documents) == set(environment.rule_files)
    alerts = 0
    for name, text in environment.rule_files.items():
        expected = parse(text, name).content
        for _, rule in each(expected, "groups", "*", "rules", "*"):
            if "alert" in mapping(rule):
                alerts += 1
                page = f"{environment.settings.runbooks_url}/{mapping(rule)['alert']}.md"
                mapping(mapping(rule)["annotations"])["runbook_url"] = page
        assert parse(documents[name], name).content == expected
    assert alerts > 0
