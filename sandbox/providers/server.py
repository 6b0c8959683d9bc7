"""A provider as a process: the SDK's gRPC server, plus what it leaves out.

The SDK's `ProviderServicer` turns every error into a text with a traceback, so nobody could say "it was made, but it is not ready" and the
engine would lose the object. Here an error is its own message, and `InitializationError` reaches the engine as such.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, cast

import grpc
import grpc.aio
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc, status_pb2

from sandbox.providers.values import Properties

_THREADS = 128  # a resource that waits for readiness holds one
_MAX_MESSAGE = 400 * 1024 * 1024  # bytes, as the engine's own
_OPTIONS = [("grpc.max_send_message_length", _MAX_MESSAGE), ("grpc.max_receive_message_length", _MAX_MESSAGE)]
_METHODS = (
    *("CheckConfig", "DiffConfig", "Configure", "Check", "Diff", "Create", "Read", "Update", "Delete"),
    *("Invoke", "Call", "Construct", "GetSchema", "Parameterize"),
)


class InitializationError(Exception):
    """The object exists but did not become ready: the engine keeps it in the state and tries again at the next update."""

    def __init__(self, resource_id: str, properties: Properties, reasons: Sequence[str], inputs: Properties | None = None) -> None:
        """`reasons` are shown to the user; `inputs` are given by a read only."""
        super().__init__("\n".join(reasons))
        self.resource_id = resource_id
        self.properties = dict(properties)
        self.reasons = list(reasons)
        self.inputs = None if inputs is None else dict(inputs)

    def status(self) -> status_pb2.Status:
        """What the engine looks for in the details of an error."""
        detail = provider_pb2.ErrorResourceInitFailed(
            id=self.resource_id,
            properties=PropertyValue.marshal_map(self.properties),
            reasons=self.reasons,
            inputs=None if self.inputs is None else PropertyValue.marshal_map(self.inputs),
        )
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=str(self))
        status.details.add().Pack(detail)
        return status


class _Log(Protocol):
    def future(self, request: engine_pb2.LogRequest, timeout: float) -> object: ...


class Engine:
    """The engine's ear: short messages beside a resource in the CLI's display."""

    def __init__(self, address: str) -> None:
        """`address` is host:port, as the engine gives it on the command line."""
        self._log = cast(_Log, engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)).Log)  # pyright: ignore[reportUnknownMemberType]

    def status(self, urn: str, message: str) -> None:
        """Shows the message until the next one comes. Never fails: it is only a display."""
        request = engine_pb2.LogRequest(severity=engine_pb2.INFO, message=message, urn=urn, ephemeral=True)
        self._log.future(request, timeout=5)


class _Context(Protocol):
    async def abort(self, code: grpc.StatusCode, details: str, trailing_metadata: Sequence[tuple[str, bytes]] = ()) -> None: ...


_Handler = Callable[[ProviderServicer, object, _Context], Awaitable[object]]


def _answering(handler: _Handler) -> _Handler:
    async def answer(servicer: ProviderServicer, request: object, context: _Context) -> object:
        try:
            return await handler(servicer, request, context)
        except Exception as error:  # noqa: BLE001 - the border of the process: whatever it is becomes an answer
            # The SDK raises its own text while it handles the provider's exception, which is the one to tell.
            cause = error.__context__ or error
            if isinstance(cause, InitializationError):
                details = (("grpc-status-details-bin", cause.status().SerializeToString()),)
                await context.abort(grpc.StatusCode.UNKNOWN, str(cause), details)
            elif isinstance(cause, NotImplementedError):
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(cause))
            await context.abort(grpc.StatusCode.UNKNOWN, str(cause) or repr(cause))

    return answer


class _Servicer(ProviderServicer):
    pass


for _method in _METHODS:
    setattr(_Servicer, _method, _answering(cast(_Handler, getattr(ProviderServicer, _method))))


def serve(version: str, make: Callable[[Engine], Provider]) -> None:
    """Serves until the engine that started this process goes away. Writes the port to standard output first, as the engine expects."""
    parser = argparse.ArgumentParser(description="A Pulumi resource provider. The engine starts it.")
    parser.add_argument("engine", help="address of the engine, host:port")
    arguments, _ = parser.parse_known_args()
    asyncio.run(_serve(version, make, str(arguments.engine)))


async def _serve(version: str, make: Callable[[Engine], Provider], address: str) -> None:
    parent = os.getppid()
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    provider = make(Engine(address))
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # the engine sends SIGINT at its end and waits; a terminal's Ctrl-C does not come here
        loop.add_signal_handler(number, ended.set)
    server = grpc.aio.server(options=_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(sys.argv[1:], version, provider, address), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    watch = asyncio.create_task(_orphaned(parent, ended))
    await ended.wait()
    watch.cancel()
    await provider.cancel()
    await server.stop(grace=5)


async def _orphaned(parent: int, ended: asyncio.Event) -> None:
    """Sets the event when the parent process has gone: an engine that was killed can tell nobody."""
    while os.getppid() == parent:  # noqa: ASYNC110 - the kernel has no event for it that is safe with Go's threads
        await asyncio.sleep(2)
    ended.set()
