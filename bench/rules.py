"""What the rules of prod cost a Prometheus with 100,000 series: the time of one evaluation, of all and of each alert."""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import promql_parser

from bench.figures import Figure, Say, percentile
from checks.expressions import selectors
from checks.metrics import Metric, known_metrics
from model.documents import each, mapping, parse, to_yaml
from model.environment import load
from sandbox import bare
from sandbox.engine import ROOT
from sandbox.ports import free_port
from sandbox.toolchain import tool

SERIES = 100_000
"""How many there are, of the metrics that the rules ask for."""

STEP = 15
SAMPLES = 25
"""Of each series, 15 seconds apart: a little more than 5 minutes, which most rules look back."""

EVALUATIONS = 3
"""Of which the middle one counts."""


def measure(say: Say, series: int = SERIES) -> Iterator[Figure]:
    """Figures of all rules together, of the median alert and of each alert, the slowest first."""
    environment = load(ROOT, "prod")
    with tempfile.TemporaryDirectory(prefix="observability-bench-") as directory:
        folder = Path(directory)
        say(f"{series} series with {SAMPLES} samples each")
        count = _fill(folder, environment.rule_files, known_metrics(environment.catalogues), series)
        # In one group, so that they are evaluated one after the other: together they would wait for each other's processor.
        rules = [
            rule
            for name, text in environment.rule_files.items()
            for _, rule in each(parse(text, name).content, "groups", "*", "rules", "*")
        ]
        (folder / "rules.yml").write_text(to_yaml({"groups": [{"name": "bench", "interval": f"{STEP}s", "rules": rules}]}))
        (folder / "prometheus.yml").write_text(to_yaml({"rule_files": ["rules.yml"]}))
        say(f"Prometheus evaluates each rule {EVALUATIONS} times")
        taken = _evaluated(folder)
    alerts = sorted(((seconds, name) for kind, name, seconds in taken if kind == "alerting"), reverse=True)
    per = 100_000 / count
    yield Figure(
        name=f"all {len(taken)} rules, one evaluation", value=per * sum(seconds for *_, seconds in taken), unit="s per 100,000 series"
    )
    median = percentile([seconds for seconds, _ in alerts], 50)
    yield Figure(name=f"median of {len(alerts)} alerts", value=per * median * 1000, unit="ms per 100,000 series")
    for seconds, name in alerts:
        yield Figure(name=name, value=per * seconds * 1000, unit="ms per 100,000 series")


def _evaluated(folder: Path) -> list[tuple[str, str, float]]:
    """(kind, name, seconds) of each rule."""
    address = f"127.0.0.1:{free_port()}"
    command = [tool("prometheus"), "--config.file", folder / "prometheus.yml", "--web.listen-address", address]
    program = bare.Program(
        command=[*command, "--storage.tsdb.path", folder / "data"], address=f"http://{address}", log=folder / "prometheus.log"
    )
    rounds: dict[str, list[dict[str, object]]] = {}

    def enough() -> bool:
        """The times of all rules after each evaluation of their group."""
        [group] = [mapping(group) for _, group in each(json.loads(program.ask("/api/v1/rules")), "data", "groups", "*")]
        rules = [mapping(rule) for _, rule in each(group, "rules", "*")]
        if all(float(str(rule["evaluationTime"])) for rule in rules):
            rounds[str(group["lastEvaluation"])] = rules
        return len(rounds) == EVALUATIONS

    with program:
        bare.wait(lambda: program.answers("/-/ready"), seconds=120, what="Prometheus is ready")
        bare.wait(enough, seconds=300, what="all rules are evaluated")
    rules = zip(*rounds.values(), strict=True)
    return [
        (str(rule[0]["type"]), str(rule[0]["name"]), percentile([float(str(one["evaluationTime"])) for one in rule], 50)) for rule in rules
    ]


def _fill(folder: Path, texts: Mapping[str, str], metrics: Mapping[str, Metric], series: int) -> int:
    """Writes what the rules ask for into a database, shared evenly among their selectors; returns the number of series."""
    asked = {name: labels for name, labels in _selected(texts) if name in metrics}
    each_of, end = max(1, series // len(asked)), int(time.time())
    with (folder / "data.om").open("w") as file:
        for name, fixed in asked.items():
            free = sorted(metrics[name].labels - set(fixed))
            for number in range(each_of):
                # A tenth as many services as series: each has some pods.
                varied = {label: f"{label}-{number // 10 if label == 'service' else number}" for label in free}
                labels = ",".join(f'{label}="{value}"' for label, value in {**varied, **fixed}.items())
                file.writelines(f"{name}{{{labels}}} {step * (number + 1)} {end - (SAMPLES - step) * STEP}\n" for step in range(SAMPLES))
        file.write("# EOF\n")
    command = [tool("promtool"), "tsdb", "create-blocks-from", "openmetrics", folder / "data.om", folder / "data"]
    subprocess.run(command, capture_output=True, check=True)
    return each_of * len(asked)


def _selected(texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The names that rules ask for, with labels that their matchers take."""
    found = [
        selector
        for name, text in texts.items()
        for _, expression in each(parse(text, name).content, "groups", "*", "rules", "*", "expr")
        for selector in selectors(promql_parser.parse(str(expression)))
    ]
    for selector in found:
        matchers = [
            matcher for matcher in selector.matchers.matchers if matcher.op in (promql_parser.MatchOp.Equal, promql_parser.MatchOp.Re)
        ]
        # Of a pattern such as `5..|429`, what its first part takes.
        yield str(selector.name), {one.name: re.sub(r"[.][+*]?", "0", one.value.partition("|")[0]) for one in matchers if one.value}
