"""What the program would create: its resources, recorded instead of made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import pulumi
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto.resource_pb2 import RegisterResourceOutputsRequest, RegisterResourceRequest, RegisterResourceResponse

from components.platform import Platform, PlatformArgs
from model import secrets
from model.environment import Environment
from model.secrets import MASK

LATER = "known after deployment"
"""What stands in a manifest where only the cluster knows the value."""

READ_OUTPUTS = "pulumi:pulumi:readStackOutputs"
"""The engine's own function by which a program reads the outputs of a stack."""

_ENVELOPE = "4dabf18193072939515e22adb298388d"
"""The key by which the SDK marks what it wraps for the journey, of which secrets are the only kind here."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A resource that was registered."""

    type: str
    """Its type token, such as ``kubernetes:core/v1:ConfigMap``."""

    name: str
    """Its name in the program."""

    parents: tuple[str, ...]
    """The types of its parents, the outermost first."""

    inputs: Mapping[str, object]
    """Its inputs as they travel: secrets within envelopes."""

    ignored: tuple[str, ...] = ()
    """The fields of which changes are ignored."""

    protected: bool = False
    """Whether the engine refuses to delete it."""

    retained: bool = False
    """Whether it is left where it is when the engine forgets it."""

    complete: bool = False
    """Whether it registered its outputs, as a component does at the end."""

    @property
    def manifest(self) -> dict[str, object]:
        """The object that it asks for, of Kubernetes or of AWS, with secrets masked."""
        return cast("dict[str, object]", readable(self.inputs))


class _Inputs(Protocol):
    """The part of the SDK's untyped request that we read."""

    inputs: dict[str, object]


class _Typed(Protocol):
    """The part of the same request that says what is made."""

    typ: str


class _State(Protocol):
    """The part of the SDK's untyped registration that we read."""

    state: dict[str, object]


class _Recorder(Mocks):
    """Answers as if everything had been made, by a stack that had these outputs before."""

    def __init__(self, outputs: Mapping[str, object]) -> None:
        self._outputs = dict(outputs)

    def call(self, args: MockCallArgs) -> tuple[dict[str, object], list[tuple[str, str]] | None]:
        if args.token == READ_OUTPUTS:
            return {"outputs": self._outputs}, []
        raise NotImplementedError(f"the program calls {args.token}, which needs a cluster or a cloud")

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, object]]:
        inputs = cast("_Inputs", args).inputs
        if not cast("_Typed", args).typ.startswith("kubernetes:"):
            return args.name, inputs
        metadata = cast("dict[str, object]", inputs.get("metadata") or {})
        return args.name, {**inputs, "metadata": {**metadata, "resourceVersion": LATER}}


class _Monitor(MockMonitor):
    """Also notes which components were finished, and of which fields changes are ignored."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.finished: set[str] = set()
        self.ignored: dict[str, tuple[str, ...]] = {}
        self.protected: set[str] = set()
        self.retained: set[str] = set()

    def RegisterResource(self, request: RegisterResourceRequest) -> RegisterResourceResponse:  # noqa: N802 (the name is the protocol's)
        response = super().RegisterResource(request)  # pyright: ignore[reportUnknownMemberType] (the SDK's method has no annotations)
        self.ignored[response.urn] = tuple(request.ignoreChanges)
        self.protected |= {response.urn} if request.protect else set()
        self.retained |= {response.urn} if request.retainOnDelete else set()
        return response

    def RegisterResourceOutputs(self, request: RegisterResourceOutputsRequest) -> Empty:  # noqa: N802 (the name is the protocol's)
        self.finished.add(request.urn)
        return Empty()


def record(program: Callable[[], object], *, stack: str, outputs: Mapping[str, object] | None = None) -> tuple[Recorded, ...]:
    """Run a program as the engine would, and return its resources sorted by parents and name. Errors of the program are raised.

    ``outputs`` are those of the previous deployment; without any it is the first one.
    """
    recorder = _Recorder(outputs or {})
    monitor = _Monitor(recorder)
    set_mocks(recorder, project="observability", stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.test(program)()  # pyright: ignore[reportUnknownMemberType] (the SDK's function has no annotations)
    found = [_recorded(urn, cast("_State", made).state, monitor) for urn, made in monitor.get_registered_resources().items()]
    return tuple(sorted(found, key=lambda resource: (resource.parents, resource.type, resource.name)))


def record_platform(environment: Environment, value: Callable[[str], str] = lambda key: f"value of {key}") -> tuple[Recorded, ...]:
    """The resources of an environment's platform; ``value`` makes up the secret of a key."""

    def program() -> None:
        needed = secrets.required(environment.settings, environment.catalogues, environment.routing)
        args = PlatformArgs(environment=environment, secrets={secret.key: pulumi.Output.secret(value(secret.key)) for secret in needed})
        Platform("platform", args)

    return record(program, stack=environment.name)


def _recorded(urn: str, state: Mapping[str, object], monitor: _Monitor) -> Recorded:
    *_, types, name = urn.split("::")
    *parents, kind = types.split("$")
    metadata = {key: value for key, value in cast("dict[str, object]", state.get("metadata") or {}).items() if key != "resourceVersion"}
    inputs = {**state, "metadata": metadata} if kind.startswith("kubernetes:") else dict(state)
    return Recorded(
        type=kind,
        name=name,
        parents=tuple(parents),
        inputs=inputs,
        ignored=monitor.ignored[urn],
        protected=urn in monitor.protected,
        retained=urn in monitor.retained,
        complete=urn in monitor.finished,
    )


def readable(value: object) -> object:
    """A value as people write it: secrets masked, whole numbers without a fraction, keys sorted, nothing for what was left out."""
    match value:
        case dict():
            entries = cast("dict[str, object]", value)
            if is_envelope(entries):
                return masked(entries.get("value"))
            return {key: readable(item) for key, item in sorted(entries.items()) if item is not None}
        case list():
            return [readable(item) for item in cast("list[object]", value)]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value


def is_envelope(value: Mapping[str, object]) -> bool:
    """Whether a mapping is the wrapping of a secret."""
    return _ENVELOPE in value


def masked(value: object) -> object:
    """A secret without what it says; of a mapping the keys stay, as they are names of files."""
    if isinstance(value, dict):
        return dict.fromkeys(sorted(cast("dict[str, object]", value)), MASK)
    return MASK
