"""The tests of each rule for promtool: those written out by hand, and those made from short ones.

A short test (``cases/*.yaml``) says what series look like at a level where the alert fires and at one where it just does not; the numbers
come from the thresholds of the catalogue, not from the expression. From that follow all cases that every alert must have.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import yaml

from model.documents import each, mapping, read
from model.quantities import Duration
from model.slo import WINDOWS
from tests.rules.rulebook import RUNBOOKS, TESTS, Rule, rules
from tests.rules.twins import twin_cases

Test = dict[str, object]

STEP = 15
"""Seconds between two samples and two evaluations, where a test does not say otherwise."""

_MILLION = 1_000_000

_COUNTER = re.compile(r"(-?[0-9.]+)([+-][0-9.]+)")
_STEADY = re.compile(r"(-?[0-9.]+)\+([0-9.]+)x\d+")

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True, kw_only=True)
class Short:
    """A short test of an alert."""

    given: dict[str, str]
    """Series: how they go, with variables in braces; ``0+{x}`` grows by x a step, ``{x}`` stays."""

    fires: dict[str, float]
    """The variables at which it fires."""

    silent: tuple[dict[str, float], ...]
    """The variables at which it just does not, each for a reason of its own; the first is what it comes back to."""

    reset: dict[str, float]
    """The variables at which it fires although a counter starts anew, which loses one step."""

    others: dict[str, str]
    """Series at the level that fires, which look like those that matter and must not."""

    masks: dict[str, str]
    """Series beside those that fire, which must not keep it from firing."""

    after_reset: dict[str, str]
    """How series go on which a counter starts anew, when it is more than a counter that grows steadily."""

    nothing: dict[str, str]
    """What is there when what matters is not."""

    nothing_fires: bool
    """Whether the alert is about just that."""

    resolves: bool
    """Whether series can go from the one level to the other; not where the level is when they begin or end."""

    labels: dict[str, str]
    summary: str
    description: str
    onset: float
    """Seconds until the condition holds."""

    window: float
    """Seconds that the condition looks back."""

    step: int
    long: int
    """Steps that a test lasts."""


def _seconds(text: object) -> float:
    return Duration(str(text)).seconds


def _short(fields: Mapping[str, object], macros: Mapping[str, str]) -> Short:
    def series(key: str) -> dict[str, str]:
        return {_with(macros, name): str(value) for name, value in mapping(fields.get(key)).items()}

    def numbers(value: object) -> dict[str, float]:
        return {name: float(str(number)) for name, number in mapping(value).items()}

    fires, step = numbers(fields.get("fires")), int(_seconds(fields.get("step", f"{STEP}s")))
    return Short(
        given=series("given"),
        fires=fires,
        silent=tuple({**fires, **numbers(value)} for _, value in each(fields.get("silent"), "*")),
        reset={**fires, **numbers(fields.get("reset"))},
        others=series("others"),
        masks=series("masks"),
        after_reset=series("after_reset"),
        nothing=series("nothing"),
        resolves=fields.get("resolves") is not False,
        nothing_fires=fields.get("nothing_fires") is True,
        labels={name: str(value) for name, value in mapping(fields["labels"]).items()},
        summary=str(fields["summary"]),
        description=str(fields["description"]),
        onset=_seconds(fields.get("onset", "0s")),
        window=_seconds(fields.get("window", "0s")),
        step=step,
        long=int(str(fields.get("long", 400))),
    )


def _with(macros: Mapping[str, str], text: str) -> str:
    return re.sub(r"<(\w+)>", lambda match: macros[match.group(1)], text)


@cache
def cases_by_rule() -> dict[str, tuple[Test, ...]]:
    """All promtool tests by the rule that they are about; a test is called ``<rule>: <case>``."""
    known = {rule.id: rule for rule in rules()}
    found: dict[str, list[Test]] = {}
    for path in sorted(TESTS.glob("*.yaml")):
        for _, test in each(yaml.safe_load(path.read_text()), "tests", "*"):
            found.setdefault(str(mapping(test)["name"]).partition(": ")[0], []).append(mapping(test))
    for path in sorted((TESTS / "cases").glob("*.yaml")):
        content = read(TESTS, f"cases/{path.name}").content
        macros = {name: str(value) for name, value in mapping(content.get("macros")).items()}
        for name, fields in mapping(content.get("alerts")).items():
            found.setdefault(name, []).extend(expanded(known[name], _short(mapping(fields), macros)))
        for name, fields in mapping(content.get("records")).items():
            step = _seconds(mapping(fields).get("step", f"{STEP}s"))
            found.setdefault(name, []).append(_value_case(name, mapping(fields), macros, step))
        for window in WINDOWS:
            own = {**macros, "w": window}
            for name, fields in mapping(content.get("windows")).items():
                # Twenty steps in each window.
                test = _value_case(_with(own, name), mapping(fields), own, _seconds(window) / 20)
                found.setdefault(_with(own, name), []).append(test)
    for name, tests in found.items():
        if name in known and known[name].is_alert and not any(str(test["name"]).endswith(": counter reset") for test in tests):
            tests.extend(_derived_reset(known[name], tests))
        if name in known and known[name].is_alert:
            tests.extend(list(twin_cases(known[name], tests)))
    return {name: tuple(tests) for name, tests in found.items()}


def _derived_reset(rule: Rule, tests: Sequence[Test]) -> Iterator[Test]:
    """For an alert whose tests are written out: its first firing test, all counters twice as fast and starting anew meanwhile."""
    fires = [test for test in tests if test["name"] == f"{rule.id}: fires"]
    if not fires or not rule.counts:
        return
    told = [
        (Duration(str(mapping(expectation)["eval_time"])).seconds, mapping(alert))
        for _, expectation in each(fires[0], "alert_rule_test", "*")
        for _, alert in each(expectation, "exp_alerts", "[0]")
    ]
    series = {str(mapping(one)["series"]): str(mapping(one)["values"]) for _, one in each(fires[0], "input_series", "*")}
    if not told or not any(_STEADY.fullmatch(values) for values in series.values()):
        return
    time = told[0][0] + 4 * STEP
    yield {
        "name": f"{rule.id}: counter reset",
        "interval": f"{STEP}s",
        "input_series": [
            {"series": name, "values": _restarted_twice_as_fast(values, int(time // STEP))} for name, values in series.items()
        ],
        "promql_expr_test": _still_firing(rule, mapping(told[0][1]["exp_labels"]), time, STEP),
    }


def _restarted_twice_as_fast(values: str, steps: int) -> str:
    counter = _STEADY.fullmatch(values)
    if not counter:
        return values if " " in values or "x" not in values else f"{values.rpartition('x')[0]}x400"
    each_step = 2 * float(counter.group(2))
    return f"1000000+{_plain(each_step)}x{steps} 0+{_plain(each_step)}x400"


def given_names(tests: tuple[Test, ...]) -> frozenset[str]:
    """The names of the series that tests are given."""
    names = [str(mapping(series)["series"]) for _, series in each(list(tests), "*", "input_series", "*")]
    return frozenset(match.group() for name in names if (match := _NAME.match(name)))


def expanded(rule: Rule, short: Short) -> Iterator[Test]:
    """The cases that follow from a short test of an alert."""
    fires_at = short.onset + math.ceil(rule.wait_seconds / short.step) * short.step
    late = fires_at + short.window + 20 * short.step
    told = {"exp_labels": short.labels, "exp_annotations": _annotations(rule, short)}
    name = rule.fields["alert"]

    def case(title: str, series: dict[str, str], asserted: list[tuple[float, bool]]) -> Test:
        expectations = [{"alertname": name, "eval_time": _at(time), "exp_alerts": [told] if firing else []} for time, firing in asserted]
        return {
            "name": f"{rule.id}: {title}",
            "interval": f"{short.step}s",
            "input_series": [{"series": series_name, "values": values} for series_name, values in series.items()],
            "alert_rule_test": expectations,
        }

    firing = _drawn(short.given, short.fires, short)
    early = [(fires_at - short.step, False)] if rule.wait_seconds or short.onset else []
    yield case("fires", firing, [*early, (fires_at, True)])
    for number, variables in enumerate(short.silent):
        quiet = _drawn(short.given, variables, short)
        yield case(f"boundary{f' {number + 1}' if number else ''}", quiet, [(fires_at, False), (late, False)])
    beside = [(name_of, values, short.fires, False) for name_of, values in short.others.items()]
    beside += [(name_of, values, short.silent[0], True) for name_of, values in short.masks.items()]
    for number, (name_of, values, variables, fires) in enumerate(beside):
        series = (firing if fires else _drawn(short.given, short.silent[0], short)) | _drawn({name_of: values}, variables, short)
        asserted = [(fires_at, True)] if fires else [(fires_at, False), (late, False)]
        yield case(f"distractor{f' {number + 1}' if number else ''}", series, asserted)
    yield case("no data", _drawn(short.nothing, short.fires, short), [(late, short.nothing_fires)])
    over = fires_at + 4 * short.step
    if short.resolves:
        # The samples of the switch are the last that say otherwise: a window later, and one step, it must have seen enough.
        yield case("resolves", _turned(short, over), [(fires_at, True), (over + short.window + 2 * short.step, False)])
    counts = [values for values in short.given.values() if _COUNTER.fullmatch(_filled(values, short.fires))]
    if counts or short.after_reset:
        yield _reset_case(rule, short, over)


def _reset_case(rule: Rule, short: Short, at: float) -> Test:
    """A counter that starts anew is no burst, and no end of one. What a firing alert says may differ by the step that was lost."""
    return {
        "name": f"{rule.id}: counter reset",
        "interval": f"{short.step}s",
        "input_series": [
            {"series": series, "values": short.after_reset.get(series) or _restarted(_filled(values, short.reset), at, short)}
            for series, values in short.given.items()
        ],
        "promql_expr_test": _still_firing(rule, short.labels, at, short.step),
    }


def _still_firing(rule: Rule, labels: Mapping[str, object], since: float, step: int) -> list[dict[str, object]]:
    """That the alert fires one step after a time, and three later."""
    asked = f'ALERTS{{alertname="{rule.fields["alert"]}",alertstate="firing"}}'
    firing = {**labels, "alertname": rule.fields["alert"], "alertstate": "firing"}
    told = "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in sorted(firing.items())) + "}"
    return [{"expr": asked, "eval_time": _at(since + steps * step), "exp_samples": [{"labels": told, "value": 1}]} for steps in (1, 4)]


def _annotations(rule: Rule, short: Short) -> dict[str, str]:
    return {"summary": short.summary, "description": short.description, "runbook_url": f"{RUNBOOKS}/{rule.fields['alert']}.md"}


def _at(seconds: float) -> str:
    return f"{seconds:.0f}s"


def _plain(number: float) -> str:
    """A number in full and without an exponent, whose sign would look like a counter's."""
    return f"{Decimal(repr(number)).normalize():f}"


def _filled(values: str, variables: Mapping[str, float]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: _plain(variables[match.group(1)]), values)


def _drawn(series: Mapping[str, str], variables: Mapping[str, float], short: Short) -> dict[str, str]:
    return {name: _lasting(_filled(values, variables), short.long) for name, values in series.items()}


def _lasting(values: str, steps: int) -> str:
    """How a series goes, for so many steps; one that says how long it lasts is left as it is."""
    return values if " " in values or re.search(r"[\d}]x\d", values) else f"{values}x{steps}"


def _turned(short: Short, at: float) -> dict[str, str]:
    """The series that fire, and from a time on those that do not; a counter goes on from where it was."""
    steps = int(at // short.step)
    drawn: dict[str, str] = {}
    for name, values in short.given.items():
        before, after = _filled(values, short.fires), _filled(values, short.silent[0])
        first, second = _COUNTER.fullmatch(before), _COUNTER.fullmatch(after)
        if first and second:
            reached = float(first.group(1)) + steps * float(first.group(2))
            drawn[name] = f"{before}x{steps} {_plain(reached + float(second.group(2)))}{second.group(2)}x{short.long}"
        elif " " in before or re.search(r"\dx\d", before):
            # What says how long it lasts ends at the level that is silent.
            drawn[name] = f"{_until(before, steps)} {after.rpartition(' ')[2]}"
        else:
            drawn[name] = f"{before}x{steps} {after}x{short.long}"
    return drawn


def _until(values: str, steps: int) -> str:
    """The beginning of a series whose last part would last on: cut off after so many steps."""
    head, _, last = values.rpartition(" ")
    before = sum(int(part.partition("x")[2]) + 1 for part in head.split()) if head else 0
    return f"{head} {last.partition('x')[0]}x{max(steps - before, 0)}".strip()


def _restarted(values: str, at: float, short: Short) -> str:
    """The same counter, which has counted for long and starts anew at a time."""
    counter = _COUNTER.fullmatch(values)
    if not counter:
        return _lasting(values, short.long)
    return f"1000000{counter.group(2)}x{int(at // short.step)} 0{counter.group(2)}x{short.long}"


def _value_case(name: str, fields: Mapping[str, object], macros: Mapping[str, str], step: float = STEP) -> Test:
    """What a recording rule computes: nothing more and nothing less. A value may be given for each step of a counter."""
    record = name.partition("{")[0].partition("@")[0]
    per = step if fields.get("rate") is True else 1
    expected = [
        {"labels": f"{{{_with(macros, labels)}}}", "value": round(float(str(value)) * _MILLION)}
        for labels, value in mapping(fields["expect"]).items()
    ]
    # In millionths, as the last bits of a number depend on the order of its sums.
    asked = f"round({_with(macros, str(fields.get('ask', record)))} * {per * _MILLION:.0f})"
    long = int(str(fields.get("long", 60)))
    series = [{"series": _with(macros, key), "values": _lasting(str(value), long)} for key, value in mapping(fields["given"]).items()]
    return {
        "name": f"{name}: value",
        "interval": f"{step:.0f}s",
        "input_series": series,
        "promql_expr_test": [{"expr": asked, "eval_time": _at(int(str(fields.get("at", 30))) * step), "exp_samples": expected}],
    }
