"""A new environment is one file: that of another under a new name, without anything that is secret."""

from pathlib import Path

import pytest

from model.environment import load
from model.errors import InvalidConfiguration
from stacks.__main__ import main
from tests.model.breaking import complaints, put


@pytest.mark.parametrize("origin", ["dev", "staging", "prod"])
def test_it_lacks_its_secrets_and_nothing_else(project: Path, origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "--env", "qa", "--like", origin], project) == 0
    assert "pulumi stack init qa" in capsys.readouterr().out
    said = complaints(project, "qa")
    assert said
    assert {line for line in said if "the secret is missing" not in line} == set()
    for line in said:
        put(project, "Pulumi.qa.yaml", ("config", line.split(": ")[1]), {"secure": "v1:x:y"})
    assert load(project, "qa").settings.cluster.name == load(project, origin).settings.cluster.name.replace(origin, "qa")


def test_it_carries_no_ciphertext_and_no_salt(project: Path) -> None:
    main(["new", "--env", "qa", "--like", "prod"], project)
    text = (project / "Pulumi.qa.yaml").read_text()
    assert "v1:" not in text
    assert "secure" not in text
    assert text.startswith("# yaml-language-server: $schema=")


def test_one_that_is_there_is_not_touched(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "Pulumi.prod.yaml").read_text()
    assert main(["new", "--env", "prod"], project) == 2
    assert capsys.readouterr().err == "Pulumi.prod.yaml: is there already\n"
    assert (project / "Pulumi.prod.yaml").read_text() == before


WRONG = {
    "a path": ("../x", "staging", "'../x' was given"),
    "nothing": ("", "staging", "'' was given"),
    "no such origin": ("qa", "stagin", "did you mean 'staging'?"),
}


@pytest.mark.parametrize(("name", "origin", "said"), WRONG.values(), ids=WRONG)
def test_names_that_will_not_do(project: Path, name: str, origin: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(project.iterdir())
    assert main(["new", "--env", name, "--like", origin], project) == 2
    assert said in capsys.readouterr().err
    assert sorted(project.iterdir()) == files


def test_its_secrets_are_listed_without_their_values(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["secrets", "--env", "prod"], project) == 0
    told = capsys.readouterr().out
    assert "set      grafanaAdminPassword" in told
    assert "pulumi config set --secret observability:grafanaAdminPassword -s prod" in told
    assert "v1:" not in told


def test_a_secret_that_is_missing_is_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (project / "Pulumi.prod.yaml").read_text().splitlines(keepends=True)
    (project / "Pulumi.prod.yaml").write_text("".join(line for line in text if "grafanaAdminPassword" not in line))
    assert main(["secrets", "--env", "prod"], project) == 1
    told = capsys.readouterr().out
    assert "MISSING  grafanaAdminPassword" in told
    assert "1 missing" in told


def test_an_unreadable_environment_is_refused_with_the_reason(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(project, "Pulumi.prod.yaml", ("config", "observability:promethues"), {})
    assert main(["secrets", "--env", "prod"], project) == 2
    with pytest.raises(InvalidConfiguration):
        load(project, "prod")
    assert "did you mean 'observability:prometheus'?" in capsys.readouterr().err
