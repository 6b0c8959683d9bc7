"""The stand-ins for a catalogue's databases and caches: small, without persistence, with a password that everybody knows."""

from model.catalogue import Catalogue, Datastore
from sandbox.demo.pods import Container, Manifest, Size, deployment, secret, service, tcp_probe

POSTGRESQL_IMAGE = "docker.io/library/postgres:15"
REDIS_IMAGE = "docker.io/library/redis:7.0"

SECRET = "datastores"  # noqa: S105 - the name of an object
PASSWORD = "demo-only"  # noqa: S105 - of throw-away databases on this machine; the exporters' stack secrets of dev are the same
PASSWORD_FILE = "password"  # noqa: S105 - the name of a file
USER = "demo"

_EXPORTER_FILE = "exporter-password"


def manifests(catalogue: Catalogue, demo_image: str) -> list[Manifest]:
    """A Deployment and a Service for each datastore of the catalogue, and the Secret that holds their passwords."""
    if not catalogue.datastores:
        return []
    files = {PASSWORD_FILE: PASSWORD, _EXPORTER_FILE: PASSWORD}
    files |= {_redis_file(store): _redis_config(store) for store in catalogue.datastores.values() if store.kind == "redis"}
    made = [secret(SECRET, catalogue.namespace, files)]
    for store in catalogue.datastores.values():
        workload = _postgresql(store, catalogue.namespace, demo_image) if store.kind == "postgresql" else _redis(store, catalogue.namespace)
        made += [workload, service(store.host, catalogue.namespace, {store.kind: store.port})]
    return made


def url(store: Datastore) -> str:
    """Where a service of the same namespace reaches a datastore, without the password."""
    if store.kind == "postgresql":
        return f"postgres://{USER}@{store.host}:{store.port}/{store.database}?sslmode=disable"
    return f"redis://default@{store.host}:{store.port}"


def _postgresql(store: Datastore, namespace: str, demo_image: str) -> Manifest:
    login = {"POSTGRES_USER": USER, "POSTGRES_DB": store.database, "POSTGRES_PASSWORD_FILE": f"/secrets/{PASSWORD_FILE}"}
    database = Container(
        name="postgresql",
        image=POSTGRESQL_IMAGE,
        environment={**login, "PGDATA": "/var/lib/postgresql/data/pgdata", "PGPORT": str(store.port)},
        ports={"postgresql": store.port},
        secrets="/secrets",
        scratch=("/var/lib/postgresql/data", "/var/run/postgresql", "/tmp"),  # noqa: S108 - the container's own
        readiness=tcp_probe(store.port),
        size=Size(cpu=("50m", "500m"), memory=("64Mi", "256Mi")),
    )
    # The exporter's role is made beside the database rather than by its image, so that it is there again whenever the data was lost.
    roles = Container(
        name="roles",
        image=demo_image,
        arguments=("roles",),
        environment={
            **login,
            "SERVICE_NAME": "roles",
            "POSTGRES_ADDRESS": f"localhost:{store.port}",
            "ROLE": store.username,
            "ROLE_PASSWORD_FILE": f"/secrets/{_EXPORTER_FILE}",
        },
        secrets="/secrets",
        size=Size(cpu=("5m", "100m"), memory=("16Mi", "64Mi")),
    )
    return deployment(store.host, namespace, (database, roles), user=999, secret_files=(SECRET, (PASSWORD_FILE, _EXPORTER_FILE)))


def _redis(store: Datastore, namespace: str) -> Manifest:
    cache = Container(
        name="redis",
        image=REDIS_IMAGE,
        command=("redis-server", f"/secrets/{_redis_file(store)}"),
        ports={"redis": store.port},
        secrets="/secrets",
        scratch=("/tmp",),  # noqa: S108 - the container's own
        readiness=tcp_probe(store.port),
    )
    return deployment(store.host, namespace, (cache,), user=999, secret_files=(SECRET, (_redis_file(store),)))


def _redis_file(store: Datastore) -> str:
    return f"{store.host}.conf"


def _redis_config(store: Datastore) -> str:
    lines = [
        f"port {store.port}",
        "bind *",
        "protected-mode no",
        'save ""',
        "dir /tmp",
        "maxmemory 48mb",
        "maxmemory-policy allkeys-lru",
        f"requirepass {PASSWORD}",
    ]
    if store.username != "default":
        lines.append(f"user {store.username} on >{PASSWORD} allkeys allchannels allcommands")
    return "\n".join(lines) + "\n"
