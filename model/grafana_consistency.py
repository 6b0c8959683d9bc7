"""What must fit together among the settings of Grafana."""

from collections.abc import Iterator

from model.documents import Document, mapping
from model.errors import Finding
from model.grafana import PORT_OF_TLS


def check_grafana(settings: Document) -> Iterator[Finding]:
    """Servers and database, volume and database, a way to log in, and TLS on the port where the directory speaks it."""
    file, grafana = settings.file, mapping(settings.content.get("grafana"))
    replicas = grafana.get("replicas")
    if isinstance(replicas, int) and replicas > 1 and "database" not in grafana:
        problem = f"{replicas} was given: two servers cannot share one file"
        yield Finding(
            file=file, key="grafana.replicas", problem=problem, allowed="1, or grafana.database with the PostgreSQL that they share"
        )
    if "storage" in grafana and "database" in grafana:
        problem = f"'{grafana['storage']}' was given, but nothing is kept on a volume when there is a database"
        yield Finding(file=file, key="grafana.storage", problem=problem, allowed="either grafana.storage or grafana.database")
    if grafana.get("loginForm") is False and "oidc" not in grafana:
        problem = "false was given: without grafana.oidc nobody could log in, as grafana.ldap needs the form too"
        yield Finding(file=file, key="grafana.loginForm", problem=problem, allowed="true, or grafana.oidc")
    if "oidc" in grafana and "url" not in grafana:
        problem = "the provider sends people back to an address that it knows, and grafana.url names none"
        yield Finding(file=file, key="grafana.oidc", problem=problem, allowed="grafana.url, such as https://grafana.example.org")
    ldap = mapping(grafana.get("ldap"))
    tls, port = ldap.get("tls"), ldap.get("port")
    for other, usual in PORT_OF_TLS.items():
        if isinstance(tls, str) and tls in PORT_OF_TLS and tls != other and port == usual:
            problem = f"{port} was given, where directories speak {other} and not {tls}"
            yield Finding(file=file, key="grafana.ldap.port", problem=problem, allowed=f"{PORT_OF_TLS[tls]}, or nothing")
