"""The facts of a deployment that cannot be changed freely, as a small value that the stack keeps as its output ``intent``."""

from pydantic import BaseModel, ConfigDict, Field

from model.base import Model

STATEFUL_SET = "StatefulSet"
CLAIM = "PersistentVolumeClaim"


class Facts(BaseModel):
    """A value that another version of the program may have exported, no file that people edit: what this one does not know is left out."""

    model_config = ConfigDict({**Model.model_config, "extra": "ignore"})


class Volume(Facts):
    """A StatefulSet with its volumes, or a volume by itself."""

    size: str
    """Of each volume."""

    storage_class: str = "default"
    """The storage class; that of the cluster is called ``default``."""

    template: str = ""
    """Name and access mode."""

    replicas: int = 1
    """How many there are, each of which holds what no other does; 1 where all hold the same."""

    fixed: dict[str, str] = Field(default_factory=dict[str, str])
    """Those fields of the StatefulSet that cannot change in place, besides its selector."""


class Intent(Facts):
    """What an environment deployed, as far as a later change of it could lose something."""

    places: dict[str, str] = Field(default_factory=dict[str, str])
    """Where data is and which cluster this is, by setting, such as ``logs.bucket.name``."""

    volumes: dict[str, Volume] = Field(default_factory=dict[str, Volume])
    """By object, such as ``StatefulSet observability/loki``."""

    selectors: dict[str, str] = Field(default_factory=dict[str, str])
    """The labels by which pods are found, by part, such as ``observability/loki``."""

    retention: dict[str, str] = Field(default_factory=dict[str, str])
    """How long each signal is kept, by setting, such as ``logs.retention``."""

    classes: dict[str, str] = Field(default_factory=dict[str, str])
    """The streams of each class of logs that has a retention of its own."""

    log_schema: dict[str, str] = Field(default_factory=dict[str, str])
    """How logs are stored, by the first day of each period."""

    versions: dict[str, str] = Field(default_factory=dict[str, str])
    """The version of each program that runs."""

    def exported(self) -> dict[str, object]:
        """The intent as plain JSON."""
        return self.model_dump(mode="json", by_alias=True)


def class_key(name: str) -> str:
    """The key in ``retention`` of a class of logs."""
    return f"logs.classes.{name}.retention"
