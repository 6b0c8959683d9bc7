"""The incidents, run by promtool through the rules as they are deployed: when it tells, and what it makes of the budget.

Each incident is a service of one system, so that all are run at once and each is a distractor to the others.
"""

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.catalogue import Catalogue
from model.catalogue_rules import generated_rules
from model.documents import each, mapping, read
from model.settings import Thresholds
from model.validation import validate
from sandbox.toolchain import tool
from tests.rules.incidents import ALERTS, INCIDENTS, Incident, Part
from tests.rules.judging import judge
from tests.rules.rulebook import ROOT

PAGE = ROOT / "docs/slo-simulation.md"

AT_ONCE = 7
"""Incidents in one run."""

COUNTED_BEFORE = 1_000_000.0
"""Where counters are when a trace begins, as of services that have run for long. From 0 on, a rate is too low at first."""

Rules = dict[str, object]

_SAMPLE = re.compile(r"\{([^}]*)\} ([-+0-9.E]+)")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What Prometheus made of an incident."""

    incident: Incident
    told: dict[str, float]
    """When each of ``ALERTS`` told somebody for the first time, in seconds from the beginning."""

    share: float
    """The share of bad requests of 30 days."""

    @property
    def error(self) -> float:
        """How far that is from the exact share, as a share of it."""
        exact = self.incident.share
        return abs(self.share - exact) / exact if exact else self.share

    @property
    def faults(self) -> list[str]:
        """What is not as it should be: told at another time than by counting, give or take one evaluation, or a budget off by 1 %."""
        found: list[str] = []
        for alert in ALERTS:
            theory, told = self.incident.theory(alert), self.told.get(alert)
            if (theory is None) != (told is None) or abs((theory or 0) - (told or 0)) > self.incident.step:
                found.append(f"{alert}: {theory} by counting, {told} by Prometheus")
        return found if self.error < 0.01 else [*found, f"share: {self.incident.share} by counting, {self.share} by Prometheus"]


def simulated(incidents: Sequence[Incident] = INCIDENTS, rules: Callable[[Sequence[Incident]], Rules] | None = None) -> list[Outcome]:
    """What promtool makes of incidents, with the deployed rules or others."""
    runs = list(_runs(incidents))
    with tempfile.TemporaryDirectory(prefix="observability-simulation-") as directory:
        targets = [Path(directory) / f"{index}.yaml" for index in range(len(runs))]
        for target, run in zip(targets, runs, strict=True):
            content = (rules or deployed_rules)(run)
            target.with_suffix(".rules.yaml").write_text(json.dumps(content))
            # Else promtool evaluates groups in any order, and another one each time.
            order = [name for _, name in each(content, "groups", "*", "name")]
            question = {"rule_files": [target.with_suffix(".rules.yaml").name], "group_eval_order": order, **_question(run)}
            target.write_text(json.dumps(question))
        said = judge(tool("promtool"), targets, at_once=1)
    return [outcome for target, run in zip(targets, runs, strict=True) for outcome in _outcomes(run, said[target.name])]


def _runs(incidents: Sequence[Incident]) -> Iterator[Sequence[Incident]]:
    """Incidents of one length and step, a few at a time: no query of promtool may look at more than 10,000 samples."""
    for kind in sorted({(incident.minutes, incident.step) for incident in incidents}):
        alike = [incident for incident in incidents if (incident.minutes, incident.step) == kind]
        yield from (alike[start : start + AT_ONCE] for start in range(0, len(alike), AT_ONCE))


def deployed_rules(incidents: Sequence[Incident]) -> Rules:
    """The rules on SLOs for a catalogue of some incidents."""
    generated = generated_rules((_catalogue(incidents),), Thresholds())
    groups = [
        {**mapping(group), "rules": [rule for _, rule in each(group, "rules", "*") if str(mapping(rule)["record"]).startswith("slo:")]}
        for _, group in each(generated, "groups", "*")
    ]
    written = [group for _, group in each(read(ROOT, "configs/rules/slo.yaml").content, "groups", "*")]
    return {"groups": [*(group for group in groups if group["rules"]), *written]}


def _catalogue(incidents: Sequence[Incident]) -> Catalogue:
    promise = {"availability": "99.9%", "latencyP95": "500ms", "errorRate": "1%"}
    services = {
        _service(incident): {
            "description": "Has an incident",
            "team": "platform",
            "port": 1000 + index,
            "slo": promise,
            **({"signals": {"histogram": "native"}} if incident.native else {}),
        }
        for index, incident in enumerate(incidents)
    }
    return validate(Catalogue, {"system": "incidents", "namespace": "incidents", "services": services}, file="simulation")


def _service(incident: Incident) -> str:
    return re.sub(r"[^a-z0-9]+", "-", incident.name).strip("-")


def _question(incidents: Sequence[Incident]) -> dict[str, object]:
    """A test that expects nothing, so that promtool says what it got."""
    minutes, step = incidents[0].minutes, f"{incidents[0].step}s"
    end = f"{minutes:.0f}m"
    asked = [query for incident in incidents for query in (_first_told(incident, end), f"slo:error_ratio:rate30d{{{_whose(incident)}}}")]
    return {
        "evaluation_interval": step,
        "tests": [
            {
                "interval": step,
                "input_series": [one for incident in incidents for one in _series(incident)],
                "promql_expr_test": [{"expr": query, "eval_time": end, "exp_samples": []} for query in asked],
            }
        ],
    }


def _first_told(incident: Incident, end: str) -> str:
    """When each alert on an incident's objective first told; -1 without a name when none did, as promtool is silent of nothing."""
    firing = (
        f'timestamp(ALERTS{{alertname=~"SLOErrorBudgetBurn|SLOMetricAbsent|SLOTrafficCessation",alertstate="firing",{_whose(incident)}}})'
    )
    return f"min by (alertname, burn_tier) (min_over_time({firing}[{end}:{incident.step}s])) or on () vector(-1)"


def _whose(incident: Incident) -> str:
    return f'service="{_service(incident)}",slo="{incident.slo}"'


def _outcomes(incidents: Sequence[Incident], said: str) -> Iterator[Outcome]:
    answers = [_samples(got) for got in re.findall(r"^\s*got: (.*)$", said, flags=re.MULTILINE)]
    if len(answers) != 2 * len(incidents):
        raise RuntimeError(f"promtool did not answer: {said}")
    for incident, told, shares in zip(incidents, answers[::2], answers[1::2], strict=True):
        times = {labels.get("burn_tier", labels["alertname"]): time for labels, time in told if labels}
        yield Outcome(incident=incident, told=times, share=shares[0][1])


def _samples(got: str) -> list[tuple[dict[str, str], float]]:
    return [(dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)) for labels, value in _SAMPLE.findall(got)]


def _series(incident: Incident) -> list[dict[str, str]]:
    who = f'system="incidents",service="{_service(incident)}",namespace="incidents",team="platform",tier="standard",pod="a"'

    def counter(name: str, labels: str, rate: Callable[[Part], float], *, from_first: bool = False) -> dict[str, str]:
        return {"series": f"{name}{{{who}{labels}}}", "values": _counter(incident, rate, from_first=from_first)}

    if incident.slo == "availability":
        return [
            counter("http_requests_total", ',status="200"', _good),
            counter("http_requests_total", ',status="500"', _bad, from_first=not incident.declares_errors),
        ]
    if incident.native:
        return [{"series": f"http_request_duration_seconds{{{who}}}", "values": _histogram(incident)}]
    return [
        counter("http_request_duration_seconds_count", "", lambda part: part.per_minute),
        counter("http_request_duration_seconds_bucket", ',le="0.5"', _good),
    ]


def _good(part: Part) -> float:
    return part.per_minute * (1 - part.bad)


def _bad(part: Part) -> float:
    return part.per_minute * part.bad


def _a_step(incident: Incident, per_minute: float) -> float:
    """How much a counter grows in a step, without the dust of a division: else the next part might seem to begin below the end of this."""
    return round(per_minute * incident.step / 60, 6)


def _counter(incident: Incident, rate: Callable[[Part], float], *, from_first: bool) -> str:
    """The values of a counter, which goes on from part to part, or starts anew, or ends; ``from_first``: there is none before it counts."""
    words, reached = list[str](), 0.0 if from_first else COUNTED_BEFORE
    parts = incident.parts[:-1] if incident.vanishes else incident.trace
    for index, part in enumerate(parts):
        grows, steps = _a_step(incident, rate(part)), incident.steps(part)
        if from_first and not reached and not grows:
            words.append(f"_x{steps if index else steps + 1}")
            continue
        begins = (0.0 if incident.restarts and index else reached) + (grows if index else 0.0)
        more = steps - 1 if index else steps
        words.append(f"{begins:.9g}+{grows:.9g}x{more}")
        reached = begins + grows * more
    return " ".join([*words, "stale"] if incident.vanishes else words)


def _histogram(incident: Incident) -> str:
    """The values of a native histogram: good requests took from 0.25 to 0.5 seconds, bad ones from 0.5 to 1."""
    words, good, bad = list[str](), 0.0, 0.0
    for index, part in enumerate(incident.trace):
        each_good, each_bad = _a_step(incident, _good(part)), _a_step(incident, _bad(part))
        more = incident.steps(part) - (1 if index else 0)
        if index:
            good, bad = good + each_good, bad + each_bad
        words.append(f"{_buckets(good, bad)}+{_buckets(each_good, each_bad)}x{more}")
        good, bad = good + each_good * more, bad + each_bad * more
    return " ".join(words)


def _buckets(good: float, bad: float) -> str:
    return f"{{{{schema:0 sum:{good + bad:g} count:{good + bad:g} offset:-1 buckets:[{good:g} {bad:g}]}}}}"


def page(outcomes: Sequence[Outcome]) -> str:
    """What the simulation shows."""
    lines = [
        "# Simulated incidents",
        "",
        "Made by `python -m tests.rules.simulation`, kept true by `tests/rules/test_simulation.py`.",
        "",
        "Each incident is a trace of requests (`tests/rules/incidents.py`). What should come of it is counted in sliding",
        "windows, without Prometheus; what does come of it is what promtool says with the rules as they are deployed, several",
        "services at once. Each alert has to tell at the counted time, give or take one evaluation, and no other may. The share",
        "of bad requests of 30 days, of which the budget is made, has to be within 1 % of the exact one.",
        "",
        "A trace lasts 3 hours, scraped and evaluated every 15 seconds as deployed; the slow burn lasts 80 hours, every 2",
        "minutes. Groups of rules are evaluated one after the other; Prometheus gives each a moment of its own, so an alert may",
        "see what another group made up to one evaluation later. Each ends with 6 minutes without requests: until then the",
        "budget lacks a part of those of the last 5 minutes, as the sum over 30 days is of rates over 5 minutes. Counters have",
        "counted before; of one that begins at 0, `rate` estimates the first growth up to a twentieth too low. Where an error",
        "series is only there from the first error on, what was counted before it was first scraped is lost: services should",
        "declare their counters at 0.",
        "",
        "| incident | objective | alert | told after, by counting | by Prometheus | share of bad requests, exact | by Prometheus | error |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for outcome in sorted(outcomes, key=lambda one: INCIDENTS.index(one.incident)):
        incident = outcome.incident
        budget = f"{incident.share:.4%} | {outcome.share:.4%} | {outcome.error:.2%}"
        for alert in [alert for alert in ALERTS if incident.theory(alert) is not None] or [None]:
            told = (
                f"{alert} | {_after(incident, incident.theory(alert))} | {_after(incident, outcome.told.get(alert))}"
                if alert
                else "nobody | |"
            )
            lines.append(f"| {incident.name} | {incident.slo} | {told} | {budget} |")
    return "\n".join(lines) + "\n"


def _after(incident: Incident, time: float | None) -> str:
    return "never" if time is None else f"{time - incident.begins:.0f} s"


if __name__ == "__main__":
    made = simulated()
    PAGE.write_text(page(made))
    sys.exit("\n".join(f"{one.incident.name}: {fault}" for one in made for fault in one.faults) or 0)
