"""What every kind of AWS resource here must answer, and the spelling of names between Pulumi and AWS."""

from abc import ABC, abstractmethod
from typing import ClassVar, Final

from sandbox.providers.aws.client import Aws, AwsError
from sandbox.providers.values import Json, Obj, items, text

_SPELLINGS: Final = {"id": "ID", "sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID", "mfaDelete": "MFADelete"}
_BACK: Final = {theirs: ours for ours, theirs in _SPELLINGS.items()}


class Kind(ABC):
    """One kind of resource: its properties and its life. The methods raise AwsError."""

    properties: ClassVar[frozenset[str]]
    """The inputs that a program may give."""
    name_key: ClassVar[str] = ""
    """The input that gets a made-up name when it is absent; empty when there is none."""
    replaces: ClassVar[frozenset[str]] = frozenset()
    """The inputs that cannot change in place."""

    @abstractmethod
    def create(self, aws: Aws, inputs: Obj) -> str:
        """Makes the resource and returns its id."""

    @abstractmethod
    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """The resource's properties as they are; None when it is gone."""

    @abstractmethod
    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Brings the resource to the inputs."""

    @abstractmethod
    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Removes the resource."""


def to_aws(value: Json) -> Json:
    """Pulumi's camelCase names as AWS's PascalCase."""
    if isinstance(value, dict):
        return {_SPELLINGS.get(key, key[:1].upper() + key[1:]): to_aws(item) for key, item in value.items()}
    return [to_aws(item) for item in value] if isinstance(value, list) else value


def from_aws(value: Json) -> Json:
    """AWS's PascalCase names as Pulumi's camelCase."""
    if isinstance(value, dict):
        return {_BACK.get(key, key[:1].lower() + key[1:]): from_aws(item) for key, item in value.items()}
    return [from_aws(item) for item in value] if isinstance(value, list) else value


def tag_list(tags: Obj, key: str = "Key", value: str = "Value") -> list[Json]:
    """Tags as AWS takes them."""
    return [{key: name, value: content} for name, content in sorted(tags.items())]


def tag_map(answer: Obj, field: str, key: str = "Key", value: str = "Value") -> Obj:
    """Tags as Pulumi shows them."""
    return {text(tag, key): text(tag, value) for tag in items(answer, field)}


def attempt(aws: Aws, service: str, operation: str, *absent: str, **parameters: Json) -> Obj | None:
    """The operation's answer, None when AWS refuses with one of the `absent` codes."""
    try:
        return aws.call(service, operation, **parameters)
    except AwsError as error:
        if error.code in absent:
            return None
        raise
