"""An S3 of a test's own, which can be taken away and comes back with what it had."""

import json
import uuid
from typing import Protocol, cast

from moto.server import ThreadedMotoServer

from model.logs import Logs
from sandbox.ports import free_port
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import Obj, items, text


class _Server(Protocol):
    """The part of moto's untyped server that we use."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Storage:
    """One bucket. What is in it stays within this process, whether the API answers or refuses connections."""

    def __init__(self, region: str) -> None:
        """Serve at an address of its own."""
        self._port = free_port()
        self._bucket = f"logs-{uuid.uuid4().hex[:8]}"
        self.address = f"http://127.0.0.1:{self._port}"
        self.start()
        endpoints = json.dumps([{"s3": self.address}])
        self._aws = Aws({"region": region, "accessKey": "test", "secretKey": "test", "endpoints": endpoints})
        self._aws.call("s3", "create_bucket", Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": region})

    def used_by(self, logs: Logs) -> Logs:
        """The settings with this bucket in the place of theirs."""
        return logs.model_copy(update={"bucket": logs.bucket.model_copy(update={"name": self._bucket, "endpoint": self.address})})

    def start(self) -> None:
        """Answer (again)."""
        self._server = cast(_Server, ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False))
        self._server.start()

    def stop(self) -> None:
        """Refuse connections."""
        self._server.stop()

    def keys(self, prefix: str = "") -> set[str]:
        """The objects that are there, of those that begin with a prefix. Raises AwsError."""
        found: set[str] = set()
        after = ""
        while page := [text(item, "Key") for item in items(self._list(prefix, after), "Contents")]:
            found |= set(page)
            after = page[-1]
        return found

    def _list(self, prefix: str, after: str) -> Obj:
        return self._aws.call("s3", "list_objects_v2", Bucket=self._bucket, Prefix=prefix, StartAfter=after)
