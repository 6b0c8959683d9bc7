"""Retention as promised: the real compactor, told of a short retention by the settings, deletes what is older on S3 and nothing else."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from model.logs import LogClass, Logs
from model.quantities import Duration
from sandbox import bare
from sandbox.bare import Program
from tests.components.environments import environment
from tests.components.ledger import found
from tests.components.storage import Storage
from tests.waiting import until

pytestmark = pytest.mark.binaries

HOUR = 3600 * 10**9
RETENTION = {"shop": 24, "auth": 72}
"""How long the lines of a service are kept (hours); all but those of auth as long as those of the shop."""

AGES = {"shop": (0, 23, 25, 71, 80), "auth": (0, 23, 25, 71, 73)}
"""How old their lines are (hours)."""

MARKED = "loki_compactor_apply_retention_last_successful_run_timestamp_seconds"

SOON = {"compactor": {"compaction_interval": "2s", "retention_delete_delay": "1s"}}
"""A compactor that does not wait for minutes."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the logs are, and what was promised about them."""

    folder: Path
    storage: Storage
    logs: Logs

    def server(self, name: str) -> Program:
        """A Loki that has nothing on its volume yet."""
        return bare.loki(self.folder / name, environment("dev"), self.logs, SOON)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """An empty bucket."""
    logs = environment("dev").settings.logs
    assert logs is not None
    storage = Storage(logs.bucket.region)
    changes = {
        "retention": Duration(f"{RETENTION['shop']}h"),
        "classes": {"audit": LogClass(selector='{service="auth"}', retention=Duration(f"{RETENTION['auth']}h"))},
    }
    yield Place(folder=tmp_path, storage=storage, logs=storage.used_by(logs).model_copy(update=changes))
    storage.stop()


def push(loki: Program, now: int) -> None:
    """A line of each age of each service, each in a stream and so in a chunk of its own: the compactor deletes whole chunks."""
    streams = [
        {"stream": {"service": service, "age": str(age)}, "values": [[str(now - age * HOUR), f"n:{age}"]]}
        for service, ages in AGES.items()
        for age in ages
    ]
    loki.ask("/loki/api/v1/push", json.dumps({"streams": streams}).encode())


def kept(loki: Program, service: str, now: int) -> list[int]:
    """The ages of the lines that are found, looked for one by one: the longest retention is also the longest query."""
    windows = [(age, now - age * HOUR) for age in AGES[service]]
    return [age for age, at in windows if found(loki, f'{{service="{service}"}}', at - HOUR // 2, at + HOUR // 2)[age]]


def test_what_is_older_than_promised_is_gone_and_the_rest_stays(place: Place) -> None:
    now = time.time_ns()
    with place.server("first") as first:
        until(lambda: first.answers("/ready"), what="Loki is ready")
        push(first, now)
        first.stop(timeout_seconds=120)
    assert len(place.storage.keys("fake/")) == sum(map(len, AGES.values()))
    # One server notes what is to be deleted, and dies; another one, with nothing on its volume, deletes it.
    with place.server("second") as second:
        until(lambda: second.answers("/ready"), what="another Loki is ready")
        until(lambda: second.metric(MARKED) > 0, what="the compactor has noted what is too old")
    assert place.storage.keys("deletion-markers/")
    promised = {service: [age for age in ages if age < RETENTION[service]] for service, ages in AGES.items()}
    with place.server("third") as third:
        until(lambda: not place.storage.keys("deletion-markers/"), seconds=120, what="the compactor has deleted what was noted")
        assert {service: kept(third, service, now) for service in AGES} == promised
    assert len(place.storage.keys("fake/")) == sum(map(len, promised.values()))
    assert place.storage.keys("index/")
