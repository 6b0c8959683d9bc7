"""Every alert fires when it should, is silent when it should, and its tests would notice if it did not."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from model.documents import each, mapping, read
from model.environment import load
from model.quantities import Duration
from model.rules import rule_documents
from sandbox.toolchain import tool
from tests.rules.rulebook import ROOT, RULE_TESTS, TESTS, Alert, alerts, judge, mutants, rule_texts, with_alert

CASES = ("fires", "boundary", "distractor", "no data")
"""What is shown of every alert: when it fires and not earlier; what is nearly enough; what looks like it; what is not there."""

UNCONDITIONAL = {"Watchdog"}
"""Alerts that always fire, so that nothing can be nearly enough or look like it."""

WITHOUT_NAMESPACE = {"Watchdog", "KubernetesNodeNotReady"}
"""Alerts about no namespace; without that label no inhibition reaches them."""

EQUIVALENT = {
    # Nothing asks for the value of an alert that always fires.
    ("Watchdog", "1 to 2"),
    ("Watchdog", "1 to 0.5"),
    # A counter of whole numbers that grew has grown by one at least.
    ("PrometheusRuleEvaluationFailures", "0 to 0.5"),
}
"""Changes that change nothing, so that no test can notice them."""

EVALUATION_SECONDS = 15.0
"""Time between two evaluations in the tests."""

ALERTS = alerts()
NAMES = [alert.name for alert in ALERTS]


@pytest.mark.binaries
@pytest.mark.parametrize("file", RULE_TESTS)
def test_rules_pass_their_tests(file: str, tmp_path: Path) -> None:
    result = judge(tool("promtool"), tmp_path, rule_texts(), file)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.binaries
@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_promtool_accepts_the_rule_files_of_every_environment(env: str, tmp_path: Path) -> None:
    texts = rule_documents(load(ROOT, env))
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    command = [tool("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *sorted(texts)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.binaries
@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_a_broken_alert_fails_its_tests(alert: Alert, tmp_path: Path) -> None:
    promtool, texts = tool("promtool"), rule_texts()
    survivors = {
        (alert.name, what)
        for what, changed in mutants(alert.rule)
        if judge(promtool, tmp_path, with_alert(texts, alert, changed), alert.file, f"^{alert.name}:").returncode == 0
    }
    assert survivors == {(name, what) for name, what in EQUIVALENT if name == alert.name}


def rule_tests(alert: str) -> dict[str, dict[str, object]]:
    """The promtool tests of an alert by case."""
    found: dict[str, dict[str, object]] = {}
    for file in RULE_TESTS:
        for _, test in each(read(TESTS, file).content, "tests", "*"):
            name, _, case = str(mapping(test)["name"]).partition(": ")
            if name == alert:
                found[case] = mapping(test)
    return found


def gaps(alert: str, wait: Duration | None, tests: Mapping[str, Mapping[str, object]]) -> list[str]:
    """What the tests of an alert do not show."""
    cases = {"fires", "no data"} if alert in UNCONDITIONAL else set(CASES)
    found = [f"no case '{case}'" for case in sorted(cases - set(tests))]
    firing: list[float] = []
    silent: list[float] = []
    for _, expectation in each(tests.get("fires", {}), "alert_rule_test", "*"):
        time = Duration(str(mapping(expectation)["eval_time"])).seconds
        (firing if mapping(expectation)["exp_alerts"] else silent).append(time)
    if not firing:
        found.append("it never fires")
    elif wait and not any(0 < min(firing) - time <= EVALUATION_SECONDS for time in silent):
        found.append("nothing shows that it is silent one evaluation before it fires")
    compared = {"severity", "category", "team", "service", "namespace"} - ({"namespace"} if alert in WITHOUT_NAMESPACE else set[str]())
    for _, labels in each(tests, "*", "alert_rule_test", "*", "exp_alerts", "*", "exp_labels"):
        found += [f"fires without label '{label}'" for label in sorted(compared - set(mapping(labels)))]
    for _, annotations in each(tests, "*", "alert_rule_test", "*", "exp_alerts", "*", "exp_annotations"):
        if set(mapping(annotations)) != {"summary", "description", "runbook_url"}:
            found.append(f"fires with annotations {sorted(mapping(annotations))}")
    return found


def wait_of(alert: Alert) -> Duration | None:
    """How long an alert waits before it fires."""
    return Duration(str(alert.rule["for"])) if "for" in alert.rule else None


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_every_alert_has_all_its_tests(alert: Alert) -> None:
    assert gaps(alert.name, wait_of(alert), rule_tests(alert.name)) == []


def test_a_missing_test_is_noticed() -> None:
    tests = rule_tests("ServiceDown")
    wait = Duration("45s")
    assert gaps("ServiceDown", wait, {case: test for case, test in tests.items() if case != "distractor"}) == ["no case 'distractor'"]
    firing_only = [test for _, test in each(tests["fires"], "alert_rule_test", "*") if mapping(test)["exp_alerts"]]
    late = {**tests, "fires": {**tests["fires"], "alert_rule_test": firing_only}}
    assert gaps("ServiceDown", wait, late) == ["nothing shows that it is silent one evaluation before it fires"]
    unowned = {**tests, "fires": {"alert_rule_test": [{"eval_time": "1m", "exp_alerts": [{"exp_labels": {"severity": "critical"}}]}]}}
    assert "fires without label 'team'" in gaps("ServiceDown", None, unowned)


def test_no_test_is_about_an_alert_that_is_gone() -> None:
    tested = {str(name).partition(": ")[0] for file in RULE_TESTS for _, name in each(read(TESTS, file).content, "tests", "*", "name")}
    assert tested == set(NAMES)


def test_every_alerting_rule_file_has_tests() -> None:
    with_alerts = {
        path.name
        for path in (ROOT / "configs/rules").glob("*.yaml")
        if list(each(read(ROOT, f"configs/rules/{path.name}").content, "groups", "*", "rules", "*", "alert"))
    }
    assert with_alerts == set(RULE_TESTS)
