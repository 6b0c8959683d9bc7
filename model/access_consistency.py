"""What must fit together in the way in: no page without TLS, none without a login, and one address for Grafana."""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from model.access import host_of
from model.documents import Document, each, is_mapping, mapping
from model.errors import Finding

_LOGINS = {"alb": "oidc", "ingressClass": "forwardAuth"}
"""How people log in to a page that has no login of its own, by who lets them in."""


def check_access(settings: Document) -> Iterator[Finding]:
    """Who lets people in, from where, under which names, and with which certificate."""
    file, content = settings.file, settings.content
    if not is_mapping(content.get("access")):
        return
    access = mapping(content["access"])
    chosen = [kind for kind in _LOGINS if kind in access]
    if len(chosen) != 1:
        problem = "both alb and ingressClass are given" if chosen else "nobody lets people in"
        yield Finding(file=file, key="access", problem=problem, allowed="one of alb, ingressClass")
    for key, network in each(content, "access", "inbound", "*"):
        if isinstance(network, str) and not _is_network(network):
            yield Finding(
                file=file, key=key, problem=f"'{network}' was given", allowed="the first address of a network, such as 10.0.0.0/8"
            )
    ingress_class = mapping(access.get("ingressClass"))
    if is_mapping(access.get("ingressClass")) and ("clusterIssuer" in ingress_class) == ("tlsSecret" in ingress_class):
        problem = "both clusterIssuer and tlsSecret are given" if "tlsSecret" in ingress_class else "there is no certificate, so no TLS"
        yield Finding(file=file, key="access.ingressClass", problem=problem, allowed="one of clusterIssuer, tlsSecret")
    yield from _check_grafana(settings)
    if is_mapping(access.get("jaeger")):
        yield from _check_jaeger(settings, mapping(access["jaeger"]), chosen)


def _check_grafana(settings: Document) -> Iterator[Finding]:
    """People open Grafana where it says it is: an https address that is a name and nothing else."""
    url = mapping(settings.content.get("grafana")).get("url")
    if url is None or (isinstance(url, str) and not host_of(url)):
        problem = f"'{url}' was given, but access leads to https and a name" if url else "is missing, and access leads to it"
        yield Finding(file=settings.file, key="grafana.url", problem=problem, allowed="an address such as https://grafana.example.org")


def _check_jaeger(settings: Document, jaeger: Mapping[str, object], chosen: list[str]) -> Iterator[Finding]:
    """Traces to be seen, a name of their own, and the login that fits to who lets people in."""
    file, key, host = settings.file, "access.jaeger", jaeger.get("host")
    if "traces" not in settings.content:
        yield Finding(file=file, key=key, problem="is given, but there are no traces to be seen", allowed="traces, or no access.jaeger")
    url = mapping(settings.content.get("grafana")).get("url")
    if isinstance(url, str) and isinstance(host, str) and host_of(url) == host:
        yield Finding(file=file, key=f"{key}.host", problem=f"'{host}' was given, which is Grafana's", allowed="a name of its own")
    for kind in chosen if len(chosen) == 1 else ():
        login = _LOGINS[kind]
        if login not in jaeger:
            problem = f"the Jaeger UI has no login of its own: everybody whom {kind} lets in could read all traces"
            yield Finding(file=file, key=f"{key}.{login}", problem=problem, allowed=f"{login}, or no access.jaeger")
        for other in set(_LOGINS.values()) - {login}:
            if other in jaeger:
                yield Finding(file=file, key=f"{key}.{other}", problem=f"is given, but {kind} cannot do it", allowed=login)


def _is_network(text: str) -> bool:
    try:
        return bool(IPv4Network(text))
    except ValueError:
        return False
