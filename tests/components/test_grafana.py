"""Grafana: one server with its own file or several with a database, how people log in, and where secrets and dashboards are."""

from configparser import ConfigParser
from dataclasses import replace

import pytest

from checks.leaks import canary
from checks.record import Recorded, record_platform
from components.grafana_config import SECRET_FILES, grafana_files, role_path
from components.platform import documents
from components.provisioning import datasources
from model.documents import each, mapping, parse
from model.grafana import Database, DirectoryRoles, Grafana, Ldap, Oidc, Roles
from tests.components.environments import environment, manifest, resources

URL = "https://grafana.example.org"
OIDC = Oidc(
    client_id="grafana",
    auth_url="https://id.example.org/auth",
    token_url="https://id.example.org/token",  # noqa: S106 - an address
    api_url="https://id.example.org/userinfo",
    roles=Roles(admin=("sre",), editor=("developers", "analysts")),
)
LDAP = Ldap(
    host="ldap.example.org",
    tls="starttls",
    bind_dn="cn=grafana,dc=example,dc=org",
    search_base="ou=people,dc=example,dc=org",
    search_filter="(sAMAccountName=%s)",
    roles=DirectoryRoles(admin=("cn=sre,dc=example,dc=org",)),
)
SHARED = Grafana(url=URL, replicas=2, database=Database(host="db.example.org"), oidc=OIDC, ldap=LDAP)


def ini(settings: Grafana) -> ConfigParser:
    """``grafana.ini`` as Grafana reads it."""
    parser = ConfigParser(interpolation=None)
    parser.read_string(grafana_files(settings, url=settings.url or URL)["grafana.ini"])
    return parser


def made(settings: Grafana) -> dict[str, Recorded]:
    """The objects of a Grafana with these settings, by kind and name."""
    given = environment("dev")
    changed = replace(given, settings=given.settings.model_copy(update={"grafana": settings}))
    found = [resource for resource in record_platform(changed, canary) if resource.parents and resource.parents[-1].endswith(":Grafana")]
    return {f"{resource.type.rpartition(':')[2]}/{resource.name}": resource for resource in found}


def test_nobody_signs_up_and_everybody_is_a_viewer() -> None:
    users = ini(Grafana())["users"]
    assert (users["allow_sign_up"], users["auto_assign_org"], users["auto_assign_org_role"]) == ("false", "true", "Viewer")
    assert ini(Grafana())["unified_alerting"]["enabled"] == "false"
    assert not ini(Grafana()).has_section("auth.ldap")


@pytest.mark.parametrize(
    ("name", "replicas", "strategy", "own_volume"),
    [("dev", 1, "Recreate", True), ("staging", 1, "Recreate", True), ("prod", 2, "RollingUpdate", False)],
)
def test_one_server_has_its_own_file_and_two_share_a_database(name: str, replicas: int, strategy: str, own_volume: bool) -> None:
    spec = mapping(manifest(name, "Deployment", "grafana")["spec"])
    assert (spec["replicas"], mapping(spec["strategy"])["type"]) == (replicas, strategy)
    objects = {f"{resource.type.rpartition(':')[2]}/{resource.name}" for resource in resources(name)}
    assert ("PersistentVolumeClaim/grafana-data" in objects) == own_volume
    assert ("PodDisruptionBudget/grafana" in objects) == (replicas > 1)
    spread = [key for _, key in each(spec, "template", "spec", "topologySpreadConstraints", "*", "topologyKey")]
    assert spread == (["kubernetes.io/hostname", "topology.kubernetes.io/zone"] if replicas > 1 else [])
    assert ini(environment(name).settings.grafana).has_section("database") == (replicas > 1)


def test_while_the_database_is_away_nobody_is_asked_and_nobody_begins_anew() -> None:
    paths = {
        probe: path
        for probe in ("readinessProbe", "livenessProbe")
        for _, path in each(
            manifest("prod", "Deployment", "grafana"), "spec", "template", "spec", "containers", "*", probe, "httpGet", "path"
        )
    }
    assert paths == {"readinessProbe": "/api/health", "livenessProbe": "/healthz"}


def test_the_database_is_asked_over_tls() -> None:
    database = ini(SHARED)["database"]
    assert (database["type"], database["host"], database["ssl_mode"]) == ("postgres", "db.example.org:5432", "verify-full")


def test_each_secret_is_a_file_that_its_variable_names() -> None:
    objects = made(SHARED)
    files = mapping(objects["Secret/grafana-secrets"].manifest["stringData"])
    assert set(files) == {file for file, _ in SECRET_FILES.values()}
    deployment = objects["Deployment/grafana"].manifest
    named = [mapping(item) for _, item in each(deployment, "spec", "template", "spec", "containers", "*", "env", "*")]
    assert {(item["name"], item["value"]) for item in named} == {
        (variable, f"/etc/grafana-secrets/{file}") for file, variable in SECRET_FILES.values() if variable
    }


def test_the_directory_is_asked_over_tls_with_a_password_from_a_file() -> None:
    toml = grafana_files(SHARED, url=URL)["ldap.toml"]
    for line in (
        "use_ssl = true",
        "start_tls = true",
        "port = 389",
        "ssl_skip_verify = false",
        'bind_password = "$__file{/etc/grafana-secrets/ldap-password}"',
        'username = "sAMAccountName"',
        'group_dn = "cn=sre,dc=example,dc=org"\norg_role = "Admin"',
        'group_dn = "*"\norg_role = "Viewer"',
    ):
        assert line in toml
    assert ini(SHARED)["auth.ldap"]["allow_sign_up"] == "false"


def test_a_group_of_the_provider_is_a_role() -> None:
    assert role_path(OIDC) == (
        "contains(groups[*], 'sre') && 'Admin' || contains(groups[*], 'developers') && 'Editor' || "
        "contains(groups[*], 'analysts') && 'Editor' || 'Viewer'"
    )
    assert ini(SHARED)["auth.generic_oauth"]["use_pkce"] == "true"
    assert ini(SHARED)["security"]["cookie_secure"] == "true"


def test_authorities_are_files() -> None:
    signed = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
    settings = SHARED.model_copy(update={"database": Database(host="db.example.org", ca_certificate=signed)})
    assert grafana_files(settings, url=URL)["database-ca.crt"] == signed
    assert ini(settings)["database"]["ca_cert_path"] == "/etc/grafana/database-ca.crt"


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_every_folder_is_mounted_where_its_provider_looks(name: str) -> None:
    providers = parse(documents(environment(name))["grafana/dashboards.yaml"], "dashboards.yaml").content
    paths = {str(path) for _, path in each(providers, "providers", "*", "options", "path")}
    deployment = manifest(name, "Deployment", "grafana")
    mounts = {str(path) for _, path in each(deployment, "spec", "template", "spec", "containers", "*", "volumeMounts", "*", "mountPath")}
    assert paths <= mounts
    assert {"/etc/grafana-dashboards/platform", "/etc/grafana-dashboards/system-dharma", "/etc/grafana-dashboards/team-ai"} <= paths


def test_datasources_have_fixed_identities() -> None:
    document = datasources(prometheus="http://p", alertmanager="http://a", scrape_interval="15s", loki="http://l", jaeger="http://j")
    assert [uid for _, uid in each(document, "datasources", "*", "uid")] == ["prometheus", "alertmanager", "loki", "jaeger"]
