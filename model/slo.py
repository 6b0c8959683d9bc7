"""SLO rules: how a service does against its promises, over several windows, for any target.

Method: multi-window, multi-burn-rate alerts. A budget is what an objective leaves over; a burn rate of 1 uses it up in 30 days.
All windows hold sums of events, never averages of ratios, so that an hour with much traffic weighs as much as it should.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from model.catalogue import Catalogue, Service, Signals

WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
"""The windows that the alerts of configs/rules/slo.yaml look at, long and short."""

SLOW_WINDOWS = ("1d", "3d")
"""Windows of many samples that move slowly: evaluated once a minute."""

FASTEST_BURN = 14.4
"""2 % of the budget of 30 days within one hour: 0.02 * 720 h / 1 h."""

LATENCY_OBJECTIVE = 0.95
"""A promise about the 95th percentile is one about 95 of 100 requests."""

_BY = "system, service, namespace, team, tier"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the events of some services are counted."""

    signals: Signals
    """Their metrics."""

    matchers: str
    """What selects their series."""

    latency: float | None = None
    """The promised time in seconds, where it has to be written into the rules: for native histograms."""

    counts: bool = True
    """Whether it has rules of its own for requests and errors."""

    times: bool = True
    """Whether it has rules of its own for latency."""

    @property
    def errors(self) -> str:
        """The selector of failed requests."""
        metric, _, matchers = self.signals.errors.rstrip("}").partition("{")
        return f"{metric}{{{self.matchers}{',' if matchers else ''}{matchers}}}"


def sources(catalogues: tuple[Catalogue, ...]) -> Iterator[Source]:
    """One source for all services that count as most do, and one for each other service, for what it does otherwise."""
    usual = Signals()
    yield Source(signals=usual, matchers='service!=""')
    for catalogue in catalogues:
        for name, service in catalogue.services.items():
            own = service.signals
            if own != usual:
                yield Source(
                    signals=own,
                    matchers=f'system="{catalogue.system}",service="{name}"',
                    latency=service.slo.latency_p95.seconds if own.histogram == "native" else None,
                    counts=(own.requests, own.errors) != (usual.requests, usual.errors),
                    times=(own.latency, own.histogram) != (usual.latency, usual.histogram),
                )


def objectives(service: Service) -> dict[str, float]:
    """The share of good events that a service promises, by SLO."""
    return {"availability": service.slo.availability.ratio, "latency": LATENCY_OBJECTIVE}


def slo_groups(catalogues: tuple[Catalogue, ...]) -> list[dict[str, object]]:
    """Rule groups of all windows; each group holds whole windows, so that a ratio is made of sums of the same moment."""
    every = list(sources(catalogues))
    fast = [rule for window in WINDOWS if window not in SLOW_WINDOWS for rule in _window_rules(every, window)]
    slow = [rule for window in SLOW_WINDOWS for rule in _window_rules(every, window)]
    return [
        *([{"name": "signals", "interval": "15s", "rules": own}] if (own := [r for s in every[1:] for r in _signal_rules(s)]) else []),
        {"name": "slo-windows", "interval": "15s", "rules": fast},
        {"name": "slo-slow-windows", "interval": "1m", "rules": slow},
        {"name": "slo-budget", "interval": "1m", "rules": list(_budget_rules())},
    ]


def _window_rules(every: list[Source], window: str) -> Iterator[dict[str, object]]:
    for source in every:
        if source.counts:
            yield from _availability(source, window)
        if source.times:
            yield from _classic_latency(source, window) if source.latency is None else _native_latency(source, source.latency, window)
    # Without traffic there is no ratio, rather than one that is not a number.
    ratio = f"slo:errors:rate{window} / (slo:requests:rate{window} > 0)"
    yield {"record": f"slo:error_ratio:rate{window}", "expr": ratio}


def _availability(source: Source, window: str) -> Iterator[dict[str, object]]:
    label = {"slo": "availability"}
    counted = _rate(f"{source.signals.requests}{{{source.matchers}}}", window)
    yield {"record": f"slo:requests:rate{window}", "expr": counted, "labels": label}
    # A service that never failed has no error series: that is no error, not no data. Taken from the recorded requests, which are those of
    # all sources, this would write 0 over the errors of services that count otherwise.
    yield {"record": f"slo:errors:rate{window}", "expr": f"{_rate(source.errors, window)}\nor\n0 * {counted}", "labels": label}


def _classic_latency(source: Source, window: str) -> Iterator[dict[str, object]]:
    """Good events are those in the bucket that ends at the promised time: nothing is interpolated."""
    metric, label = source.signals.latency, {"slo": "latency"}
    requests = f"slo:requests:rate{window}"
    yield {"record": requests, "expr": _rate(f"{metric}_count{{{source.matchers}}}", window), "labels": label}
    good = (
        f"sum by ({_BY}) (\n  rate({metric}_bucket{{{source.matchers}}}[{window}])\n"
        "    * on (system, service, le) group_left () slo:latency_bucket:info\n)"
    )
    bad = f'clamp_min({requests}{{slo="latency",{source.matchers}}} - on ({_BY}) {good}, 0)'
    yield {"record": f"slo:errors:rate{window}", "expr": bad, "labels": label}


def _native_latency(source: Source, seconds: float, window: str) -> Iterator[dict[str, object]]:
    histogram, label = _rate(f"{source.signals.latency}{{{source.matchers}}}", window), {"slo": "latency"}
    requests = f"slo:requests:rate{window}"
    yield {"record": requests, "expr": f"histogram_count({histogram})", "labels": label}
    # Of no requests, no share is fast: that is not a number, and no error.
    bad = f"(1 - histogram_fraction(0, {seconds:g}, {histogram})) * histogram_count({histogram}) >= 0"
    none = f'0 * sum by ({_BY}) ({requests}{{slo="latency",{source.matchers}}})'
    yield {"record": f"slo:errors:rate{window}", "expr": f"{bad}\nor\n{none}", "labels": label}


def _budget_rules() -> Iterator[dict[str, object]]:
    """The budget of 30 days, weighted by traffic: bad events over all events."""
    yield {"record": "slo:errors:sum30d", "expr": "sum_over_time(slo:errors:rate5m[30d])"}
    yield {"record": "slo:requests:sum30d", "expr": "sum_over_time(slo:requests:rate5m[30d])"}
    yield {"record": "slo:error_ratio:rate30d", "expr": "slo:errors:sum30d / (slo:requests:sum30d > 0)"}
    on = "on (system, service, slo) group_left ()"
    yield {"record": "slo:current_burn_rate:ratio", "expr": f"slo:error_ratio:rate5m / {on} slo:error_budget:ratio"}
    yield {
        "record": "slo:period_error_budget_remaining:ratio",
        "expr": f"1 - slo:error_ratio:rate30d / {on} slo:error_budget:ratio",
    }


def _signal_rules(source: Source) -> Iterator[dict[str, object]]:
    """Rate, errors and duration of a service with metrics of its own, under the names that rules and dashboards use for all."""
    if source.counts:
        requests = "service:http_requests:rate5m"
        yield {"record": requests, "expr": _rate(f"{source.signals.requests}{{{source.matchers}}}", "5m")}
        none = f"0 * {requests}{{{source.matchers}}}"
        yield {"record": "service:http_errors:rate5m", "expr": f"{_rate(source.errors, '5m')}\nor\n{none}"}
    for percentile in (50, 95, 99) if source.times else ():
        quantile = f"histogram_quantile({percentile / 100:g}, {_histogram(source)}) >= 0"
        yield {"record": f"service:http_request_duration_seconds:p{percentile}_rate5m", "expr": quantile}


def _histogram(source: Source) -> str:
    metric, matchers = source.signals.latency, source.matchers
    if source.latency is None:
        return f"sum by ({_BY}, le) (rate({metric}_bucket{{{matchers}}}[5m]))"
    return _rate(f"{metric}{{{matchers}}}", "5m")


def _rate(selector: str, window: str) -> str:
    return f"sum by ({_BY}) (rate({selector}[{window}]))"
