"""Thresholds of alerts: from the catalogue, else from the stack file, else as they are here. Rules compare with series of them."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field

from model.base import Model
from model.quantities import Duration, Percent

Rate = Annotated[float, Field(gt=0)]
"""Events per second."""


class Thresholds(Model):
    """Values that alerts compare with. What was not given is taken from whoever is less specific."""

    def over(self, general: Self) -> Self:
        """These thresholds where they were given, the general ones elsewhere."""
        return general.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})

    def series(self) -> Iterator[tuple[str, float]]:
        """Each threshold as (name of its series, value): shares of 1, seconds, or events per second."""
        for name in type(self).model_fields:
            match getattr(self, name):
                case Percent() as share:
                    yield f"threshold:{name}:ratio", share.ratio
                case Duration() as time:
                    yield f"threshold:{name}:seconds", time.seconds
                case rate:
                    yield f"threshold:{name}:per_second", float(rate)


class ServiceThresholds(Thresholds):
    """When a service of a catalogue needs somebody to look, besides its SLO."""

    memory_usage: Percent = Percent("85%")
    """Share of a container's memory limit: a warning."""

    memory_usage_critical: Percent = Percent("95%")
    """Share of a container's memory limit at which the kernel is about to end it."""

    cpu_usage: Percent = Percent("80%")
    """Share of a container's CPU limit, averaged over 5 minutes: a warning."""

    cpu_usage_critical: Percent = Percent("95%")
    """Share of a container's CPU limit at which it is as good as throttled all the time."""

    request_rate: Rate = 1000
    """Requests per second that the service was sized for."""

    client_errors: Percent = Percent("25%")
    """Share of requests refused with HTTP 4xx at which a caller or a release is probably wrong."""

    unauthorized_requests: Rate = 1
    """Requests per second refused with HTTP 401 or 403 at which somebody is probably trying keys."""


class DatastoreThresholds(Thresholds):
    """When a database or cache of a catalogue needs somebody to look."""

    connection_usage: Percent = Percent("80%")
    """Share of the connections that the datastore allows: a warning."""

    connection_usage_critical: Percent = Percent("95%")
    """Share of the connections at which new ones are about to be refused."""

    query_time: Duration = Duration("1m")
    """How long a transaction may be at work on the database."""

    statement_time: Duration = Duration("1s")
    """How long statements may take on average (needs the extension pg_stat_statements)."""

    replication_lag: Duration = Duration("30s")
    """How far a replica may be behind its primary."""

    cache_hits: Percent = Percent("90%")
    """Share of reads that should be answered from memory."""

    cache_memory_usage: Percent = Percent("90%")
    """Share of a cache's own memory limit."""

    storage_usage: Percent = Percent("85%")
    """Share of the datastore's declared ``storage`` that its databases may take."""


class NodeThresholds(Thresholds):
    """When a node needs somebody to look."""

    node_disk_usage: Percent = Percent("85%")
    """Share of a file system."""

    node_memory_usage: Percent = Percent("90%")
    """Share of a node's memory that cannot be given to anybody."""

    volume_usage: Percent = Percent("90%")
    """Share of a persistent volume."""
