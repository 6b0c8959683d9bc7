"""A ledger of lines: what was written, and how often each of them is found in Loki."""

import json
import re
import time
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from sandbox.bare import Program

PAGE = 5000
"""Lines of one answer."""

_TICK_SECONDS = 0.02


@dataclass
class Writer:
    """Writes numbered lines as the container runtime would, so many a second. As a context manager it writes within."""

    path: Path
    rate: int = 500
    begin: int = field(default_factory=time.time_ns)
    """Nothing was written before (ns since 1970)."""

    written: int = 0
    """How many lines there are; their numbers begin at 0."""

    def __post_init__(self) -> None:
        self._ended = Event()
        self._thread = Thread(target=self._write, daemon=True)

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _write(self) -> None:
        start = time.monotonic()
        with self.path.open("a", buffering=1) as file:
            while not self._ended.wait(_TICK_SECONDS):
                due = int((time.monotonic() - start) * self.rate)
                file.write("".join(framed(number) for number in range(self.written, due)))
                self.written = due


def framed(number: int) -> str:
    """A line of the container runtime: JSON and plain text in turn, some 200 bytes, no two at the same time."""
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    line = f'{{"level":"info","msg":"{"x" * 150}","n":{number}}}' if number % 2 else f"INFO {'x' * 150} n:{number}"
    return f"{now}{number % 1000:03}Z stdout F {line}\n"


def found(loki: Program, query: str, begin: int, end: int | None = None) -> Counter[int]:
    """How often each number is found among a query's lines from ``begin`` until ``end`` or now (ns), read page by page. Raises OSError."""
    seen: Counter[int] = Counter()
    while page := _page(loki, query, begin, end or time.time_ns()):
        seen.update(int(match[1]) for _, line in page if (match := re.search(r'\bn"?:(\d+)', line)))
        # All lines of one time are in one answer, unless it is full of them.
        begin = max(at for at, _ in page) + 1
    return seen


def _page(loki: Program, query: str, begin: int, end: int) -> list[tuple[int, str]]:
    asked = {"query": query, "start": begin, "end": end, "limit": PAGE, "direction": "forward"}
    answer = json.loads(loki.ask(f"/loki/api/v1/query_range?{urllib.parse.urlencode(asked)}"))
    return [(int(at), line) for stream in answer["data"]["result"] for at, line, *_ in stream["values"]]


def missing(seen: Counter[int], written: int) -> list[int]:
    """The numbers of lines that were written and are not found."""
    return [number for number in range(written) if not seen[number]]


def doubled(seen: Counter[int]) -> list[int]:
    """The numbers of lines that are found more than once."""
    return [number for number, times in seen.items() if times > 1]
