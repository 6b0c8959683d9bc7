"""What must fit together: within a file and between files.

These checks run over what the files say, not over the models: so they also find what is wrong beside a key that no model accepts.
What has the wrong type is passed over in silence here, as the models tell it.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, get_args

from model.catalogue import EXPORTER
from model.documents import Document, each, is_mapping, mapping
from model.errors import Finding, nearest
from model.namespaces import PLATFORM_NAMESPACES
from model.quantities import Duration, Percent
from model.routing import Severity
from model.slo import FASTEST_BURN

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

Q = TypeVar("Q", Duration, Percent)

_SHORTEST_RETENTION = Duration("2h")
"""Prometheus writes a block of two hours at a time and cannot drop less."""

_SCRAPE_INTERVALS = (Duration("1s"), Duration("2m"))
"""A sample counts for five minutes, and a rate needs two of them."""

_LONGEST_NAME = 63

_HIGHEST_ERROR_RATE = Percent("10%")
"""CriticalErrorRate fires at five times the error rate; above 50 % the service is as good as down."""


def check_settings(settings: Document) -> Iterator[Finding]:
    """A channel for each severity, a mail server where mails are sent, times that Prometheus can work with, no catalogue twice."""
    content, file = settings.content, settings.file
    notifications = mapping(content.get("notifications"))
    channels = notifications.get("channels")
    for severity in SEVERITIES if is_mapping(channels) else ():
        if not mapping(channels).get(severity):
            yield Finding(
                file=file, key=f"notifications.channels.{severity}", problem="the severity has no channel", allowed="at least one of them"
            )
    if "email" not in notifications:
        for key, channel in each(content, "notifications", "channels", "*", "*"):
            if channel == "email":
                yield Finding(file=file, key=key, problem="sends mails, but notifications.email names no mail server")
    for key, retention in quantities(Duration, content, "prometheus", "retention"):
        if retention.seconds < _SHORTEST_RETENTION.seconds:
            yield Finding(file=file, key=key, problem=f"'{retention}' was given", allowed=f"{_SHORTEST_RETENTION} or longer")
    for key, interval in quantities(Duration, content, "prometheus", "scrapeInterval"):
        shortest, longest = _SCRAPE_INTERVALS
        if not shortest.seconds <= interval.seconds <= longest.seconds:
            yield Finding(file=file, key=key, problem=f"'{interval}' was given", allowed=f"from {shortest} to {longest}")
    cluster = mapping(content.get("cluster"))
    if "ebs" in cluster and "storageClass" in cluster:
        problem = f"'{cluster['storageClass']}' was given beside cluster.ebs, which makes a storage class of its own"
        yield Finding(file=file, key="cluster.storageClass", problem=problem, allowed="one of storageClass, ebs")
    names = list(each(content, "catalogues", "*"))
    for index, (key, name) in enumerate(names):
        if name in [earlier for _, earlier in names[:index]]:
            yield Finding(file=file, key=key, problem=f"'{name}' is in the list already")


def teams_of(routing: Document) -> list[str]:
    """The teams that the routing file declares."""
    return list(mapping(routing.content.get("teams")))


def check_catalogue(catalogue: Document, teams: list[str] | None) -> Iterator[Finding]:
    """Ports, dependencies, names, namespace, teams and promises of one catalogue; ``teams`` is None when nobody knows them."""
    content, file = catalogue.content, catalogue.file
    services, datastores = mapping(content.get("services")), mapping(content.get("datastores"))
    ports = ((file, key, port) for key, port in each(services, "*", "port"))
    yield from _twice(((file, f"services.{key}", port) for file, key, port in ports), lambda port: f"port {port}")
    for name in services.keys() & datastores.keys():
        yield Finding(file=file, key=f"datastores.{name}", problem=f"'{name}' is a service too; a name means one thing")
    yield from _long_names(catalogue)
    # Where one of the two is no mapping at all, every dependency on it would look undeclared.
    readable = all(is_mapping(content.get(kind, {})) for kind in ("services", "datastores"))
    for service, value in services.items() if readable else ():
        for place, dependency in each(value, "dependencies", "*"):
            yield from _check_dependency(file, service, f"services.{service}.{place}", dependency, [*services, *datastores])
    if content.get("namespace") in PLATFORM_NAMESPACES:
        yield Finding(file=file, key="namespace", problem=f"'{content['namespace']}' is the platform's own namespace")
    if teams is not None:
        owners = [(file, key, team) for kind in ("services", "datastores") for key, team in each(content, kind, "*", "team")]
        yield from known_teams(owners, teams)
    yield from _check_promises(catalogue)


def _check_dependency(file: str, service: str, key: str, dependency: object, declared: list[str]) -> Iterator[Finding]:
    if dependency == service:
        yield Finding(file=file, key=key, problem=f"'{service}' depends on itself")
    elif isinstance(dependency, str) and dependency not in declared:
        others = sorted(name for name in declared if name != service)
        problem = f"'{dependency}' is neither a service nor a datastore of this catalogue"
        yield Finding(file=file, key=key, problem=problem, allowed=", ".join(others), suggestion=nearest(dependency, others))


def _long_names(catalogue: Document) -> Iterator[Finding]:
    """Names that are fine as such, but not with what is made from them."""
    system = catalogue.content.get("system")
    for name in mapping(catalogue.content.get("datastores")):
        exporter = EXPORTER.format(system=system, datastore=name)
        if len(exporter) > _LONGEST_NAME:
            problem = f"its exporter would be called '{exporter}', which has {len(exporter)} characters"
            yield Finding(file=catalogue.file, key=f"datastores.{name}", problem=problem, allowed=f"at most {_LONGEST_NAME} (a DNS label)")


def _check_promises(catalogue: Document) -> Iterator[Finding]:
    """Promises that leave room for an alert: not perfection, and not nothing."""
    content, file = catalogue.content, catalogue.file
    lowest = 1 - 1 / FASTEST_BURN
    for key, share in quantities(Percent, content, "services", "*", "slo", "availability"):
        if not lowest < share.ratio < 1:
            why = (
                ", which leaves no error budget"
                if share.ratio == 1
                else ": even a full outage would not burn the budget fast enough to page"
            )
            allowed = f"more than {lowest:.2%} and less than 100%, such as 99.9%"
            yield Finding(file=file, key=key, problem=f"'{share}' was given{why}", allowed=allowed)
    for key, time in quantities(Duration, content, "services", "*", "slo", "latencyP95"):
        if not time.seconds:
            yield Finding(file=file, key=key, problem=f"'{time}' was given", allowed="longer than nothing, such as 500ms")
    for key, share in quantities(Percent, content, "services", "*", "slo", "errorRate"):
        if not 0 < share.ratio <= _HIGHEST_ERROR_RATE.ratio:
            yield Finding(file=file, key=key, problem=f"'{share}' was given", allowed=f"more than 0% and at most {_HIGHEST_ERROR_RATE}")


def check_catalogues(catalogues: Iterable[Document]) -> Iterator[Finding]:
    """No system twice, and no two workloads of one name in one namespace."""
    documents = list(catalogues)
    systems = ((document.file, "system", document.content.get("system")) for document in documents)
    yield from _twice(systems, lambda system: f"system '{system}'")
    workloads = (
        (document.file, f"{kind}.{name}", f"{document.content.get('namespace')}/{name}")
        for document in documents
        for kind in ("services", "datastores")
        for name in mapping(document.content.get(kind))
        # A service and a datastore of one name are told already, so they count as one.
        if kind == "services" or name not in mapping(document.content.get("services"))
    )
    yield from _twice(workloads, lambda workload: f"workload '{workload}'")


def check_rule_teams(rules: Document, teams: list[str]) -> Iterator[Finding]:
    """Teams that a rule names itself; one that it takes from its series (``{{ ... }}``) is known by construction."""
    named = each(rules.content, "groups", "*", "rules", "*", "labels", "team")
    yield from known_teams([(rules.file, key, team) for key, team in named if "{{" not in str(team)], teams)


def known_teams(owners: Iterable[tuple[str, str, object]], teams: list[str]) -> Iterator[Finding]:
    """Each team at a (file, key, team) place is one of ``teams``."""
    for file, key, team in owners:
        if isinstance(team, str) and team not in teams:
            problem = f"team '{team}' is not in configs/routing.yaml"
            yield Finding(file=file, key=key, problem=problem, allowed=", ".join(sorted(teams)), suggestion=nearest(team, teams))


def quantities(kind: type[Q], content: object, *path: str) -> Iterator[tuple[str, Q]]:
    """Every (key, quantity) that a path leads to, without what is none."""
    for key, value in each(content, *path):
        if quantity := kind.of(value):
            yield key, quantity


def _twice(places: Iterable[tuple[str, str, object]], named: Callable[[object], str]) -> Iterator[Finding]:
    """What is at more than one of the (file, key, value) places."""
    first: dict[object, tuple[str, str]] = {}
    for file, key, value in places:
        if not isinstance(value, str | int):
            continue
        if value in first:
            other_file, other_key = first[value]
            where = other_key if other_file == file else f"{other_key} of {other_file}"
            yield Finding(file=file, key=key, problem=f"{named(value)} is taken by {where}")
        first.setdefault(value, (file, key))
