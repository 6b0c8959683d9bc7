"""The way in for people: one Ingress for each web page, by its name, with TLS always. The pages share one load balancer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pulumi import Output, Resource, ResourceOptions
from pulumi_kubernetes.core.v1 import Secret
from pulumi_kubernetes.networking.v1 import (
    HTTPIngressPathArgs,
    HTTPIngressRuleValueArgs,
    Ingress,
    IngressBackendArgs,
    IngressRuleArgs,
    IngressServiceBackendArgs,
    IngressSpecArgs,
    IngressTLSArgs,
    ServiceBackendPortArgs,
)
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding

from components.base import OWNER, Component, Identity
from components.rbac import reference, subject
from model.access import ALB, ALB_CLASS, NGINX, Access, Alb, IngressClass, JaegerUi, Oidc, host_of
from model.environment import Environment
from model.secrets import JAEGER_OIDC

CONTROLLER = Identity(name="aws-load-balancer-controller", namespace="kube-system", program="aws-load-balancer-controller", role="access")
"""The service account of the controller, as its own chart calls it."""

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
"""TLS 1.3, or 1.2 with forward secrecy: what AWS recommends."""

SESSION_SECONDS = 12 * 3600
"""How long a login lasts: a working day."""

READY = "10m"
"""How long a load balancer may take to come."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A web page that people open."""

    service: str
    """The Service that it comes from; the Ingress is called the same."""

    host: str
    """Its DNS name."""

    health: str
    """The path that answers 200 without a login, as long as it works."""

    login: JaegerUi | None
    """Who asks people who they are; None for a page that asks them itself."""


@dataclass(frozen=True, kw_only=True)
class WebAccessArgs:
    """What the way in is made from."""

    settings: Access
    """Who lets people in, from where, and with which certificates."""

    namespace: str
    """Where the pages' Services are."""

    pages: Sequence[Page]
    """The pages."""

    client_secret: Output[str] | None
    """The secret of the identity provider's client, where the load balancer asks people who they are."""


class WebAccess(Component):
    """The Ingresses, and the client's secret for the one program that has to know it."""

    def __init__(self, name: str, args: WebAccessArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:WebAccess", name, opts)
        for page in args.pages:
            identity = ingress_identity(page.service, args.namespace)
            oidc = page.login.oidc if page.login else None
            login = self._client(f"{name}-{page.service}", identity, oidc, args.client_secret) if oidc and args.client_secret else []
            Ingress(
                f"{name}-{page.service}",
                metadata=identity.metadata(annotations=annotations(args.settings, page)),
                spec=ingress_spec(args.settings, page),
                opts=self.child(after=login, timeout=READY),
            )
        self.register_outputs({"addresses": {page.service: f"https://{page.host}" for page in args.pages}})

    def _client(self, name: str, page: Identity, oidc: Oidc, secret: Output[str]) -> list[Resource]:
        """The client of the login, and the right of the load balancer's controller to read this one Secret: it has none by itself."""
        identity = replace(page, name=secret_name(page.name))
        values = {"clientID": oidc.client_id, "clientSecret": secret}
        role = Role(f"{name}-oidc", metadata=identity.metadata(), rules=secret_rules(identity.name), opts=self.child())
        binding = RoleBinding(
            f"{name}-oidc",
            metadata=identity.metadata(),
            role_ref=reference("Role", identity),
            subjects=[subject(CONTROLLER)],
            opts=self.child(),
        )
        return [role, binding, Secret(f"{name}-oidc", metadata=identity.metadata(), string_data=values, opts=self.child())]


def ingress_identity(service: str, namespace: str) -> Identity:
    """Who the Ingress of a Service is."""
    return Identity(name=service, namespace=namespace, program="ingress", role="access")


def secret_name(service: str) -> str:
    """The Secret with the client of a page's login."""
    return f"{service}-oidc"


def secret_rules(secret: str) -> list[PolicyRuleArgs]:
    """Read one Secret."""
    return [PolicyRuleArgs(api_groups=[""], resources=["secrets"], resource_names=[secret], verbs=["get", "list", "watch"])]


def access_args(environment: Environment, namespace: str, secrets: Mapping[str, Output[str]]) -> WebAccessArgs | None:
    """The way in, where one is wanted: to Grafana at the address that it has by its own settings, and to the Jaeger UI."""
    settings = environment.settings.access
    if not settings:
        return None
    pages = [Page(service="grafana", host=host_of(environment.settings.grafana.url or "") or "", health="/api/health", login=None)]
    if settings.jaeger:
        pages.append(Page(service="jaeger-query", host=settings.jaeger.host, health="/", login=settings.jaeger))
    return WebAccessArgs(settings=settings, namespace=namespace, pages=pages, client_secret=secrets.get(JAEGER_OIDC))


def ingress_spec(access: Access, page: Page) -> IngressSpecArgs:
    """All paths of one name; the certificate is in a Secret, or with the load balancer."""
    port = ServiceBackendPortArgs(name="http")
    backend = IngressBackendArgs(service=IngressServiceBackendArgs(name=page.service, port=port))
    paths = [HTTPIngressPathArgs(path="/", path_type="Prefix", backend=backend)]
    chosen = access.ingress_class
    return IngressSpecArgs(
        ingress_class_name=chosen.name if chosen else ALB_CLASS,
        rules=[IngressRuleArgs(host=page.host, http=HTTPIngressRuleValueArgs(paths=paths))],
        tls=[IngressTLSArgs(hosts=[page.host], secret_name=chosen.tls_secret or f"{page.service}-tls")] if chosen else None,
    )


def annotations(access: Access, page: Page) -> dict[str, str]:
    """What external-dns and who lets people in have to know."""
    found = {"external-dns.alpha.kubernetes.io/hostname": page.host}
    networks = ",".join(access.inbound)
    if access.alb:
        found |= {f"{ALB}/{key}": value for key, value in alb_annotations(access.alb, networks, page).items()}
    if access.ingress_class:
        found |= class_annotations(access.ingress_class, networks, page)
    return found


def alb_annotations(alb: Alb, networks: str, page: Page) -> dict[str, str]:
    """One load balancer for all pages, which only redirects what comes without TLS, and sends requests to the pods themselves."""
    oidc = page.login.oidc if page.login else None
    return {
        "group.name": OWNER,
        "scheme": "internet-facing" if alb.internet_facing else "internal",
        "target-type": "ip",
        "listen-ports": json.dumps([{"HTTP": 80}, {"HTTPS": 443}]),
        "ssl-redirect": "443",
        "ssl-policy": TLS_POLICY,
        "certificate-arn": ",".join(alb.certificates),
        "inbound-cidrs": networks,
        "load-balancer-attributes": "routing.http.drop_invalid_header_fields.enabled=true",
        "healthcheck-path": page.health,
        **(oidc_annotations(oidc, secret_name(page.service)) if oidc else {}),
    }


def oidc_annotations(oidc: Oidc, secret: str) -> dict[str, str]:
    """Nobody gets through who has not logged in; the client is in a Secret beside the Ingress."""
    provider = {
        "issuer": oidc.issuer,
        "authorizationEndpoint": oidc.auth_url,
        "tokenEndpoint": oidc.token_url,
        "userInfoEndpoint": oidc.api_url,
        "secretName": secret,
    }
    return {
        "auth-type": "oidc",
        "auth-idp-oidc": json.dumps(provider),
        "auth-scope": " ".join(oidc.scopes),
        "auth-on-unauthenticated-request": "authenticate",
        "auth-session-timeout": str(SESSION_SECONDS),
    }


def class_annotations(ingress_class: IngressClass, networks: str, page: Page) -> dict[str, str]:
    """The same for another controller; cert-manager makes the certificate where it is asked to."""
    login = page.login.forward_auth if page.login else None
    return {
        f"{NGINX}/force-ssl-redirect": "true",
        f"{NGINX}/whitelist-source-range": networks,
        **({f"{NGINX}/auth-url": login.url, f"{NGINX}/auth-signin": login.sign_in_url} if login else {}),
        **({"cert-manager.io/cluster-issuer": ingress_class.cluster_issuer} if ingress_class.cluster_issuer else {}),
    }
