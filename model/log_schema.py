"""How Loki stores logs, by the day from which on: the typed form of ``configs/loki/schema.yaml``, and why its past cannot change."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from model.base import Model
from model.documents import Document, each, mapping
from model.errors import Finding, shown
from model.quantities import Text

FILE = "configs/loki/schema.yaml"
"""The periods."""

RECORD = "configs/loki/schema.deployed.yaml"
"""Those of them that were deployed, in the same form."""

_APPEND = "what was deployed, unchanged; a new period after it"


class Period(Model):
    """How logs are stored from one day on, until the day of the next period."""

    start: date = Field(alias="from")
    """The first day, in UTC."""

    store: Literal["tsdb"]
    """The kind of index; boltdb-shipper is its retired predecessor."""

    version: Literal["v13"] = Field(alias="schema")
    """The version of the schema; v14 is an experiment of Loki 3.7."""

    prefix: Annotated[
        str, Text(r"[a-z][a-z0-9_]*_", "a prefix of lower-case letters and digits with an underscore at its end, such as index_")
    ]
    """How the names of index tables begin."""

    period: Literal["24h"]
    """How much time is in one index table; retention works with days alone."""


class LogSchema(Model):
    """All periods, in their order."""

    periods: tuple[Period, ...]


def check_log_schema(schema: Document, record: Document, today: date) -> Iterator[Finding]:
    """What was deployed is there unchanged, and what is new begins later than all before and than ``today`` (UTC)."""
    periods = [(key, mapping(period)) for key, period in each(schema.content, "periods", "*")]
    deployed = [mapping(period) for _, period in each(record.content, "periods", "*")]
    for (key, period), recorded in zip(periods, deployed, strict=False):
        for name in sorted({*period, *recorded}):
            if period.get(name) != recorded.get(name):
                problem = (
                    f"{shown(period.get(name))} was given: logs are stored since {recorded.get('from')} with {shown(recorded.get(name))}"
                )
                yield Finding(file=schema.file, key=f"{key}.{name}", problem=f"{problem}, and would be unreadable", allowed=_APPEND)
    for recorded in deployed[len(periods) :]:
        problem = f"the period from {recorded.get('from')} is gone: the logs that are stored so would be unreadable"
        yield Finding(file=schema.file, key="periods", problem=problem, allowed=_APPEND)
    yield from _check_order(schema.file, periods)
    for key, period in periods[len(deployed) :]:
        start = _day(period.get("from"))
        if start and start <= today:
            problem = f"the period from {start} is not in {RECORD}, and has begun: what was stored since then otherwise would be unreadable"
            allowed = f"a day after {today}; or, if it was deployed before it began, an entry in {RECORD}"
            yield Finding(file=schema.file, key=f"{key}.from", problem=problem, allowed=allowed)


def _check_order(file: str, periods: list[tuple[str, dict[str, object]]]) -> Iterator[Finding]:
    days = [(key, day) for key, period in periods if (day := _day(period.get("from")))]
    for (_, before), (key, day) in pairwise(days):
        if day <= before:
            yield Finding(
                file=file, key=f"{key}.from", problem=f"'{day}' was given", allowed=f"a day after {before}, that of the period before"
            )


def _day(value: object) -> date | None:
    """The day that a text is; None for what the model refuses."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
