"""promtool as the judge of rules: many at once, as one start of the program costs more than one test."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

from model.documents import each, mapping
from tests.rules.cases import STEP, Test, cases_by_rule, given_names
from tests.rules.rulebook import Rule, needed, rule_groups

_SCRATCH = {"TMPDIR": "/dev/shm"} if os.access("/dev/shm", os.W_OK) else {}  # noqa: S108 (each test has a database for a moment: in memory)

AT_ONCE = 60
"""Rules that one process judges."""


def write(folder: Path, name: str, rule: Rule, fields: Mapping[str, object] | None = None) -> Path:
    """Writes a rule, with other ``fields`` if there are any, with what it needs and its tests."""
    tests = cases_by_rule().get(rule.id, ())
    changed = replace(rule, fields=rule.fields if fields is None else fields)
    return _written(folder, name, _with_needs(rule, [changed]), [dict(test) for test in tests])


def write_together(
    folder: Path, name: str, rule: Rule, variants: Mapping[str, Mapping[str, object]], only: Callable[[Test], bool] | None = None
) -> Path:
    """Writes a rule in many variants, each called as its key, with what it needs and its tests (``only`` some), each asked of all of them.

    A database and the series that a rule is made of cost more than the rule: so they are made once for all variants.
    """
    kind = "alert" if rule.is_alert else "record"
    changed = [replace(rule, fields={**fields, kind: called}) for called, fields in variants.items()]
    tests = [
        _asked_of_all(test, str(rule.fields[kind]), list(variants))
        for test in cases_by_rule().get(rule.id, ())
        if only is None or only(test)
    ]
    return _written(folder, name, _with_needs(rule, changed), tests)


def _with_needs(rule: Rule, changed: list[Rule]) -> list[Rule]:
    """What a rule needs, and then its variants. What a change asks for beyond that is not made: it is a fault, not a wish."""
    needs = needed(rule, given_names(cases_by_rule().get(rule.id, ())))
    return [*(other for other in needs if other is not rule), *changed]


def _asked_of_all(test: Test, name: str, variants: Sequence[str]) -> Test:
    asked: Test = {**test}
    for key in ("alert_rule_test", "promql_expr_test"):
        expectations = [_renamed(mapping(one), name, called) for called in variants for _, one in each(test, key, "*")]
        if expectations:
            asked[key] = expectations
    return asked


def _renamed(expectation: Mapping[str, object], name: str, called: str) -> dict[str, object]:
    """What is expected of a rule, of one that is called otherwise. Texts stay: they name the rule that is deployed."""
    word = re.compile(rf"(?<![\w:]){re.escape(name)}(?![\w:])")
    renamed = {key: word.sub(called, str(value)) if key in ("alertname", "expr") else value for key, value in expectation.items()}
    if samples := [mapping(sample) for _, sample in each(expectation, "exp_samples", "*")]:
        renamed["exp_samples"] = [{**sample, "labels": word.sub(called, str(sample.get("labels", "{}")))} for sample in samples]
    return renamed


def _written(folder: Path, name: str, rules: Sequence[Rule], tests: Sequence[Test]) -> Path:
    (folder / f"{name}.rules.yaml").write_text(json.dumps(rule_groups(rules)))
    steps = {str(test.get("interval")) for test in tests}
    interval = steps.pop() if len(steps) == 1 else f"{STEP}s"
    target = folder / f"{name}.test.yaml"
    # JSON is YAML, and is written a hundred times as fast.
    target.write_text(json.dumps({"rule_files": [f"{name}.rules.yaml"], "evaluation_interval": interval, "tests": tests}))
    return target


def judge(promtool: Path, targets: list[Path], jobs: int = 2, at_once: int = AT_ONCE) -> dict[str, str]:
    """What promtool says of each test file, by its name: "" when it passes."""
    batches = [targets[start : start + at_once] for start in range(0, len(targets), at_once)]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        verdicts: dict[str, str] = {}
        for said in pool.map(partial(_run, promtool), batches):
            verdicts |= said
    return verdicts


def _run(promtool: Path, batch: list[Path]) -> dict[str, str]:
    folder = batch[0].parent
    report = folder / f"{batch[0].name}.xml"
    command = [promtool, "test", "rules", f"--junit={report.name}", *(path.name for path in batch)]
    result = subprocess.run(command, cwd=folder, env=os.environ | _SCRATCH, capture_output=True, text=True, check=False)
    if not report.exists():
        raise RuntimeError(f"promtool gave no report: {result.stdout}{result.stderr}")
    said = {str(suite.get("name")): "\n".join(suite.itertext()) + _counted(suite) for suite in ElementTree.parse(report).getroot()}  # noqa: S314 (our own)
    if missing := [path.name for path in batch if path.name not in said]:
        raise RuntimeError(f"promtool says nothing of {', '.join(missing)}")
    return said


def _counted(suite: ElementTree.Element) -> str:
    """A file that promtool cannot even read has no text, but an error."""
    return "" if suite.get("failures") == suite.get("errors") == "0" else "fails"
