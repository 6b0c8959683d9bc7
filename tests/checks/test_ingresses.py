"""What would open a way in that nobody meant is seen on the object itself."""

import pytest

from checks.objects import RULES
from model.documents import mapping
from tests.components.environments import manifest

ALB = "alb.ingress.kubernetes.io"
NGINX = "nginx.ingress.kubernetes.io"
CLASS = {f"{NGINX}/force-ssl-redirect": "true", f"{NGINX}/whitelist-source-range": "10.0.0.0/8", f"{NGINX}/auth-url": "https://a.example"}


def said(ingress: dict[str, object]) -> list[str]:
    """The keys that the rules of Ingresses complain about."""
    rules = ("encrypted-ingresses", "known-networks", "asked-who-they-are")
    return [key.removeprefix("metadata.annotations.") for rule in rules for key, _, _ in RULES[rule](ingress)]


def balanced(annotations: dict[str, str | None]) -> dict[str, object]:
    """Prod's way to the Jaeger UI with other annotations; None takes one away."""
    given = manifest("prod", "Ingress", "access-jaeger-query")
    metadata = mapping(given["metadata"])
    changed = {**mapping(metadata["annotations"]), **{f"{ALB}/{key}": value for key, value in annotations.items()}}
    return {**given, "metadata": {**metadata, "annotations": {key: value for key, value in changed.items() if value is not None}}}


def controlled(annotations: dict[str, str], tls: list[dict[str, object]]) -> dict[str, object]:
    """The same by another controller."""
    spec = {**mapping(manifest("prod", "Ingress", "access-jaeger-query")["spec"]), "ingressClassName": "traefik", "tls": tls}
    return {"kind": "Ingress", "metadata": {"annotations": annotations}, "spec": spec}


SERVICE = "spec.rules[0].http.paths[0].backend.service.name"


@pytest.mark.parametrize(
    ("annotations", "keys"),
    [
        ({}, []),
        ({"certificate-arn": None}, [f"{ALB}/certificate-arn"]),
        ({"listen-ports": '[{"HTTP": 80}]'}, [f"{ALB}/listen-ports"]),
        ({"listen-ports": '[{"HTTPS": 443}]', "ssl-redirect": None}, []),
        ({"listen-ports": "443"}, [f"{ALB}/listen-ports"]),
        ({"listen-ports": "HTTPS"}, [f"{ALB}/listen-ports"]),
        ({"listen-ports": None}, [f"{ALB}/listen-ports"]),
        ({"ssl-redirect": None}, [f"{ALB}/ssl-redirect"]),
        ({"scheme": "internet-facing", "inbound-cidrs": None}, [f"{ALB}/inbound-cidrs"]),
        ({"auth-type": "none"}, [SERVICE]),
        ({"auth-idp-oidc": None}, [SERVICE]),
        ({"auth-on-unauthenticated-request": "allow"}, [SERVICE]),
        ({"auth-on-unauthenticated-request": "deny"}, []),
    ],
)
def test_a_load_balancer_that_lets_too_much_through(annotations: dict[str, str | None], keys: list[str]) -> None:
    assert said(balanced(annotations)) == keys


SECURED: list[dict[str, object]] = [{"hosts": ["jaeger.dharma.example"], "secretName": "a"}]


@pytest.mark.parametrize(
    ("missing", "tls", "keys"),
    [
        ("", SECURED, []),
        ("", [], ["spec.rules[0].host"]),
        ("", [{"hosts": ["jaeger.dharma.example"]}], ["spec.rules[0].host"]),
        ("", [{"hosts": ["other.example"], "secretName": "a"}], ["spec.rules[0].host"]),
        ("force-ssl-redirect", SECURED, [f"{NGINX}/force-ssl-redirect"]),
        ("whitelist-source-range", SECURED, [f"{NGINX}/whitelist-source-range"]),
        ("auth-url", SECURED, [SERVICE]),
    ],
)
def test_a_controller_that_lets_too_much_through(missing: str, tls: list[dict[str, object]], keys: list[str]) -> None:
    given = {key: value for key, value in CLASS.items() if key != f"{NGINX}/{missing}"}
    assert said(controlled(given, tls)) == keys


def test_a_page_without_a_login_is_none_of_those_that_get_all_other_requests() -> None:
    given = manifest("prod", "Ingress", "access-grafana")
    spec = {**mapping(given["spec"]), "defaultBackend": {"service": {"name": "prometheus"}}}
    assert said({**given, "spec": spec}) == ["spec.defaultBackend.service.name"]
    assert said(given) == []
