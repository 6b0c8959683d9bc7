"""Reading from a cluster's API: the one typed door to the untyped Kubernetes client."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from kubernetes import config
from kubernetes.client.exceptions import ApiException

Object = dict[str, Any]
"""A Kubernetes object, or any other JSON that the API server answers with."""

TIMEOUT_SECONDS = 10


class KubeError(Exception):
    """The API server refused, or could not be reached."""


class Kube:
    """A cluster, reached through the current context of a kubeconfig."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client: Any = cast(Any, config).new_client_from_config(config_file=str(kubeconfig))

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        """The JSON at a path of the API server; raises KubeError with the server's own message."""
        return self.call("GET", path, query=query)

    def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None, kind: str = "application/json"
    ) -> Object:
        """Call the API server; `kind` is the content type of the body. Raises KubeError."""
        return cast(Object, json.loads(self._ask(method, path, query, body, kind) or b"{}"))

    def text(self, path: str) -> str:
        """The text at a path, such as the metrics of a pod. Raises KubeError."""
        return self._ask("GET", path, None, None, "application/json").decode()

    def _ask(self, method: str, path: str, query: Mapping[str, str] | None, body: object, kind: str) -> bytes:
        try:
            response = self._client.call_api(
                path,
                method,
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json", "Content-Type": kind},
                body=body,
                auth_settings=["BearerToken"],
                response_type="object",
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=TIMEOUT_SECONDS,
            )
        except ApiException as error:
            raise KubeError(_message(error)) from error
        except Exception as error:
            raise KubeError(f"the API server does not answer: {error}") from error
        return cast(bytes, response.data)

    def list(self, path: str) -> list[Object]:
        """The items of a list."""
        return cast("list[Object]", self.get(path)["items"])

    def service(self, namespace: str, name: str, port: str, path: str, query: Mapping[str, str] | None = None) -> Object:
        """The JSON that a Service answers with, through the API server's proxy: works from wherever the API server does."""
        return self.get(f"/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy/{path.lstrip('/')}", query)


def current_context(kubeconfig: Path) -> str:
    """The name of a kubeconfig's current context."""
    _, active = cast("tuple[object, dict[str, str]]", cast(Any, config).list_kube_config_contexts(config_file=str(kubeconfig)))
    return active["name"]


def _message(error: ApiException) -> str:
    details = cast(Any, error)
    try:
        return str(json.loads(details.body)["message"])
    except (TypeError, ValueError, KeyError):
        return f"{details.status} {details.reason}"
