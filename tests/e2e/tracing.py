"""What the tests of traces share: requests and spans in, traces out, and the storage itself."""

import base64
import http.client
import json
import secrets
import ssl
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import cast

from sandbox.kube import Kube, KubeError, Object

SPACE = "/api/v1/namespaces/observability"
NAME = "elasticsearch.observability.svc"
"""That for which the storage has its certificate."""
GATEWAY = ("dharma", "api-gateway", 3000)
MOST_SPANS = 60_000
"""Of one service; the storage answers with 65,536 at most."""


def address(kube: Kube, namespace: str, service: str) -> str:
    """The cluster address of a Service, which the host of a sandbox reaches."""
    return str(kube.get(f"/api/v1/namespaces/{namespace}/services/{service}")["spec"]["clusterIP"])


def request(kube: Kube, path: str, *, target: tuple[str, str, int] = GATEWAY, method: str = "GET", agent: str = "test") -> tuple[str, bool]:
    """One request: the id of its trace, and whether it is kept."""
    namespace, service, port = target
    connection = http.client.HTTPConnection(address(kube, namespace, service), port, timeout=10)
    connection.request(method, path, headers={"User-Agent": agent})
    answer = connection.getresponse()
    _, trace, _, flags = str(answer.headers["Traceresponse"]).split("-")
    connection.close()
    return trace, flags == "01"


def traces(kube: Kube, query: dict[str, str]) -> list[Object]:
    """What Jaeger finds."""
    return cast("list[Object]", kube.service("observability", "jaeger-query", "http", "api/traces", query)["data"])


def trace(kube: Kube, identity: str) -> Object | None:
    """One trace by its id; None while Jaeger does not know it."""
    try:
        found = kube.get(f"{SPACE}/services/jaeger-query:http/proxy/api/traces/{identity}")["data"]
    except KubeError as error:
        if str(error).startswith("404"):  # Jaeger says so of a trace that it does not have
            return None
        raise
    return cast("list[Object]", found)[0] if found else None


def series(kube: Kube, query: str) -> list[Object]:
    """The result of an instant query to Prometheus."""
    return cast("list[Object]", kube.service("observability", "prometheus", "http", "api/v1/query", {"query": query})["data"]["result"])


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Elasticsearch's place in the sandbox, called as Jaeger calls it: with TLS, the authority and the password."""

    kube: Kube

    @property
    def password(self) -> str:
        """That of its built-in user."""
        return base64.b64decode(self.kube.get(f"{SPACE}/secrets/trace-storage")["data"]["password"]).decode()

    def call(self, method: str, path: str, body: object = None) -> Object:
        """One request; raises OSError when it is not answered with a success."""
        authority = str(self.kube.get(f"{SPACE}/configmaps/trace-storage")["data"]["ca.crt"])
        token = base64.b64encode(f"elastic:{self.password}".encode()).decode()
        connection = _Named(address(self.kube, "observability", "elasticsearch"), NAME, ssl.create_default_context(cadata=authority))
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json", "Host": NAME}
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise OSError(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return cast("Object", json.loads(content or b"{}"))

    def indices(self) -> set[str]:
        """The names of Jaeger's indices."""
        return set(self.call("GET", "/jaeger-*"))

    def spans_of(self, service: str) -> set[str]:
        """The ids of all spans of a service that are stored: once each, as after an outage some are stored many times over."""
        self.call("POST", "/jaeger-span-*/_refresh")
        ids = {"terms": {"field": "spanID", "size": MOST_SPANS}}
        query = {"size": 0, "query": {"term": {"process.serviceName": service}}, "aggs": {"ids": ids}}
        found = self.call("POST", "/jaeger-span-*/_search", query)["aggregations"]["ids"]
        assert found["sum_other_doc_count"] == 0, f"more than {MOST_SPANS} spans of {service}"
        return {str(bucket["key"]) for bucket in found["buckets"]}


class _Named(http.client.HTTPSConnection):
    """A connection to an address whose certificate is for a name."""

    def __init__(self, host: str, name: str, context: ssl.SSLContext) -> None:
        super().__init__(host, 9200, timeout=30, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        plain = http.client.HTTPConnection(self.host, self.port, timeout=30)
        plain.connect()
        self.sock = self._tls.wrap_socket(plain.sock, server_hostname=self._name)


@dataclass(kw_only=True)
class Sender:
    """A service that sends spans by OTLP over HTTP and notes which were taken."""

    host: str
    service: str = field(default_factory=lambda: f"sender-{secrets.token_hex(4)}")
    taken: set[str] = field(default_factory=set[str])
    refused: set[str] = field(default_factory=set[str])

    def send(self, count: int) -> None:
        """Spans of one message; taken only when the collector says so."""
        spans = [secrets.token_hex(8) for _ in range(count)]
        try:
            connection = http.client.HTTPConnection(self.host, 4318, timeout=3)
            connection.request("POST", "/v1/traces", body=json.dumps(self._message(spans)), headers={"Content-Type": "application/json"})
            answer = connection.getresponse()
            partial = json.loads(answer.read() or b"{}").get("partialSuccess", {}) if answer.status == http.client.OK else None
            connection.close()
        except OSError:
            partial = None
        except http.client.HTTPException:
            partial = None
        (self.refused if partial is None or partial.get("rejectedSpans") else self.taken).update(spans)

    def _message(self, spans: list[str]) -> Object:
        now = time.time_ns()
        attributes = [{"key": "service.name", "value": {"stringValue": self.service}}]
        described = [
            {
                "traceId": secrets.token_hex(16),
                "spanId": span,
                "name": "sent",
                "kind": 2,
                "startTimeUnixNano": str(now - 10**6),
                "endTimeUnixNano": str(now),
            }
            for span in spans
        ]
        return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"scope": {}, "spans": described}]}]}


def quoted(value: object) -> str:
    """A value for an address."""
    return urllib.parse.quote(json.dumps(value))
