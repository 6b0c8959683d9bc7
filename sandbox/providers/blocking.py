"""Providers written as ordinary blocking functions: engine calls come in parallel and some wait for minutes, so each has a thread."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from pulumi.provider.experimental import provider as sdk

from sandbox.providers.server import InitializationError
from sandbox.providers.values import Properties, redact, secret_texts

_Q = TypeVar("_Q")
_A = TypeVar("_A")


class ProviderError(Exception):
    """What went wrong, for the user. Holds no secret of the inputs."""


class BlockingProvider(sdk.Provider):
    """Subclasses answer by `*_now`. Secret texts of the inputs are taken out of every error."""

    @abstractmethod
    def check_now(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """The inputs as they will be applied, or what is wrong with them."""

    @abstractmethod
    def diff_now(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """What an update would change."""

    @abstractmethod
    def create_now(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Makes the object, or tries it without effect in a preview."""

    @abstractmethod
    def read_now(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """The object as it is; no id when it is gone."""

    @abstractmethod
    def update_now(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Changes the object, or tries it without effect in a preview."""

    @abstractmethod
    def delete_now(self, request: sdk.DeleteRequest) -> None:
        """Removes the object and returns once it is gone."""

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """See `check_now`."""
        return await _in_thread(self.check_now, request, request.new_inputs)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """See `diff_now`."""
        return await _in_thread(self.diff_now, request, request.new_inputs)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """See `create_now`."""
        return await _in_thread(self.create_now, request, request.properties)

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """See `read_now`."""
        return await _in_thread(self.read_now, request, request.inputs)

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """See `update_now`."""
        return await _in_thread(self.update_now, request, request.news)

    async def delete(self, request: sdk.DeleteRequest) -> None:
        """See `delete_now`."""
        await _in_thread(self.delete_now, request, request.properties)


async def _in_thread(call: Callable[[_Q], _A], request: _Q, inputs: Properties) -> _A:
    try:
        return await asyncio.to_thread(call, request)
    except InitializationError as failure:
        secrets = secret_texts(inputs)
        reasons = [redact(reason, secrets) for reason in failure.reasons]
        raise InitializationError(failure.resource_id, failure.properties, reasons, failure.inputs) from None
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may quote an input
        raise ProviderError(redact(str(error) or repr(error), secret_texts(inputs))) from None
