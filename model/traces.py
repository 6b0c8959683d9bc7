"""Traces: how many, how long they are kept, and where. What follows from the one retention and the expected traffic is derived here."""

import math
from typing import Annotated

from pydantic import Field

from model.base import Model
from model.quantities import Cpu, Duration, Size, Text
from model.resources import Resources

SHORTEST_RETENTION = Duration("1d")
"""Traces are deleted by whole days."""

HEAP_SHARE = 0.5
"""Elasticsearch wants the other half of its memory for the files that the kernel keeps in it."""

LARGEST_HEAP = Size("31Gi")
"""Above it Java's pointers are twice as long, and the heap holds less than before."""

DISK_SHARE = 0.75
"""How full disks may get: the first alert; at 85 % Elasticsearch places nothing more on a node, at 95 % it refuses all spans."""

QUEUE_SHARE = 0.4
"""The share of the collector's volume that waiting spans may take: a compaction writes them a second time."""

_DAY = 86400

CertificatePem = Annotated[
    str,
    Text(
        r"(-----BEGIN CERTIFICATE-----\n([A-Za-z0-9+/=]+\n)+-----END CERTIFICATE-----\n?)+",
        "one or more certificates in PEM, from -----BEGIN CERTIFICATE----- on",
    ),
]
"""Certificates, which are public; keys are stack secrets."""

StorageUrl = Annotated[
    str, Text(r"https://[a-z0-9][a-z0-9.-]*(:\d{1,5})?", "a web address with https and without a path, such as https://es.example.org:9200")
]
"""Where Elasticsearch or OpenSearch answers: never without TLS, as a password goes there."""


class Tls(Model):
    """What Elasticsearch shows to prove who it is. Its private key is the stack secret ``elasticsearchPrivateKey``."""

    authority: CertificatePem
    """The certificate authority that Jaeger and the collector believe, and the nodes each other."""

    certificate: CertificatePem
    """The certificate of all nodes, signed by the authority, for the names in ``components.elasticsearch.CERTIFIED_NAMES``."""


class Elasticsearch(Model):
    """Elasticsearch of the platform's own. Its password is the stack secret ``elasticsearchPassword``."""

    replicas: int = Field(default=1, ge=1, le=9)
    """Nodes. From three on each span is on two of them; two would not survive the loss of one."""

    storage: Size = Size("20Gi")
    """The volume of each node."""

    resources: Resources = Resources(cpu=Cpu("500m"), memory=Size("2Gi"))

    heap: Size | None = None
    """What Java gets of the memory; half of it when absent."""

    tls: Tls

    @property
    def heap_bytes(self) -> int:
        """The heap in bytes."""
        return self.heap.bytes if self.heap else int(self.resources.memory.bytes * HEAP_SHARE)


class ExternalStorage(Model):
    """An Elasticsearch or OpenSearch that somebody else runs. The user's password is the stack secret ``elasticsearchPassword``."""

    url: StorageUrl
    """Where it answers."""

    username: str = Field(min_length=1)
    """The user that writes, reads and deletes ``jaeger-*``."""

    authority: CertificatePem | None = None
    """The authority of its certificate; those that everybody believes when absent."""

    nodes: int = Field(default=3, ge=1)
    """Its data nodes, over which each day's spans are spread."""


class Traffic(Model):
    """What is expected to be kept; disks and alerts are sized for it."""

    spans_per_second: int = Field(default=50, ge=1)
    """Spans that are kept, after sampling, on average over a day."""

    span_size: Size = Size("1Ki")
    """What one span takes on disk, with its share of the index."""


class Role(Model):
    """One of Jaeger's two roles: how many, and what each gets."""

    replicas: int = Field(default=1, ge=1, le=20)
    resources: Resources = Resources(cpu=Cpu("100m"), memory=Size("256Mi"))


class Jaeger(Model):
    """Jaeger, whose roles scale apart."""

    collector: Role = Role()
    """Takes spans in, and tells services what to sample."""

    query: Role = Role()
    """Finds traces, and shows them."""


class Collector(Model):
    """The OpenTelemetry Collector in front, with a queue on disk for the time that the storage is away."""

    replicas: int = Field(default=1, ge=1, le=20)
    storage: Size = Size("1Gi")
    """The volume of each, for spans that wait."""

    resources: Resources = Resources(cpu=Cpu("100m"), memory=Size("256Mi"))

    @property
    def queue_bytes(self) -> int:
        """How many bytes of spans may wait."""
        return int(self.storage.bytes * QUEUE_SHARE)


class Traces(Model):
    """Traces: one of ``elasticsearch`` and ``external`` keeps them."""

    retention: Duration = Duration("3d")
    """How long every trace is kept at least; it is gone a day and an hour later."""

    traffic: Traffic = Traffic()
    elasticsearch: Elasticsearch | None = None
    external: ExternalStorage | None = None
    jaeger: Jaeger = Jaeger()
    collector: Collector = Collector()

    @property
    def days(self) -> int:
        """How many daily indices there are at most."""
        return daily_indices(self.retention)

    @property
    def nodes(self) -> int:
        """How many nodes keep them."""
        return self.external.nodes if self.external else self.elasticsearch.replicas if self.elasticsearch else 1

    @property
    def shards(self) -> int:
        """Into how many parts each day's spans are split: one a node, so that all of them work."""
        return min(self.nodes, 5)

    @property
    def copies(self) -> int:
        """On how many more nodes each part is."""
        return copies_over(self.nodes)


def copies_over(nodes: int) -> int:
    """On how many more of the nodes each part is. On a single node a copy could be nowhere, and the cluster would be yellow for ever."""
    return 1 if nodes > 1 else 0


def daily_indices(retention: Duration) -> int:
    """How many daily indices keep a retention.

    An index holds the spans of one day, so its last span is a day younger than its first: all of it stays until the last one is old enough.
    """
    return math.ceil(retention.seconds / _DAY) + 1


def disk_bytes(*, spans_per_second: int, span_bytes: int, days: int, copies: int, nodes: int) -> int:
    """What each of ``nodes`` has on its disk when all ``days`` are full, with ``copies`` of everything besides the first."""
    return math.ceil(spans_per_second * _DAY * span_bytes * days * (1 + copies) / nodes)
