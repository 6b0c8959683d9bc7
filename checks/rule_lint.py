"""Rules that load, and can never do what they say: found offline, by what the expression is made of and by the metrics that exist."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import promql_parser as promql

from checks.expressions import nodes, selectors
from checks.labels import Inference, Labels
from checks.metrics import Metric
from checks.reach import unreachable
from checks.units import unit_problems
from model.documents import each, mapping, parse
from model.errors import Finding, nearest
from model.quantities import Duration

COMPARED = ("severity", "category", "team", "service", "namespace")
"""What routing and inhibition look at. Labels that both sides of an inhibition lack count as equal."""

_RANGE_FUNCTIONS = ("rate", "irate", "increase")
_FEWEST_SCRAPES = 4
"""A rate over fewer is nothing as soon as one scrape fails; ranges are left-open, so two at just twice the interval may be one."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What rules are judged by."""

    metrics: Mapping[str, Metric]
    """The metrics that exist."""

    jobs: frozenset[str]
    """The jobs that Prometheus scrapes."""

    captured: frozenset[str]
    """The jobs of which all metrics are known; of other jobs of the platform nothing is said to be missing."""

    scrape_interval: float
    """Seconds between two scrapes."""

    runbooks: Path
    """Where the pages are."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule and where it is."""

    file: str
    key: str
    fields: Mapping[str, object]

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.fields.get("alert") or self.fields.get("record"))

    @property
    def expression(self) -> str:
        """The PromQL expression."""
        return str(self.fields["expr"])

    @property
    def labels(self) -> dict[str, object]:
        """The labels that the rule adds."""
        return mapping(self.fields.get("labels"))


def rule_findings(texts: Mapping[str, str], surroundings: Surroundings) -> list[Finding]:
    """Everything that is wrong with the rule files of an environment, given as text by the name that people know them by."""
    rules = [
        Rule(file=file, key=key, fields=mapping(fields))
        for file, text in texts.items()
        for key, fields in each(parse(text, file).content, "groups", "*", "rules", "*")
    ]
    return list(_Linter(rules, surroundings).findings())


class _Linter:
    """All rules of an environment together, as one uses what another makes."""

    def __init__(self, rules: Sequence[Rule], surroundings: Surroundings) -> None:
        self._rules, self._around = rules, surroundings
        self._recorded: dict[str, list[Rule]] = {}
        for rule in rules:
            if "record" in rule.fields:
                self._recorded.setdefault(rule.name, []).append(rule)
        self._made: dict[str, Labels | None] = {}

    def findings(self) -> Iterator[Finding]:
        for rule in self._rules:
            tree = promql.parse(rule.expression)
            problems = [*self._metrics(tree), *self._functions(tree), *self._divisions(tree), *unreachable(tree)]
            inference = Inference(self._labels_of)
            labels = inference.labels(tree)
            problems += inference.problems
            if "alert" in rule.fields:
                problems += [*self._templates(rule, labels), *self._compared(rule, labels), *unit_problems(rule.fields, tree)]
                if not (self._around.runbooks / f"{rule.name}.md").is_file():
                    problems.append(f"has no page {rule.name}.md")
            yield from (Finding(file=rule.file, key=rule.key, problem=f"'{rule.name}' {problem}") for problem in dict.fromkeys(problems))

    def _labels_of(self, selector: promql.VectorSelector) -> Labels | None:
        name = str(selector.name)
        if name in self._recorded:
            return self._labels_made(name)
        if name == "up":
            return frozenset(("job", "instance", *(matcher.name for matcher in selector.matchers.matchers))) | _OF_TARGETS
        metric = self._around.metrics.get(name)
        return metric.labels if metric else None

    def _labels_made(self, name: str) -> Labels | None:
        if name not in self._made:
            self._made[name] = None
            each_rule = [
                (Inference(self._labels_of).labels(promql.parse(rule.expression)) or frozenset()) | frozenset(rule.labels)
                for rule in self._recorded[name]
            ]
            self._made[name] = reduce(lambda kept, labels: kept & labels, each_rule)
        return self._made[name]

    def _metrics(self, tree: promql.Expr) -> Iterator[str]:
        """Every metric, label and job is one that exists."""
        for selector in selectors(tree):
            name = str(selector.name)
            jobs = [matcher.value for matcher in selector.matchers.matchers if matcher.name == "job" and matcher.op == promql.MatchOp.Equal]
            yield from (f"asks for job '{job}', which nobody scrapes" for job in jobs if job not in self._around.jobs)
            metric = self._around.metrics.get(name)
            if name not in self._recorded and name != "up" and metric is None and (not jobs or set(jobs) & self._around.captured):
                near = nearest(name, [*self._around.metrics, *self._recorded])
                yield f"asks for '{name}', which nobody emits{f'; did you mean {near}?' if near else ''}"
            elif metric and metric.jobs and jobs and not set(jobs) & metric.jobs:
                yield f"asks job '{jobs[0]}' for '{name}', which comes from {', '.join(sorted(metric.jobs))}"
            labels = self._labels_of(selector)
            for matcher in selector.matchers.matchers if labels is not None else ():
                if matcher.name not in (labels or ()) and matcher.value:
                    yield f"asks '{name}' for label '{matcher.name}', which it does not have"

    def _functions(self, tree: promql.Expr) -> Iterator[str]:
        """Rates are of counters, and over enough scrapes."""
        for call in nodes(tree, promql.Call):
            argument = call.args[0] if call.args else None
            if call.func.name not in _RANGE_FUNCTIONS or not isinstance(argument, promql.MatrixSelector):
                continue
            name, seconds = str(argument.vector_selector.name), argument.range.total_seconds()
            metric = self._around.metrics.get(name)
            if metric and metric.type in ("gauge", "summary"):
                yield f"takes {call.func.name} of '{name}', which is a {metric.type}"
            if name in self._recorded:
                yield f"takes {call.func.name} of '{name}', which a rule computes: no counter"
            if seconds < _FEWEST_SCRAPES * self._around.scrape_interval:
                yield f"takes {call.func.name} over {seconds:g} s: fewer than {_FEWEST_SCRAPES} scrapes"

    def _divisions(self, tree: promql.Expr) -> Iterator[str]:
        """A ratio of rates says that it needs a denominator: 0/0 is not a number, and spoils every average that it is part of."""
        for node in nodes(tree, promql.BinaryExpr):
            if str(node.op) == "/" and _rates(node.lhs) and _rates(node.rhs) and not _guarded(node.rhs):
                yield "divides rates without a guard against nothing (> 0)"

    def _templates(self, rule: Rule, labels: Labels | None) -> Iterator[str]:
        """Every label in a text is there when it is printed. Those that the rule itself adds are not."""
        texts = {**mapping(rule.fields.get("annotations")), **rule.labels}
        for where, text in texts.items():
            for label in re.findall(r"\$labels\.(\w+)", str(text)):
                guarded = f"with $labels.{label}" in str(text)
                if labels is not None and label not in labels and not guarded:
                    yield f"prints label '{label}' in {where}, which its expression does not keep"

    def _compared(self, rule: Rule, labels: Labels | None) -> Iterator[str]:
        """What routing and inhibition compare is there. What is about a node is in no namespace."""
        there = (labels or frozenset()) | frozenset(rule.labels)
        of_cluster = "node" in there or rule.expression.startswith("vector(")
        for label in COMPARED:
            if label not in there and labels is not None and not (label == "namespace" and of_cluster):
                yield f"has no label '{label}', which routing or inhibition compares"


_OF_TARGETS = frozenset(("namespace", "pod", "system", "service", "team", "tier", "node", "datastore"))
"""Labels that targets have, each kind some of them; an ``up`` that is asked for one of them is of that kind."""


def _rates(tree: promql.Expr) -> bool:
    return any(call.func.name in _RANGE_FUNCTIONS for call in nodes(tree, promql.Call))


def _guarded(tree: promql.Expr) -> bool:
    return any(str(node.op) in (">", "!=", ">=") for node in nodes(tree, promql.BinaryExpr))


def surroundings(metrics: Mapping[str, Metric], prometheus: Mapping[str, object], runbooks: Path, interval: str) -> Surroundings:
    """What rules of an environment are judged by, from its ``prometheus.yml``."""
    jobs = {str(name) for _, name in each(prometheus, "scrape_configs", "*", "job_name")}
    for _, relabel in each(prometheus, "scrape_configs", "*", "relabel_configs", "*"):
        if mapping(relabel).get("target_label") == "job":
            jobs.add(str(mapping(relabel)["replacement"]))
    captured = frozenset(job for metric in metrics.values() for job in metric.jobs)
    return Surroundings(
        metrics=metrics, jobs=frozenset(jobs), captured=captured, scrape_interval=Duration(interval).seconds, runbooks=runbooks
    )
