"""The way in: one address for each page, TLS always, a login before the Jaeger UI, and one load balancer for all of them."""

import json
from dataclasses import replace

import pytest

from checks.leaks import canary
from checks.manifests import manifest_findings
from checks.record import Recorded, record_platform
from components.access import CONTROLLER
from model.access import Access, ForwardAuth, IngressClass, JaegerUi, host_of
from model.documents import each, mapping
from tests.components.environments import environment, manifest, resources

ALB = "alb.ingress.kubernetes.io"
NGINX = "nginx.ingress.kubernetes.io"
DNS = "external-dns.alpha.kubernetes.io/hostname"
LOGIN = ForwardAuth(url="https://$host/oauth2/auth", sign_in_url="https://$host/oauth2/start?rd=$escaped_request_uri")
JAEGER = JaegerUi(host="jaeger.example.org", forward_auth=LOGIN)


def annotations(ingress: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in mapping(mapping(ingress["metadata"])["annotations"]).items()}


def made(access: Access) -> dict[str, Recorded]:
    """What the way in consists of with these settings, by kind and name."""
    given = environment("prod")
    changed = replace(given, settings=given.settings.model_copy(update={"access": access}))
    found = [one for one in record_platform(changed, canary) if one.parents and one.parents[-1].endswith(":WebAccess")]
    assert manifest_findings(found) == []
    return {f"{one.type.rpartition(':')[2]}/{mapping(one.manifest['metadata'])['name']}": one for one in found}


def behind(**chosen: str) -> Access:
    """The way in through an Ingress controller that is there already."""
    return Access(inbound=("10.0.0.0/8", "192.0.2.0/24"), ingress_class=IngressClass(name="traefik", **chosen), jaeger=JAEGER)


def test_nobody_gets_in_where_nothing_says_how() -> None:
    for name in ("dev", "staging"):
        assert [one.name for one in resources(name) if one.type.endswith(":Ingress")] == []


def test_grafana_is_reached_where_it_says_it_is() -> None:
    ingress = manifest("prod", "Ingress", "access-grafana")
    hosts = [host for _, host in each(ingress, "spec", "rules", "*", "host")]
    assert hosts == [annotations(ingress)[DNS]] == [host_of(environment("prod").settings.grafana.url or "")]
    [backend] = [mapping(service) for _, service in each(ingress, "spec", "rules", "*", "http", "paths", "*", "backend", "service")]
    ports = {mapping(port)["name"] for _, port in each(manifest("prod", "Service", str(backend["name"])), "spec", "ports", "*")}
    assert mapping(backend["port"])["name"] in ports


def test_both_pages_share_one_load_balancer_that_agrees_with_itself() -> None:
    grafana, jaeger = (annotations(manifest("prod", "Ingress", f"access-{page}")) for page in ("grafana", "jaeger-query"))
    differing = {key for key in {**grafana, **jaeger} if grafana.get(key) != jaeger.get(key) and "/auth-" not in key}
    assert differing == {DNS, f"{ALB}/healthcheck-path"}
    assert grafana[f"{ALB}/scheme"] == "internal"
    assert json.loads(grafana[f"{ALB}/listen-ports"]) == [{"HTTP": 80}, {"HTTPS": 443}]
    assert grafana[f"{ALB}/ssl-redirect"] == "443"
    assert grafana[f"{ALB}/ssl-policy"].startswith("ELBSecurityPolicy-TLS13-1-2-")
    assert not [key for key in grafana if "/auth-" in key]


def test_who_wants_to_see_traces_logs_in_with_a_client_whose_secret_is_a_secret() -> None:
    given = annotations(manifest("prod", "Ingress", "access-jaeger-query"))
    provider = mapping(json.loads(given[f"{ALB}/auth-idp-oidc"]))
    assert set(provider) == {"issuer", "authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint", "secretName"}
    assert given[f"{ALB}/auth-on-unauthenticated-request"] == "authenticate"
    secret = manifest("prod", "Secret", "access-jaeger-query-oidc")
    assert mapping(secret["metadata"])["name"] == provider["secretName"]
    assert set(mapping(secret["stringData"])) == {"clientID", "clientSecret"}
    assert canary("jaegerOidcClientSecret") not in json.dumps(given)


def test_the_controller_may_read_that_secret_and_no_other() -> None:
    secret = mapping(manifest("prod", "Secret", "access-jaeger-query-oidc")["metadata"])
    rules = manifest("prod", "Role", "access-jaeger-query-oidc")["rules"]
    assert rules == [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret["name"]], "verbs": ["get", "list", "watch"]}]
    binding = manifest("prod", "RoleBinding", "access-jaeger-query-oidc")
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": CONTROLLER.name, "namespace": CONTROLLER.namespace}]


@pytest.mark.parametrize(
    ("chosen", "secret", "issuer"),
    [({"cluster_issuer": "internal"}, "jaeger-query-tls", "internal"), ({"tls_secret": "wildcard"}, "wildcard", None)],
)
def test_another_controller_shows_a_certificate_of_its_own(chosen: dict[str, str], secret: str, issuer: str | None) -> None:
    objects = made(behind(**chosen))
    assert set(objects) == {"Ingress/grafana", "Ingress/jaeger-query"}
    jaeger = objects["Ingress/jaeger-query"].manifest
    assert mapping(jaeger["spec"])["tls"] == [{"hosts": ["jaeger.example.org"], "secretName": secret}]
    given = annotations(jaeger)
    assert given.get("cert-manager.io/cluster-issuer") == issuer
    assert (given[f"{NGINX}/auth-url"], given[f"{NGINX}/auth-signin"]) == (LOGIN.url, LOGIN.sign_in_url)
    assert given[f"{NGINX}/whitelist-source-range"] == "10.0.0.0/8,192.0.2.0/24"
    assert f"{NGINX}/auth-url" not in annotations(objects["Ingress/grafana"].manifest)


def test_the_jaeger_ui_stays_inside_unless_it_is_wanted() -> None:
    given = environment("prod").settings.access
    assert given
    assert set(made(given.model_copy(update={"jaeger": None}))) == {"Ingress/grafana"}


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://grafana.example.org", "grafana.example.org"),
        ("http://grafana.example.org", None),
        ("https://grafana.example.org:3000", None),
        ("https://example.org/grafana", None),
        ("https://me@example.org", None),
    ],
)
def test_an_address_is_a_name_when_it_is_nothing_else(url: str, host: str | None) -> None:
    assert host_of(url) == host
