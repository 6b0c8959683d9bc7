"""Mistakes in the settings of Grafana and in the dashboards of systems: each is told before anything is deployed."""

from pathlib import Path

import pytest

from model.environment import load
from tests.model.breaking import DEV, REMOVED, complaints, put

GRAFANA = ("config", "observability:grafana")
PASSWORD = "observability:grafanaLdapPassword"  # noqa: S105 - the name of a key
LDAP: dict[str, object] = {
    "host": "ldap.example.org",
    "tls": "ldaps",
    "bindDn": "cn=grafana,dc=example,dc=org",
    "searchBase": "ou=people,dc=example,dc=org",
}
OIDC: dict[str, object] = {
    "clientId": "grafana",
    "authUrl": "https://id.example.org/auth",
    "tokenUrl": "https://id.example.org/token",
    "apiUrl": "https://id.example.org/userinfo",
}
DATABASE: dict[str, object] = {"host": "db.example.org"}
KEY = "observability:grafana"

MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "a directory without TLS": (
        {"ldap": {**LDAP, "tls": False}},
        "ldap.tls: false was given; allowed: ldaps, starttls",
    ),
    "a directory of which nobody says how it is encrypted": (
        {"ldap": {name: value for name, value in LDAP.items() if name != "tls"}},
        "ldap.tls: is missing",
    ),
    "TLS from the first byte on the other port": (
        {"ldap": {**LDAP, "port": 389}},
        "ldap.port: 389 was given, where directories speak starttls and not ldaps; allowed: 636, or nothing",
    ),
    "an address to which secrets would go in plain text": (
        {"url": "https://grafana.example.org", "oidc": {**OIDC, "tokenUrl": "http://id.example.org/token"}},
        "oidc.tokenUrl: 'http://id.example.org/token' was given; allowed: an address that begins with https://",
    ),
    "a provider that does not know where to send people back": (
        {"oidc": OIDC},
        "oidc: the provider sends people back to an address that it knows, and grafana.url names none; "
        "allowed: grafana.url, such as https://grafana.example.org",
    ),
    "two servers and one file": (
        {"replicas": 2},
        "replicas: 2 was given: two servers cannot share one file; allowed: 1, or grafana.database with the PostgreSQL that they share",
    ),
    "a volume that nothing is kept on": (
        {"storage": "1Gi", "database": DATABASE},
        "storage: '1Gi' was given, but nothing is kept on a volume when there is a database; "
        "allowed: either grafana.storage or grafana.database",
    ),
    "a database without TLS": (
        {"database": {**DATABASE, "tls": "disable"}},
        "database.tls: 'disable' was given; allowed: require, verify-ca, verify-full",
    ),
    "no way to log in": (
        {"loginForm": False},
        "loginForm: false was given: without grafana.oidc nobody could log in, as grafana.ldap needs the form too; "
        "allowed: true, or grafana.oidc",
    ),
}


@pytest.mark.parametrize(("settings", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_the_settings(project: Path, settings: dict[str, object], said: str) -> None:
    put(project, DEV, GRAFANA, settings)
    found = [line for line in complaints(project) if "the secret is missing" not in line]
    assert len(found) == 1
    assert found[0].startswith(f"{DEV}: {KEY}.{said}")


@pytest.mark.parametrize(
    ("settings", "secret"),
    [
        ({"ldap": LDAP}, "grafanaLdapPassword"),
        ({"url": "https://grafana.example.org", "oidc": OIDC}, "grafanaOidcClientSecret"),
        ({"replicas": 2, "database": DATABASE}, "grafanaDatabasePassword"),
    ],
)
def test_what_needs_a_secret_asks_for_it(project: Path, settings: dict[str, object], secret: str) -> None:
    put(project, DEV, GRAFANA, settings)
    [said] = complaints(project)
    assert said.startswith(f"{DEV}: observability:{secret}: the secret is missing")
    put(project, DEV, ("config", f"observability:{secret}"), {"secure": "v1:x:y"})
    load(project, "dev")


def test_dashboards_of_a_system_that_is_not_there(project: Path) -> None:
    (project / "configs/dashboards/darma.yaml").write_text("dashboards: {}")
    [said] = complaints(project)
    assert said.startswith("configs/dashboards/darma.yaml: there is no catalogue 'darma'; allowed: ")
    assert said.endswith("did you mean 'dharma'?")


def page(rows: list[object], name: str = "own") -> dict[str, object]:
    """A dashboards file of one page."""
    return {"dashboards": {name: {"title": "Own", "description": "Own.", "rows": rows}}}


def test_a_metric_that_no_service_declares(project: Path) -> None:
    put(
        project,
        "configs/dashboards/dharma.yaml",
        ("dashboards",),
        page([{"title": "x", "metrics": ["iac_generation_total"]}])["dashboards"],
    )
    [said] = complaints(project)
    assert said.startswith(
        "configs/dashboards/dharma.yaml: dashboards.own.rows[0].metrics[0]: "
        "'iac_generation_total' is declared by no service of catalogue 'dharma'"
    )
    assert said.endswith("did you mean 'iac_generations_total'?")


def test_a_metric_that_a_service_no_longer_has(project: Path) -> None:
    put(project, "configs/catalogues/dharma.yaml", ("services", "blueprint", "metrics"), REMOVED)
    said = [line for line in complaints(project) if line.startswith("configs/dashboards/dharma.yaml")]
    assert len(said) == 1
    assert "'blueprints_created_total' is declared by no service of catalogue 'dharma'" in said[0]


def test_a_name_that_is_too_long_for_grafana(project: Path) -> None:
    put(project, "configs/dashboards/dharma.yaml", ("dashboards",), page(["answers"], "a" * 34)["dashboards"])
    assert "which has 41 characters; allowed: at most 40" in complaints(project)[0]


def test_a_service_without_metrics(project: Path) -> None:
    put(project, "configs/catalogues/dharma.yaml", ("services", "auth", "metricsPath"), "")
    assert complaints(project) == [
        "configs/catalogues/dharma.yaml: services.auth.metricsPath: '' was given; allowed: a path that begins with /"
    ]
