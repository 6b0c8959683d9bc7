"""A provider plugin under test, driven over its own protocol as the engine drives it: the stand-in or, unchanged, the official one."""

import subprocess
from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.providers.values import Json, Obj, plain_map, wrap_map

ANSWER_WITHIN = 120  # seconds; no pass or fail depends on it, it only keeps a broken plugin from hanging the suite


class Call(Protocol):
    """One method of the protocol."""

    def __call__(self, request: object, timeout: float) -> object: ...


class RefusedError(Exception):
    """The plugin answered with an error. `partial` is set when the object exists all the same."""

    def __init__(self, message: str, partial: provider_pb2.ErrorResourceInitFailed | None) -> None:
        super().__init__(message)
        self.partial = partial


class FakeEngine(engine_pb2_grpc.EngineServicer):
    """Listens where the engine would and keeps what it is told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: engine_pb2.LogRequest, context: object) -> empty_pb2.Empty:  # noqa: N802, ARG002 - named by the protocol
        """One message for the user."""
        self.messages.append(request.message)
        return empty_pb2.Empty()


@dataclass
class Resource:
    """A resource as the engine remembers it between two operations."""

    urn: str
    id: str
    inputs: struct_pb2.Struct
    state: struct_pb2.Struct

    def outputs(self) -> Obj:
        """The state without secret marks."""
        return plain_map(PropertyValue.unmarshal_map(self.state))


@dataclass
class Plugin:
    """A running plugin. Use it as a context manager."""

    executable: Path
    config: Mapping[str, Json]
    engine: FakeEngine = field(default_factory=FakeEngine)

    def __enter__(self) -> "Plugin":
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        engine_pb2_grpc.add_EngineServicer_to_server(self.engine, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()
        self._process = subprocess.Popen([str(self.executable), f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._channel = grpc.insecure_channel(f"127.0.0.1:{int(self._process.stdout.readline())}")
        self._stub = provider_pb2_grpc.ResourceProviderStub(self._channel)
        arguments = struct({key: value if isinstance(value, str) else str(value).lower() for key, value in self.config.items()})
        self.call("Configure", provider_pb2.ConfigureRequest(args=arguments, acceptSecrets=True, acceptResources=True))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()
        self._server.stop(None)

    def call(self, method: str, request: object) -> object:
        """Calls one method of the protocol. Raises RefusedError."""
        try:
            return cast(Call, getattr(self._stub, method))(request, timeout=ANSWER_WITHIN)
        except grpc.RpcError as error:
            call = cast(grpc.Call, error)
            raise RefusedError(call.details() or "", _partial(call)) from None

    def check(self, urn: str, news: struct_pb2.Struct, olds: struct_pb2.Struct | None = None) -> provider_pb2.CheckResponse:
        """What the inputs become, or what is wrong with them."""
        request = provider_pb2.CheckRequest(urn=urn, news=news, olds=olds, name=_name(urn), type=_type(urn), randomSeed=urn.encode())
        return cast(provider_pb2.CheckResponse, self.call("Check", request))

    def diff(self, old: Resource, news: struct_pb2.Struct, ignore: tuple[str, ...] = ()) -> provider_pb2.DiffResponse:
        """What an update from the old to the new inputs would change."""
        request = provider_pb2.DiffRequest(
            id=old.id,
            urn=old.urn,
            olds=old.state,
            news=news,
            old_inputs=old.inputs,
            ignoreChanges=ignore,
            name=_name(old.urn),
            type=_type(old.urn),
        )
        return cast(provider_pb2.DiffResponse, self.call("Diff", request))

    def create(self, urn: str, inputs: struct_pb2.Struct, *, preview: bool = False, timeout: float = 0) -> Resource:
        """Makes the object of checked inputs."""
        request = provider_pb2.CreateRequest(urn=urn, properties=inputs, preview=preview, timeout=timeout, name=_name(urn), type=_type(urn))
        answer = cast(provider_pb2.CreateResponse, self.call("Create", request))
        return Resource(urn, answer.id, inputs, answer.properties)

    def make(
        self, name: str, obj: Obj | Mapping[str, PropertyValue], *, kind: str = "", preview: bool = False, timeout: float = 0
    ) -> Resource:
        """Check and create. `kind` is the type token; that of a Kubernetes object comes from the object."""
        inputs = struct(obj)
        urn = urn_of(name, plain_map(PropertyValue.unmarshal_map(inputs)), kind)
        checked = self.check(urn, inputs)
        assert not checked.failures, checked.failures
        return self.create(urn, checked.inputs, preview=preview, timeout=timeout)

    def update(self, old: Resource, obj: Obj, *, preview: bool = False, timeout: float = 0, ignore: tuple[str, ...] = ()) -> Resource:
        """Check and update."""
        inputs = self.check(old.urn, struct(obj), old.inputs).inputs
        request = provider_pb2.UpdateRequest(
            id=old.id,
            urn=old.urn,
            olds=old.state,
            news=inputs,
            old_inputs=old.inputs,
            preview=preview,
            timeout=timeout,
            ignoreChanges=ignore,
        )
        answer = cast(provider_pb2.UpdateResponse, self.call("Update", request))
        return Resource(old.urn, old.id, inputs, answer.properties)

    def read(self, old: Resource) -> Resource:
        """The resource as it is now; its id is empty when it is gone."""
        request = provider_pb2.ReadRequest(
            id=old.id, urn=old.urn, properties=old.state, inputs=old.inputs, name=_name(old.urn), type=_type(old.urn)
        )
        answer = cast(provider_pb2.ReadResponse, self.call("Read", request))
        return Resource(old.urn, answer.id, answer.inputs, answer.properties)

    def delete(self, old: Resource, *, timeout: float = 0) -> None:
        """Deletes the object."""
        request = provider_pb2.DeleteRequest(
            id=old.id, urn=old.urn, properties=old.state, old_inputs=old.inputs, timeout=timeout, name=_name(old.urn), type=_type(old.urn)
        )
        self.call("Delete", request)

    def cancel(self) -> None:
        """What the engine sends after Ctrl-C."""
        self.call("Cancel", empty_pb2.Empty())


def struct(obj: Obj | Mapping[str, PropertyValue]) -> struct_pb2.Struct:
    """The object for the wire; PropertyValues keep their secret marks."""
    wrapped = {key: value if isinstance(value, PropertyValue) else wrap_map({key: value})[key] for key, value in obj.items()}
    return PropertyValue.marshal_map(wrapped)


def urn_of(name: str, obj: Obj, token: str = "") -> str:
    """The URN that a program's resource of this name and kind has."""
    if not token:
        version = str(obj["apiVersion"])
        module = version if "/" in version else f"core/{version}"
        token = f"kubernetes:{module}:{obj['kind']}"
    return f"urn:pulumi:test::test::{token}::{name}"


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]


def _type(urn: str) -> str:
    return urn.rsplit("::", 2)[-2]


def _partial(call: grpc.Call) -> provider_pb2.ErrorResourceInitFailed | None:
    for key, value in call.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            for detail in status_pb2.Status.FromString(cast(bytes, value)).details:
                found = provider_pb2.ErrorResourceInitFailed()
                if detail.Unpack(found):
                    return found
    return None
