"""The Kubernetes API as typed functions over plain JSON: the one place that touches the (untyped) kubernetes library.

It takes the library's kubeconfig handling, TLS and authentication. Discovery is here because the library's dynamic client keeps its own in
one shared file in /tmp that outlives the cluster, and looks for a core kind in every group.
"""

import json
import threading
from dataclasses import dataclass
from typing import Protocol, cast

from kubernetes import config as kubernetes_config
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from sandbox.providers.values import Json, Obj, items, text

_ANSWER_WITHIN = 30  # seconds
_CONNECTIONS = 32


class _Response(Protocol):
    data: bytes


class _Configuration(Protocol):
    host: str
    connection_pool_maxsize: int
    retries: int


class _Connection(Protocol):
    configuration: _Configuration

    def call_api(self, resource_path: str, method: str, **parameters: object) -> _Response: ...


class ApiError(Exception):
    """The API server's refusal. `code`: HTTP status (0: no answer); `conflicts`: (manager, field) pairs of a server-side apply."""

    def __init__(self, code: int, message: str, conflicts: tuple[tuple[str, str], ...] = ()) -> None:
        """`message` is for the user."""
        super().__init__(message)
        self.code = code
        self.conflicts = conflicts


class UnknownKindError(ApiError):
    """The API server serves no such kind: it is misspelt, or its CustomResourceDefinition is missing."""


@dataclass(frozen=True)
class Ref:
    """Which object. `namespace` is empty for kinds that live in none."""

    api_version: str
    kind: str
    namespace: str
    name: str

    @property
    def id(self) -> str:
        """The Pulumi id: namespace/name, or the name alone."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f'{self.kind} "{self.id}"'


def ref(obj: Obj) -> Ref:
    """The object's own reference."""
    return Ref(text(obj, "apiVersion"), text(obj, "kind"), text(obj, "metadata", "namespace"), text(obj, "metadata", "name"))


@dataclass(frozen=True)
class _Kind:
    plural: str
    namespaced: bool


class Cluster:
    """One API server. Safe to use from many threads. Every method raises ApiError."""

    def __init__(self, kubeconfig: Obj, context: str = "") -> None:
        """Raises ConfigException for a kubeconfig that cannot be used."""
        client = kubernetes_config.new_client_from_config_dict(kubeconfig, context=context or None)  # pyright: ignore[reportUnknownMemberType]
        self._connection = cast(_Connection, client)
        self._connection.configuration.connection_pool_maxsize = _CONNECTIONS
        self.server = self._connection.configuration.host
        self._kinds: dict[str, dict[str, _Kind]] = {}
        self._lock = threading.Lock()

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether objects of the kind live in a namespace. Raises UnknownKindError."""
        return self._kind(api_version, kind).namespaced

    def get(self, target: Ref) -> Obj | None:
        """The live object; None when there is none, not even its kind."""
        try:
            return self._object("GET", self._path(target))
        except ApiError as error:
            if error.code == 404:
                return None
            raise

    def find(self, api_version: str, kind: str, namespace: str, labels: str = "", fields: str = "") -> list[Obj]:
        """The objects of a kind in a namespace that match the selectors."""
        path = self._path(Ref(api_version, kind, namespace, ""))
        return items(self._object("GET", path, labelSelector=labels, fieldSelector=fields), "items")

    def apply(self, obj: Obj, manager: str, *, force: bool = False, dry_run: bool = False) -> Obj:
        """Server-side apply. A field that the API does not have is refused rather than dropped."""
        path = self._path(ref(obj))
        options = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict", "dryRun": "All" if dry_run else ""}
        return self._object("PATCH", path, obj, "application/apply-patch+yaml", **options)

    def try_create(self, obj: Obj, manager: str) -> Obj:
        """What creating the object would give. Nothing is stored."""
        target = ref(obj)
        path = self._path(Ref(target.api_version, target.kind, target.namespace, ""))
        return self._object("POST", path, obj, fieldManager=manager, fieldValidation="Strict", dryRun="All")

    def patch(self, target: Ref, operations: list[Json]) -> Obj:
        """A JSON patch (RFC 6902)."""
        return self._object("PATCH", self._path(target), operations, "application/json-patch+json")

    def delete(self, target: Ref, propagation: str) -> None:
        """Asks for deletion. `propagation` is Foreground, Background or Orphan."""
        self._object("DELETE", self._path(target), {"propagationPolicy": propagation})

    def log_tail(self, namespace: str, pod: str, container: str, lines: int, *, previous: bool) -> str:
        """The last lines that a container wrote, empty when there are none to be had."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        try:
            return (
                self._call("GET", path, container=container, tailLines=str(lines), previous=str(previous).lower())
                .decode(errors="replace")
                .strip()
            )
        except ApiError:
            return ""

    def _path(self, target: Ref) -> str:
        kind = self._kind(target.api_version, target.kind)
        inside = f"/namespaces/{target.namespace or 'default'}" if kind.namespaced else ""
        return f"{_root(target.api_version)}{inside}/{kind.plural}" + (f"/{target.name}" if target.name else "")

    def _kind(self, api_version: str, kind: str) -> _Kind:
        found = self._kinds.get(api_version, {}).get(kind)
        if found is None:  # not cached when absent: a CustomResourceDefinition may come any moment
            with self._lock:
                self._kinds[api_version] = self._discover(api_version)
            found = self._kinds[api_version].get(kind)
        if found is None:
            raise UnknownKindError(
                404,
                f"the API server {self.server} serves no {kind} in {api_version}: is it misspelt, or its CustomResourceDefinition missing?",
            )
        return found

    def _discover(self, api_version: str) -> dict[str, _Kind]:
        try:
            served = items(self._object("GET", _root(api_version)), "resources")
        except ApiError as error:
            if error.code == 404:
                return {}
            raise
        return {
            text(one, "kind"): _Kind(text(one, "name"), one.get("namespaced") is True) for one in served if "/" not in text(one, "name")
        }

    def _object(self, method: str, path: str, body: Json = None, content_type: str = "application/json", **query: str) -> Obj:
        answer: Json = json.loads(self._call(method, path, body, content_type, **query))
        return answer if isinstance(answer, dict) else {}

    def _call(self, method: str, path: str, body: Json = None, content_type: str = "application/json", **query: str) -> bytes:
        try:
            return self._connection.call_api(
                path,
                method,
                query_params=[(key, value) for key, value in query.items() if value],
                header_params={"Accept": "application/json, */*", "Content-Type": content_type},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=_ANSWER_WITHIN,
            ).data
        except ApiException as error:
            raise _refusal(error) from None
        except HTTPError as error:
            raise ApiError(0, f"the API server {self.server} cannot be reached: {error}") from None


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _refusal(error: ApiException) -> ApiError:
    body = cast("str | bytes | None", error.body)  # pyright: ignore[reportUnknownMemberType]
    try:
        status: Json = json.loads(body or "")
    except ValueError:
        status = {"message": body.decode(errors="replace") if isinstance(body, bytes) else body or str(error)}
    causes = [cause for cause in items(status, "details", "causes") if text(cause, "reason") == "FieldManagerConflict"]
    # The message of such a cause is: conflict with "kubectl-edit" using apps/v1 at 2026-...
    conflicts = tuple(
        (text(cause, "message").split('"')[1], text(cause, "field")) for cause in causes if text(cause, "message").count('"') >= 2
    )
    return ApiError(cast("int | None", error.status) or 0, text(status, "message"), conflicts)  # pyright: ignore[reportUnknownMemberType]
