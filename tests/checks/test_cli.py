"""``python -m checks`` as people use it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

import pytest

from checks import __main__ as cli
from checks.dashboard_lint import Library
from checks.record import Recorded
from model.environment import Environment
from model.errors import Finding
from tests.components.environments import files, resources


def nothing(_: Path) -> list[Finding]:
    return []


def undisturbed(_: Environment, __: Path) -> list[Finding]:
    return []


BEFORE = date(2026, 12, 1)
"""When no version is past its end of life but those that are accepted."""

AFTER = date(2036, 12, 1)


@pytest.fixture
def satisfied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "today", lambda: BEFORE)
    monkeypatch.setattr(cli, "program_findings", nothing)
    monkeypatch.setattr(cli, "delivery_findings", undisturbed)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what production deploys recorded and written once for all tests: they look at what is said, not at how."""

    def made(_: Environment, __: Callable[[str], str]) -> tuple[Recorded, ...]:
        return resources("prod")

    def written(_: Environment, __: Iterable[Recorded]) -> Mapping[str, str]:
        return files("prod")

    def unasked(_: Library) -> list[Finding]:
        return []

    monkeypatch.setattr(cli, "record_platform", made)
    monkeypatch.setattr(cli, "rendered", written)
    monkeypatch.setattr(cli, "dashboard_findings", unasked)


def test_render_writes_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["render", "--env", "prod", "--out", str(tmp_path / "new")]) == 0
    written = (tmp_path / "new/files.txt").read_text().splitlines()
    assert capsys.readouterr().out == f"{len(written)} files in {tmp_path / 'new'}\n"
    assert {"prometheus/prometheus.yml", "alertmanager/alertmanager.yml", "manifests/prometheus.yaml"} <= set(written)


@pytest.mark.usefixtures("satisfied")
def test_check_says_when_nothing_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--env", "prod"]) == 0
    assert capsys.readouterr().out == "prod: nothing wrong\n"


@pytest.mark.usefixtures("satisfied", "recorded")
def test_check_knows_what_day_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "today", lambda: AFTER)
    assert cli.main(["check", "--env", "prod"]) == 1
    assert "past its end of life" in capsys.readouterr().out


@pytest.mark.usefixtures("satisfied", "recorded")
def test_check_lists_findings_and_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def one(_: Path) -> list[Finding]:
        return [Finding(file="a.yaml", key="b", problem="is wrong")]

    monkeypatch.setattr(cli, "program_findings", one)
    assert cli.main(["check", "--env", "prod"]) == 1
    assert capsys.readouterr().out == "a.yaml: b: is wrong\nprod: 1 finding\n"


@pytest.mark.parametrize("words", [["check", "--env", "prd"], ["render", "--env", "prd", "--out", "out"]])
def test_an_environment_that_is_not_there(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 1
    assert "there is no Pulumi.prd.yaml; environments here: dev, prod, staging; did you mean 'prod'?" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["check"], ["render", "--env", "dev"], ["prove"]])
def test_what_cannot_be_understood(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2
    assert "usage: python -m checks" in capsys.readouterr().err
