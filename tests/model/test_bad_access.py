"""Mistakes in the way in and in the storage class: each would let somebody in, keep people out, or make volumes that nobody meant."""

from pathlib import Path

import pytest

from model.environment import load
from tests.model.breaking import DEV, REMOVED, SECURE, complaints, put

ACCESS = ("config", "observability:access")
URL = "https://grafana.example.org"
ALB: dict[str, object] = {"certificates": ["arn:aws:acm:eu-central-1:123456789012:certificate/0000-1111"]}
OIDC: dict[str, object] = {
    "issuer": "https://id.example.org",
    "clientId": "jaeger",
    "authUrl": "https://id.example.org/auth",
    "tokenUrl": "https://id.example.org/token",
    "apiUrl": "https://id.example.org/userinfo",
}
FORWARD: dict[str, object] = {"url": "https://$host/oauth2/auth", "signInUrl": "https://$host/oauth2/start"}
JAEGER: dict[str, object] = {"host": "jaeger.example.org", "oidc": OIDC}
INBOUND = ["10.0.0.0/8"]

MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "nobody lets people in": (
        {"inbound": INBOUND},
        "observability:access: nobody lets people in; allowed: one of alb, ingressClass",
    ),
    "two who let people in": (
        {"inbound": INBOUND, "alb": ALB, "ingressClass": {"name": "traefik", "tlsSecret": "a"}},
        "observability:access: both alb and ingressClass are given; allowed: one of alb, ingressClass",
    ),
    "from anywhere": (
        {"alb": {**ALB, "internetFacing": True}},
        "observability:access.inbound: is missing",
    ),
    "from nowhere": (
        {"inbound": [], "alb": ALB},
        "observability:access.inbound: an empty list was given; allowed: at least 1 of them",
    ),
    "an address in place of a network": (
        {"inbound": ["10.1.2.3/8"], "alb": ALB},
        "observability:access.inbound[0]: '10.1.2.3/8' was given; allowed: the first address of a network, such as 10.0.0.0/8",
    ),
    "a network of no length": (
        {"inbound": ["10.0.0.0"], "alb": ALB},
        "observability:access.inbound[0]: '10.0.0.0' was given; allowed: a network of IPv4 with its length, such as 10.0.0.0/8",
    ),
    "a load balancer without a certificate": (
        {"inbound": INBOUND, "alb": {"certificates": []}},
        "observability:access.alb.certificates: an empty list was given; allowed: at least 1 of them",
    ),
    "a controller without a certificate": (
        {"inbound": INBOUND, "ingressClass": {"name": "traefik"}},
        "observability:access.ingressClass: there is no certificate, so no TLS; allowed: one of clusterIssuer, tlsSecret",
    ),
    "a controller with two": (
        {"inbound": INBOUND, "ingressClass": {"name": "traefik", "tlsSecret": "a", "clusterIssuer": "b"}},
        "observability:access.ingressClass: both clusterIssuer and tlsSecret are given; allowed: one of clusterIssuer, tlsSecret",
    ),
    "traces for everybody": (
        {"inbound": INBOUND, "alb": ALB, "jaeger": {"host": "jaeger.example.org"}},
        "observability:access.jaeger.oidc: the Jaeger UI has no login of its own: everybody whom alb lets in could read all traces; "
        "allowed: oidc, or no access.jaeger",
    ),
    "traces for everybody, by another controller": (
        {"inbound": INBOUND, "ingressClass": {"name": "traefik", "tlsSecret": "a"}, "jaeger": {"host": "jaeger.example.org"}},
        "observability:access.jaeger.forwardAuth: the Jaeger UI has no login of its own: everybody whom ingressClass lets in could read "
        "all traces; allowed: forwardAuth, or no access.jaeger",
    ),
    "a login that the load balancer cannot do": (
        {"inbound": INBOUND, "alb": ALB, "jaeger": {**JAEGER, "forwardAuth": FORWARD}},
        "observability:access.jaeger.forwardAuth: is given, but alb cannot do it; allowed: oidc",
    ),
    "one name for both pages": (
        {"inbound": INBOUND, "alb": ALB, "jaeger": {**JAEGER, "host": "grafana.example.org"}},
        "observability:access.jaeger.host: 'grafana.example.org' was given, which is Grafana's; allowed: a name of its own",
    ),
    "a name that is no name": (
        {"inbound": INBOUND, "alb": ALB, "jaeger": {**JAEGER, "host": "jaeger"}},
        "observability:access.jaeger.host: 'jaeger' was given; allowed: a full DNS name, such as jaeger.example.org",
    ),
    "a login in plain text": (
        {"inbound": INBOUND, "alb": ALB, "jaeger": {**JAEGER, "oidc": {**OIDC, "tokenUrl": "http://id.example.org/token"}}},
        "observability:access.jaeger.oidc.tokenUrl: 'http://id.example.org/token' was given; allowed: an address that begins with https://",
    ),
}


@pytest.mark.parametrize(("settings", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_the_way_in(project: Path, settings: dict[str, object], said: str) -> None:
    put(project, DEV, ("config", "observability:grafana", "url"), URL)
    put(project, DEV, ACCESS, settings)
    found = [line for line in complaints(project) if "the secret is missing" not in line]
    assert len(found) == 1
    assert found[0].startswith(f"{DEV}: {said}")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (REMOVED, "is missing, and access leads to it"),
        ("http://grafana.example.org", "'http://grafana.example.org' was given, but access leads to https and a name"),
        ("https://grafana.example.org:3000", "'https://grafana.example.org:3000' was given, but access leads to https and a name"),
        ("https://example.org/grafana", "'https://example.org/grafana' was given, but access leads to https and a name"),
    ],
)
def test_an_address_of_grafana_that_leads_elsewhere(project: Path, url: object, said: str) -> None:
    put(project, DEV, ("config", "observability:grafana", "url"), "")
    put(project, DEV, ("config", "observability:grafana", "url"), url)
    put(project, DEV, ACCESS, {"inbound": INBOUND, "alb": ALB})
    assert complaints(project) == [f"{DEV}: observability:grafana.url: {said}; allowed: an address such as https://grafana.example.org"]


def test_traces_that_are_not_there_cannot_be_seen(project: Path) -> None:
    put(project, "Pulumi.prod.yaml", ("config", "observability:traces"), REMOVED)
    said = [line for line in complaints(project, "prod") if ":access.jaeger" in line]
    assert said == [
        "Pulumi.prod.yaml: observability:access.jaeger: is given, but there are no traces to be seen; allowed: traces, or no access.jaeger"
    ]


def test_a_login_of_the_load_balancer_asks_for_its_secret(project: Path) -> None:
    put(project, DEV, ("config", "observability:grafana", "url"), URL)
    put(project, DEV, ACCESS, {"inbound": INBOUND, "alb": ALB, "jaeger": JAEGER})
    [said] = complaints(project)
    assert said.startswith(f"{DEV}: observability:jaegerOidcClientSecret: the secret is missing: secret of client jaeger")
    put(project, DEV, ("config", "observability:jaegerOidcClientSecret"), SECURE)
    assert load(project, "dev").settings.access


def test_a_secret_that_nothing_asks_for_is_refused(project: Path) -> None:
    put(project, "Pulumi.prod.yaml", (*ACCESS, "jaeger"), REMOVED)
    [said] = complaints(project, "prod")
    assert said.startswith("Pulumi.prod.yaml: observability:jaegerOidcClientSecret: unknown key 'jaegerOidcClientSecret'")


def test_a_storage_class_is_one_that_is_there_or_one_that_is_made(project: Path) -> None:
    put(project, "Pulumi.staging.yaml", ("config", "observability:cluster", "ebs"), {})
    problem = "'gp3' was given beside cluster.ebs, which makes a storage class of its own"
    said = f"Pulumi.staging.yaml: observability:cluster.storageClass: {problem}; allowed: one of storageClass, ebs"
    assert complaints(project, "staging") == [said]
    put(project, "Pulumi.staging.yaml", ("config", "observability:cluster", "storageClass"), REMOVED)
    assert load(project, "staging").settings.cluster.volume_class == "observability"
