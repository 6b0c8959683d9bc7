"""An outage of the trace storage, during which the collector is killed: what it said yes to must be found afterwards."""

import threading
import time

from sandbox.kube import Kube
from tests.e2e.incident import scale
from tests.e2e.tracing import SPACE, Sender, Storage, address
from tests.waiting import until

OUTAGE_SECONDS = 60


class Outage:
    """While it lasts, the storage is gone and a service goes on sending spans."""

    def __init__(self, kube: Kube) -> None:
        self._kube = kube
        self._over = threading.Event()
        self._worker = threading.Thread(target=self._send)
        self.sender = Sender(host=address(kube, "observability", "collector"))

    def begin(self, kills: int) -> None:
        """Stop the storage, and kill the collector so many times."""
        self._worker.start()
        until(lambda: len(self.sender.taken) >= 50, what="spans are taken")
        scale(self._kube, "observability", "elasticsearch", 0, kind="statefulsets")
        self._began = time.monotonic()
        for _ in range(kills):
            kill_collector(self._kube)

    def end(self) -> None:
        """Start the storage, once it was gone for a minute."""
        until(lambda: time.monotonic() - self._began >= OUTAGE_SECONDS, seconds=OUTAGE_SECONDS + 1, what="the outage is over")
        self.heal()
        print(f"{len(self.sender.taken)} spans taken, {len(self.sender.refused)} refused")

    def heal(self) -> None:
        """Put everything back, whatever there is of it."""
        scale(self._kube, "observability", "elasticsearch", 1, kind="statefulsets")
        self._over.set()
        if self._worker.ident:
            self._worker.join()

    def lost(self) -> set[str]:
        """The spans that were taken and are not stored; all of them while the storage is not there."""
        try:
            return self.sender.taken - Storage(kube=self._kube).spans_of(self.sender.service)
        except OSError:
            return self.sender.taken

    def _send(self) -> None:
        while not self._over.wait(0.1):
            self.sender.send(5)


def kill_collector(kube: Kube) -> None:
    """Ends the collector as a node that fails does, and waits for the next one."""
    path = f"{SPACE}/pods/collector-0"
    before = kube.get(path)["metadata"]["uid"]
    kube.call("DELETE", path, query={"gracePeriodSeconds": "0"})
    until(lambda: _replaced(kube, before), seconds=60, what="there is another collector")


def _replaced(kube: Kube, before: object) -> bool:
    pod = kube.get(f"{SPACE}/pods/collector-0")
    ready = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}.get("Ready")
    return pod["metadata"]["uid"] != before and ready == "True"
