"""Not a line is lost on its way to S3: real Loki and real Promtail as dev configures them, killed, cut off from S3, and counted."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from model.environment import Environment
from model.logs import Logs
from sandbox import bare
from sandbox.bare import Program
from tests.components.environments import environment
from tests.components.ledger import Writer, doubled, found, missing
from tests.components.storage import Storage
from tests.waiting import until

pytestmark = pytest.mark.binaries

LABELS = {"namespace": "shop", "service": "ledger", "container": "main", "pod": "ledger-1", "node": "n1"}
QUERY = '{service="ledger"}'
START_SCRIPT = 3
"""So many words of the agent's command line start its start script."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """What a line passes on its way, with the file in which it begins."""

    storage: Storage
    loki: Program
    agent: Program
    folder: Path
    environment: Environment
    logs: Logs

    def lines(self) -> Writer:
        return Writer(self.folder / "agent/0.log")


@pytest.fixture
def way(tmp_path: Path) -> Iterator[Way]:
    """Nothing runs yet but S3."""
    dev = environment("dev")
    logs = dev.settings.logs
    assert logs is not None
    storage = Storage(logs.bucket.region)
    logs = storage.used_by(logs)
    loki = bare.loki(tmp_path / "loki", dev, logs)
    agent = bare.promtail(tmp_path / "agent", dev, push=f"{loki.address}/loki/api/v1/push", labels=LABELS)
    with loki, agent:
        yield Way(storage=storage, loki=loki, agent=agent, folder=tmp_path, environment=dev, logs=logs)
    storage.stop()


def more(lines: Writer, count: int) -> None:
    """Wait until so many more lines are written: what a kill meets depends on lines, not on the clock."""
    enough = lines.written + count
    until(lambda: lines.written >= enough, seconds=count / lines.rate + 30, what=f"{count} more lines are written")


def arrives(way: Way, lines: Writer, *, seconds: float = 60) -> None:
    """Wait until the line is found that is the newest now; newer ones may follow it for ever."""
    newest = f'{QUERY} |~ "n.?.?{lines.written - 1}\\\\b"'

    def is_found() -> bool:
        try:
            return found(way.loki, newest, lines.begin).total() > 0
        except OSError:
            return False

    until(is_found, seconds=seconds, what=f"line {lines.written - 1} is found")


def all_found(way: Way, lines: Writer) -> bool:
    try:
        return not missing(found(way.loki, QUERY, lines.begin), lines.written)
    except OSError:
        return False


def start_line(way: Way) -> int:
    """The number of the line with which the agent began its present life."""
    [position] = re.findall(r'0\.log: "(\d+)"|\{\}', (way.folder / "agent/state/positions.yaml.1").read_text())
    return (way.folder / "agent/0.log").read_bytes()[: int(position or 0)].count(b"\n")


LONG_LIFE = 12_500
"""Lines after which an agent that is killed starts from the middle of the file afterwards."""

Kills = list[tuple[int, str]]
"""How many lines are written before which of the two is killed first, the other soon after it."""


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param([(LONG_LIFE, "loki")], id="each once"),
        pytest.param([(1000, "agent"), (1000, "loki"), (LONG_LIFE, "agent")], id="each three times", marks=pytest.mark.nightly),
    ],
)
def test_every_line_is_found_although_loki_and_the_agent_are_killed(way: Way, kills: Kills) -> None:
    again: set[int] = set()
    with way.lines() as lines:
        for before, victim in kills:
            first, second = (way.agent, way.loki) if victim == "agent" else (way.loki, way.agent)
            more(lines, before)
            first.kill()
            # While Loki is down the agent has a batch that it cannot send, and goes on noting what it reads.
            more(lines, 1000)
            second.kill()
            killed = lines.written
            more(lines, 500)
            way.loki.start()
            way.agent.start()
            again |= set(range(start_line(way), killed))
        assert start_line(way) > 0
    arrives(way, lines, seconds=120)
    seen = found(way.loki, QUERY, lines.begin)
    print(f"{lines.written} lines written, {len(seen)} found, {len(again)} read again, {len(doubled(seen))} of them found twice")
    assert missing(seen, lines.written) == []
    assert set(doubled(seen)) <= again


def test_an_agent_that_starts_where_it_was_last_loses_what_was_on_its_way(way: Way) -> None:
    way.agent.kill()
    agent = replace(way.agent, command=way.agent.command[START_SCRIPT:])
    with agent, way.lines() as lines:
        more(lines, 1500)
        way.loki.kill()
        more(lines, 1500)
        agent.kill()
        way.loki.start()
        agent.start()
        more(lines, 500)
        arrives(way, lines, seconds=120)
    assert missing(found(way.loki, QUERY, lines.begin), lines.written - 1000)


@pytest.mark.parametrize("seconds", [pytest.param(0, id="until it is noticed"), pytest.param(60, id="a minute", marks=pytest.mark.nightly)])
def test_an_outage_of_s3_loses_nothing_and_what_waited_is_written_afterwards(way: Way, seconds: int) -> None:
    def failures() -> float:
        return way.loki.metric("loki_ingester_chunks_flush_failures_total")

    with way.lines() as lines:
        more(lines, 500)
        arrives(way, lines)
        # An agent that ends in order goes on where it was, and sends nothing twice.
        way.agent.stop(timeout_seconds=30)
        way.agent.start()
        way.storage.stop()
        way.loki.ask("/flush", b"")
        more(lines, seconds * lines.rate)
        until(lambda: failures() > 0, what="what could not be written is counted")
        way.storage.start()
    until(lambda: way.storage.keys("fake/"), seconds=120, what="what waited is written")
    until(lambda: all_found(way, lines), seconds=120, what="every line is found")
    # All that is left of it is what it wrote to S3.
    way.loki.stop(timeout_seconds=120)
    shutil.rmtree(way.folder / "loki")
    with bare.loki(way.folder / "another", way.environment, way.logs) as another:
        until(lambda: another.answers("/ready"), what="another Loki is ready")
        seen = found(another, QUERY, lines.begin)
    assert missing(seen, lines.written) == []
    assert doubled(seen) == []
