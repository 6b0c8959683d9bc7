"""AWS as one typed function over plain JSON: the one place that touches (untyped) boto3, and the provider's configuration."""

import difflib
import json
import threading
from collections.abc import Callable
from typing import Final, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.providers.values import Json, Obj, mapping, text

_USED: Final = ("region", "accessKey", "secretKey", "token", "profile", "endpoints", "s3UsePathStyle", "defaultTags")
_WITHOUT_EFFECT: Final = (
    *("skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId"),
    *("allowedAccountIds", "forbiddenAccountIds", "maxRetries", "retryMode", "insecure", "customCaBundle"),
)
_ENGINE: Final = ("version", "pluginDownloadURL", "__internal")


class AwsError(Exception):
    """AWS refused, or did not answer. `code` is AWS's own, such as NoSuchBucket; empty without an answer."""

    def __init__(self, code: str, message: str) -> None:
        """`message` is for the user."""
        super().__init__(message)
        self.code = code


class _Session(Protocol):
    def client(self, service_name: str, **options: object) -> object: ...


def problems(given: Obj) -> list[tuple[str, str]]:
    """What is wrong with the provider's configuration, as (key, message) pairs."""
    known = [*_USED, *_WITHOUT_EFFECT]
    found: list[tuple[str, str]] = []
    for key in given:
        if key not in known and key not in _ENGINE:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            found.append((key, f"unknown setting {key} of the aws stand-in: {hint}Allowed are {', '.join(sorted(known))}"))
    return found


def decoded(value: Json) -> Json:
    """A configuration value: whatever is no text comes to a provider as JSON in a text."""
    if isinstance(value, str) and value[:1] in ("{", "[", "t", "f"):
        try:
            return cast(Json, json.loads(value))
        except ValueError:
            return value
    return value


class Aws:
    """One account and region. Safe to use from many threads."""

    def __init__(self, given: Obj) -> None:
        """`given` is the provider's configuration."""
        self._settings = {key: decoded(value) for key, value in given.items()}
        self.region = text(self._settings, "region") or "us-east-1"
        self.default_tags = mapping(self._settings, "defaultTags", "tags")
        endpoints = self._settings.get("endpoints")
        self._endpoints = mapping(endpoints[0]) if isinstance(endpoints, list) and endpoints else mapping(endpoints)
        self._session = cast(
            _Session,
            boto3.Session(
                aws_access_key_id=text(self._settings, "accessKey") or None,
                aws_secret_access_key=text(self._settings, "secretKey") or None,
                aws_session_token=text(self._settings, "token") or None,
                profile_name=text(self._settings, "profile") or None,
                region_name=self.region,
            ),
        )
        self._clients: dict[str, object] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, **parameters: Json) -> Obj:
        """One operation, named as in boto3. Raises AwsError."""
        method = cast(Callable[..., object], getattr(self._client(service), operation))
        try:
            return cast(Obj, json.loads(json.dumps(method(**parameters), default=str)))
        except ClientError as error:
            refusal = mapping(cast(Json, error.response), "Error")
            raise AwsError(text(refusal, "Code"), f"{service}.{operation}: {text(refusal, 'Code')}: {text(refusal, 'Message')}") from None
        except BotoCoreError as error:
            raise AwsError("", f"{service}.{operation}: {error}") from None

    def _client(self, service: str) -> object:
        with self._lock:  # making a client is not thread-safe in boto3, using one is
            if service not in self._clients:
                endpoint = text(self._endpoints, service) or None
                path_style = self._settings.get("s3UsePathStyle") is True or endpoint is not None
                config = Config(s3={"addressing_style": "path"} if path_style else {}, max_pool_connections=32)
                self._clients[service] = self._session.client(service, endpoint_url=endpoint, config=config)
            return self._clients[service]
