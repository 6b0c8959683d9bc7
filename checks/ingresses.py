"""What every Ingress must be: reached over TLS alone, from networks that are named, and by people who have said who they are."""

import json
from collections.abc import Iterator, Mapping

from checks.pods import Problem
from model.access import ALB, ALB_CLASS, NGINX
from model.documents import each, mapping

WITH_LOGIN = ("grafana",)
"""Services that ask everybody who they are by themselves; all others need somebody in front who does."""


def encrypted(manifest: dict[str, object]) -> Iterator[Problem]:
    """Nothing is served without TLS: what comes without is redirected."""
    if _is_ingress(manifest):
        yield from (_alb_problems if _is_alb(manifest) else _certificate_problems)(manifest)


def _alb_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    given, key = _annotations(manifest), f"metadata.annotations.{ALB}"
    protocols = _protocols(given.get(f"{ALB}/listen-ports", ""))
    if not given.get(f"{ALB}/certificate-arn"):
        yield f"{key}/certificate-arn", "is missing", "the ARN of a certificate"
    if "HTTPS" not in protocols:
        yield f"{key}/listen-ports", "has no HTTPS", "HTTPS, and HTTP that is redirected"
    if "HTTP" in protocols and given.get(f"{ALB}/ssl-redirect") != "443":
        yield f"{key}/ssl-redirect", "is missing", "'443'"


def _certificate_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    secured = [
        host for _, tls in each(manifest, "spec", "tls", "*") if mapping(tls).get("secretName") for _, host in each(tls, "hosts", "*")
    ]
    for key, rule in each(manifest, "spec", "rules", "*"):
        if mapping(rule).get("host") not in secured:
            yield f"{key}.host", "has no certificate", "a name of spec.tls, with its secretName"
    if _annotations(manifest).get(f"{NGINX}/force-ssl-redirect") != "true":
        yield f"metadata.annotations.{NGINX}/force-ssl-redirect", "is missing", "'true'"


def _protocols(ports: str) -> set[str]:
    """The protocols of a JSON list such as ``[{"HTTPS": 443}]``."""
    try:
        return {protocol for _, one in each(json.loads(ports), "*") for protocol in mapping(one)}
    except ValueError:
        return set()


def from_known_networks(manifest: dict[str, object]) -> Iterator[Problem]:
    """It is said from where people come."""
    if _is_ingress(manifest):
        key = f"{ALB}/inbound-cidrs" if _is_alb(manifest) else f"{NGINX}/whitelist-source-range"
        if not _annotations(manifest).get(key):
            yield f"metadata.annotations.{key}", "is missing", "the networks from which people come"


def after_login(manifest: dict[str, object]) -> Iterator[Problem]:
    """A page that asks nobody who they are is reached by nobody who was not asked."""
    if not _is_ingress(manifest):
        return
    by_rule = each(manifest, "spec", "rules", "*", "http", "paths", "*", "backend", "service", "name")
    for key, service in (*by_rule, *each(manifest, "spec", "defaultBackend", "service", "name")):
        if service not in WITH_LOGIN and not _asks(manifest):
            allowed = f"{ALB}/auth-type: oidc that lets nobody else through" if _is_alb(manifest) else f"{NGINX}/auth-url"
            yield key, f"is {service}, which has no login of its own, and nobody in front asks for one", allowed


def _asks(manifest: dict[str, object]) -> bool:
    """Whether who lets people in asks them who they are."""
    given = _annotations(manifest)
    if not _is_alb(manifest):
        return bool(given.get(f"{NGINX}/auth-url"))
    refuses = given.get(f"{ALB}/auth-on-unauthenticated-request") in ("authenticate", "deny")
    return given.get(f"{ALB}/auth-type") == "oidc" and bool(given.get(f"{ALB}/auth-idp-oidc")) and refuses


def _is_ingress(manifest: dict[str, object]) -> bool:
    return manifest.get("kind") == "Ingress"


def _is_alb(manifest: dict[str, object]) -> bool:
    return mapping(manifest.get("spec")).get("ingressClassName") == ALB_CLASS


def _annotations(manifest: dict[str, object]) -> Mapping[str, str]:
    annotations = mapping(mapping(manifest.get("metadata")).get("annotations"))
    return {key: str(value) for key, value in annotations.items()}
