"""Every alert fires when it should, is silent when it should, and no rule goes without tests that would notice if it did not."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from model.documents import each, mapping
from model.environment import load
from model.quantities import Duration
from model.rules import SYSTEMS, file_name, read_rules, rule_documents
from sandbox.toolchain import tool
from tests.rules.cases import Test, cases_by_rule
from tests.rules.judging import judge, write
from tests.rules.rulebook import ROOT, RUNBOOKS, Rule, alerts, recordings, rules

CASES = ("fires", "boundary", "distractor", "no data")
"""What is shown of every alert: when it fires and not earlier; what is nearly enough; what looks like it; what is not there."""

UNCONDITIONAL = {"Watchdog"}
"""Alerts that always fire, so that nothing can be nearly enough or look like it."""

OF_THE_CLUSTER = (
    {"Watchdog", "KubernetesNodeNotReady", "KubernetesNodePressure"}
    | {rule.id for rule in alerts() if rule.id.startswith("Node")}
    | {
        "HighDiskUsage",
        "HighLoadAverage",
    }
)
"""Alerts about no namespace; without that label no inhibition reaches them."""

ALERTS = alerts()
NAMES = [alert.id for alert in ALERTS]


@pytest.mark.binaries
def test_every_rule_passes_its_tests(tmp_path: Path) -> None:
    tested = {write(tmp_path, f"rule{index}", rule).name: rule for index, rule in enumerate([*ALERTS, *recordings()])}
    verdicts = judge(tool("promtool"), [tmp_path / name for name in tested])
    assert {tested[name].id: said for name, said in verdicts.items() if said} == {}


@pytest.mark.binaries
def test_a_rule_that_does_otherwise_fails_its_tests(tmp_path: Path) -> None:
    rule = next(alert for alert in ALERTS if alert.id == "ServiceDown")
    target = write(tmp_path, "rule", rule, {**rule.fields, "for": "5m"})
    assert "ServiceDown: fires" in judge(tool("promtool"), [target])[target.name]


@pytest.mark.binaries
@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_promtool_accepts_the_rule_files_of_every_environment(env: str, tmp_path: Path) -> None:
    assert refused(load(ROOT, env).rule_files, tmp_path) == ""


@pytest.mark.binaries
def test_promtool_accepts_the_rule_files_of_every_system(tmp_path: Path) -> None:
    of_systems = {file_name(file.file): file.content for file in read_rules(ROOT) if file.file.startswith(SYSTEMS)}
    assert len(of_systems) == 5
    assert refused(rule_documents(of_systems, RUNBOOKS), tmp_path) == ""


def refused(texts: Mapping[str, str], folder: Path) -> str:
    """What promtool has against rule files."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    command = [tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *sorted(texts)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return result.stdout + result.stderr if result.returncode else ""


def gaps(rule: Rule, tests: Sequence[Test]) -> list[str]:
    """What the tests of an alert do not show."""
    cases = {str(test["name"]).partition(": ")[2]: test for test in tests}
    needed = {"fires", "no data"} if rule.id in UNCONDITIONAL else set(CASES) | ({"counter reset"} if rule.counts else set[str]())
    found = [f"no case '{case}'" for case in sorted(needed - set(cases))]
    step = min((Duration(str(test["interval"])).seconds for test in tests if "interval" in test), default=15.0)
    firing: list[float] = []
    silent: list[float] = []
    for _, expectation in each(cases.get("fires", {}), "alert_rule_test", "*"):
        time = Duration(str(mapping(expectation)["eval_time"])).seconds
        (firing if mapping(expectation)["exp_alerts"] else silent).append(time)
    if not firing:
        found.append("it never fires")
    elif rule.wait_seconds and not any(0 < min(firing) - time <= step for time in silent):
        found.append("nothing shows that it is silent one evaluation before it fires")
    compared = {"severity", "category", "team", "service", "namespace"} - ({"namespace"} if rule.id in OF_THE_CLUSTER else set[str]())
    for _, labels in each(cases, "*", "alert_rule_test", "*", "exp_alerts", "*", "exp_labels"):
        found += [f"fires without label '{label}'" for label in sorted(compared - set(mapping(labels)))]
    for _, annotations in each(cases, "*", "alert_rule_test", "*", "exp_alerts", "*", "exp_annotations"):
        if set(mapping(annotations)) != {"summary", "description", "runbook_url"}:
            found.append(f"fires with annotations {sorted(mapping(annotations))}")
    return sorted(set(found))


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_every_alert_has_all_its_tests(alert: Rule) -> None:
    assert gaps(alert, cases_by_rule().get(alert.id, ())) == []


def test_a_missing_test_is_noticed() -> None:
    rule = next(alert for alert in ALERTS if alert.id == "ServiceDown")
    tests = cases_by_rule()[rule.id]
    assert gaps(rule, [test for test in tests if test["name"] != "ServiceDown: distractor"]) == ["no case 'distractor'"]
    fires = next(test for test in tests if test["name"] == "ServiceDown: fires")
    firing_only = [test for _, test in each(fires, "alert_rule_test", "*") if mapping(test)["exp_alerts"]]
    late = [{**fires, "alert_rule_test": firing_only}, *(test for test in tests if test is not fires)]
    assert gaps(rule, late) == ["nothing shows that it is silent one evaluation before it fires"]
    unowned = {**fires, "alert_rule_test": [{"eval_time": "1m", "exp_alerts": [{"exp_labels": {"severity": "critical"}}]}]}
    assert "fires without label 'team'" in gaps(rule, [unowned])
    counting = replace(rule, fields={**rule.fields, "expr": "rate(x[5m])"})
    assert gaps(counting, tests) == ["no case 'counter reset'"]


def test_every_series_that_is_computed_has_a_test_of_its_value() -> None:
    valued = {name for name, tests in cases_by_rule().items() if any("promql_expr_test" in test for test in tests)}
    assert [rule.id for rule in recordings() if rule.id not in valued] == []


def test_no_test_is_about_a_rule_that_is_gone() -> None:
    assert set(cases_by_rule()) - {rule.id for rule in rules()} == set()


def test_there_are_as_many_rules_as_promised() -> None:
    texts = load(ROOT, "prod").rule_files
    assert len({rule.fields["alert"] for rule in ALERTS if file_name(rule.file) in texts}) >= 70
    assert len({rule.makes for rule in recordings() if file_name(rule.file) in texts}) >= 45
