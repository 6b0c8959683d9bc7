"""The way in: under which names people reach Grafana and the Jaeger UI from outside the cluster, and who asks them who they are."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from model.base import Model
from model.grafana import Identifier, SecureUrl
from model.quantities import Name, Text

ALB_CLASS = "alb"
"""The IngressClass of the AWS Load Balancer Controller."""

ALB = "alb.ingress.kubernetes.io"
"""The prefix of its annotations."""

NGINX = "nginx.ingress.kubernetes.io"
"""The prefix of those of ingress-nginx, which other controllers heed too."""

HostName = Annotated[str, Text(r"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", "a full DNS name, such as jaeger.example.org")]
"""A name that a certificate is for and that DNS knows."""

Network = Annotated[str, Text(r"\d{1,3}(\.\d{1,3}){3}/\d{1,2}", "a network of IPv4 with its length, such as 10.0.0.0/8")]
"""Addresses from which people come."""

CertificateArn = Annotated[
    str, Text(r"arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[0-9a-f-]+", "the ARN of a certificate of AWS Certificate Manager")
]
"""A certificate that a load balancer of AWS shows."""

AuthUrl = Annotated[str, Text(r"https?://[^\s;\"'{}\\]+", "a web address, such as https://$host/oauth2/auth")]
"""An address that the Ingress controller asks; its own variables, such as ``$host``, may stand in it."""


class Oidc(Model):
    """Login with an OpenID Connect provider, done by the load balancer; the client's secret is the stack secret
    ``jaegerOidcClientSecret``. The provider must send people back to ``https://<host>/oauth2/idpresponse``."""

    issuer: SecureUrl
    client_id: Identifier
    auth_url: SecureUrl
    token_url: SecureUrl
    api_url: SecureUrl
    """The UserInfo endpoint."""

    scopes: tuple[Identifier, ...] = ("openid",)


class ForwardAuth(Model):
    """Login by a server such as oauth2-proxy, which the Ingress controller asks about every request."""

    url: AuthUrl
    """Answers 200 where somebody has logged in, else 401."""

    sign_in_url: AuthUrl
    """Where people are sent who have not."""


class JaegerUi(Model):
    """The Jaeger UI, which has no login of its own: so one of ``oidc`` (with ``alb``) and ``forwardAuth`` (with ``ingressClass``)."""

    host: HostName
    oidc: Oidc | None = None
    forward_auth: ForwardAuth | None = None


class Alb(Model):
    """One Application Load Balancer of AWS for all pages, made by the AWS Load Balancer Controller, which must run in the cluster."""

    certificates: tuple[CertificateArn, ...] = Field(min_length=1)
    """The certificates for the names of all pages; the load balancer picks the one that fits."""

    internet_facing: bool = False
    """Whether it has public addresses; else only the VPC, and what is connected to it, reaches it."""


class IngressClass(Model):
    """An Ingress controller that is there already. It must heed the annotations of ingress-nginx, as Traefik does (docs/decisions/0016)."""

    name: Name
    """Its IngressClass."""

    cluster_issuer: Name | None = None
    """The ClusterIssuer of cert-manager that signs the certificates."""

    tls_secret: Name | None = None
    """Instead of it, the Secret that holds a certificate for the names of all pages."""


class Access(Model):
    """The way in for people. Grafana is reached at ``grafana.url``; nothing is reached without TLS. One of ``alb``, ``ingressClass``."""

    inbound: tuple[Network, ...] = Field(min_length=1)
    """Where people may come from."""

    alb: Alb | None = None
    ingress_class: IngressClass | None = None
    jaeger: JaegerUi | None = None
    """The Jaeger UI; it stays inside the cluster when absent."""


def host_of(url: str) -> str | None:
    """The name in an address that is nothing but https and a name; None for any other."""
    name = urlsplit(url).hostname
    return name if url == f"https://{name}" else None
