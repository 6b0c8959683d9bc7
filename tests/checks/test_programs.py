"""What promtool and amtool say: they accept our documents and refuse broken ones; when they are missing, that is said."""

from pathlib import Path

import pytest

from checks.programs import program_findings
from checks.render import write
from sandbox.toolchain import tool
from tests.components.environments import NAMES, files


def find(name: str) -> str:
    return str(tool(name))


def test_a_program_that_is_missing_is_a_finding(tmp_path: Path) -> None:
    problems = [finding.problem for finding in program_findings(tmp_path, lambda _: None)]
    assert problems == [f"not checked: {name} is not on the PATH" for name in ("promtool", "promtool", "amtool")]


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("(?i)", "(?i", "could not compile regular expression"),
        ("rate: 1000", "rate: 0", "invalid limit stage config"),
        ("firstline:", "first:", "invalid multiline stage config"),
    ],
)
def test_promtail_refuses_a_pipeline_that_its_syntax_check_passes(good: str, bad: str, said: str, tmp_path: Path) -> None:
    good_files = files("prod")
    write({**good_files, "promtail/promtail.yaml": good_files["promtail/promtail.yaml"].replace(good, bad)}, tmp_path)
    [finding] = program_findings(tmp_path, find)
    assert said in finding.problem


@pytest.mark.binaries
def test_promtail_refuses_an_unknown_key_both_ways(tmp_path: Path) -> None:
    good_files = files("prod")
    write({**good_files, "promtail/promtail.yaml": good_files["promtail/promtail.yaml"].replace("min_period:", "least_period:")}, tmp_path)
    assert ["field least_period not found" in finding.problem for finding in program_findings(tmp_path, find)] == [True, True]


@pytest.mark.binaries
@pytest.mark.parametrize("name", NAMES)
def test_the_programs_accept_our_documents(name: str, tmp_path: Path) -> None:
    write(files(name), tmp_path)
    assert program_findings(tmp_path, find) == []


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("file", "good", "bad", "said"),
    [
        ("prometheus/prometheus.yml", "sample_limit:", "sample_limits:", "field sample_limits not found"),
        ("prometheus/rules/services.yaml", "catalogue:service:info", "catalogue:service:info)", "unexpected"),
        ("jaeger/jaeger.yaml", "password_file:", "password_fil:", "password_fil"),
        ("jaeger/jaeger.yaml", "trace_storage: elasticsearch", "trace_storage: ''", "TraceStorage"),
        ("collector/collector.yaml", "max_elapsed_time:", "max_elapsd_time:", "max_elapsd_time"),
        ("collector/collector.yaml", "STATUS_CODE_ERROR", "STATUS_CODE_EROR", "STATUS_CODE_EROR"),
        ("alertmanager/alertmanager.yml", "receiver: heartbeat", "receiver: nobody", 'undefined receiver "nobody"'),
        ("alertmanager/templates/slack.tmpl", "{{ define", "{{ defined", "function"),
    ],
)
def test_the_programs_refuse_a_broken_document(file: str, good: str, bad: str, said: str, tmp_path: Path) -> None:
    good_files = files("prod")
    assert good in good_files[file]
    write({**good_files, file: good_files[file].replace(good, bad)}, tmp_path)
    [finding] = program_findings(tmp_path, find)
    assert said in finding.problem
