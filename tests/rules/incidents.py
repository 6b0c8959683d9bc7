"""Incidents as traces of requests, and what should come of them by counting: who is told when, and what share of the requests was bad.

The counting knows nothing of Prometheus: it adds up events in sliding windows. ``simulation`` runs the real rules on the same traces.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

BURN_TIERS = {
    "fast": (3600, 300, 14.4, 120),
    "mid": (21600, 1800, 6.0, 900),
    "slow": (86400, 7200, 3.0, 3600),
    "chronic": (259200, 21600, 1.0, 10800),
}
"""Of each tier: long and short window in seconds, burn rate, and for how long it has to be so."""

ALERTS = (*BURN_TIERS, "SLOMetricAbsent", "SLOTrafficCessation")
"""Those that may tell: the tiers of SLOErrorBudgetBurn, and what tells of no requests."""

BUDGETS = {"availability": 0.001, "latency": 0.05}
"""What the objectives leave over: 99.9 % answered, 95 % in time."""

FEWEST_BAD = 5
FEWEST_CALLS = 360
"""In 6 hours: once a minute. Who is called less may be left alone."""

FEWEST_SAMPLES = 2
"""Of which a rate can be taken."""

QUIET_MINUTES = 6
"""The end of every trace, without requests: until all have passed the shortest window, of which the budget is summed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A time in which requests come and fail at one rate."""

    minutes: float = 0
    """How long; the last part lasts as long as the trace."""

    per_minute: float
    bad: float = 0.0
    """The share of them that are bad."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """What happens to one service."""

    name: str
    parts: tuple[Part, ...]
    slo: str = "availability"
    native: bool = False
    """Whether its times are counted in a native histogram."""

    vanishes: bool = False
    """Whether its series end with the last part but one, as those of a service that is gone."""

    restarts: bool = False
    """Whether all counters start anew with each part, as after a release."""

    declares_errors: bool = True
    """Whether its error series is there before the first error."""

    minutes: float = 180
    step: int = 15
    """Seconds between two scrapes and two evaluations."""

    @cached_property
    def trace(self) -> tuple[Part, ...]:
        """All parts with their lengths, and the quiet end."""
        *first, last = self.parts
        rest = self.minutes - QUIET_MINUTES - sum(part.minutes for part in first)
        return (*first, Part(minutes=rest, per_minute=last.per_minute, bad=last.bad), Part(minutes=QUIET_MINUTES, per_minute=0))

    def steps(self, part: Part) -> int:
        """How many steps a part lasts."""
        return round(part.minutes * 60 / self.step)

    @cached_property
    def requests(self) -> list[float]:
        """All requests until each step."""
        return self._counted([part.per_minute for part in self.trace])

    @cached_property
    def bad(self) -> list[float]:
        """All bad requests until each step."""
        return self._counted([part.per_minute * part.bad for part in self.trace])

    def _counted(self, rates: Sequence[float]) -> list[float]:
        each = [rate * self.step / 60 for part, rate in zip(self.trace, rates, strict=True) for _ in range(self.steps(part))]
        return list(accumulate(each, initial=0.0))

    @property
    def share(self) -> float:
        """The share of all requests that were bad."""
        return self.bad[-1] / self.requests[-1]

    @property
    def begins(self) -> float:
        """Seconds until the first bad request, or without any until the first part is over."""
        first = next((index for index, count in enumerate(self.bad) if count), None)
        return self.parts[0].minutes * 60 if first is None else (first - 1) * self.step

    def theory(self, alert: str) -> float | None:
        """When one of ``ALERTS`` tells somebody, in seconds from the beginning of the trace; None when it does not."""
        wait = BURN_TIERS[alert][3] if alert in BURN_TIERS else 300
        holds = {"SLOMetricAbsent": self._uncounted, "SLOTrafficCessation": self._uncalled}.get(alert) or self._burning(alert)
        since: float | None = None
        for index in range(1, len(self.requests)):
            time = index * self.step
            since = (time if since is None else since) if holds(index) else None
            if since is not None and time - since >= wait:
                return time
        return None

    def _burning(self, tier: str) -> Callable[[int], bool]:
        long, short, factor, _ = BURN_TIERS[tier]

        def holds(index: int) -> bool:
            over = all(
                self._within(self.bad, index, window) > factor * BUDGETS[self.slo] * self._within(self.requests, index, window)
                for window in (long, short)
            )
            return over and self._within(self.bad, index, long) >= FEWEST_BAD

        return holds

    def _uncounted(self, index: int) -> bool:
        return self._samples(index, 300) < FEWEST_SAMPLES

    def _uncalled(self, index: int) -> bool:
        called = self._within(self.requests, index, 1800) > 0 or self._samples(index, 1800) < FEWEST_SAMPLES
        return self.slo == "availability" and not called and self._within(self.requests, index, 21600) >= FEWEST_CALLS

    def _within(self, counted: Sequence[float], index: int, seconds: int) -> float:
        """How many there were in a window that ends at a step."""
        return counted[index] - counted[max(0, index - seconds // self.step)]

    def _samples(self, index: int, seconds: int) -> int:
        """How many samples a window holds; a series that is gone brings no more."""
        last = sum(self.steps(part) for part in self.parts[:-1]) if self.vanishes else index
        return min(index, last) - max(-1, index - seconds // self.step)


BUSY = Part(per_minute=600)
"""As a service with much to do is, before and after."""


def busy(minutes: float) -> Part:
    """The same for some time."""
    return Part(minutes=minutes, per_minute=600)


INCIDENTS = (
    Incident(name="outage", parts=(busy(60), Part(minutes=40, per_minute=600, bad=1), BUSY)),
    Incident(name="brown-out of 2 %", parts=(busy(60), Part(minutes=75, per_minute=600, bad=0.02), BUSY)),
    Incident(name="idle night", parts=(busy(60), Part(per_minute=0)), declares_errors=False),
    Incident(name="restarts of a release", parts=(busy(60), busy(10), BUSY), restarts=True),
    Incident(name="first error ever", parts=(busy(60), Part(minutes=30, per_minute=600, bad=1), BUSY), declares_errors=False),
    Incident(
        name="uneven traffic", parts=(Part(minutes=60, per_minute=6), Part(minutes=60, per_minute=6000, bad=0.418), Part(per_minute=6))
    ),
    Incident(
        name="one error at low traffic",
        parts=(Part(minutes=60, per_minute=1 / 4), Part(minutes=4, per_minute=1 / 4, bad=1), Part(per_minute=1 / 4)),
    ),
    Incident(name="a bad minute", parts=(busy(60), Part(minutes=1, per_minute=600, bad=0.1), BUSY)),
    Incident(name="slow answers, classic histogram", parts=(busy(60), Part(minutes=60, per_minute=600, bad=0.9), BUSY), slo="latency"),
    Incident(
        name="slow answers, native histogram",
        parts=(busy(60), Part(minutes=60, per_minute=600, bad=0.9), BUSY),
        slo="latency",
        native=True,
    ),
    Incident(
        name="two overlapping incidents",
        parts=(
            busy(60),
            Part(minutes=15, per_minute=600, bad=0.05),
            Part(minutes=15, per_minute=600, bad=0.08),
            Part(minutes=15, per_minute=600, bad=0.03),
            BUSY,
        ),
    ),
    Incident(name="vanished service", parts=(busy(60), BUSY), vanishes=True),
    Incident(name="vanished callers", parts=(busy(60), Part(minutes=45, per_minute=0), BUSY)),
    Incident(
        name="slow burn over 3 days",
        parts=(Part(minutes=360, per_minute=1000), Part(minutes=4320, per_minute=1000, bad=0.0015), Part(per_minute=1000)),
        minutes=4800,
        step=120,
    ),
)
