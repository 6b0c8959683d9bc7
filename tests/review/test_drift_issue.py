"""One issue for as long as an environment is not as it was deployed: opened, kept up to date, closed."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from review import drift_issue
from review.drift_issue import CLEAN, MARK, STATES, Examined, track
from review.github import LONGEST, GitHubError
from sandbox.drift_report import DIFFERS, NOTHING, ONLY_UNMANAGED
from tests.review.stand_in import MAY_READ, MAY_WRITE, REPOSITORY, StandIn, stand_in

CHANGED = "changed: Deployment observability/grafana (resource grafana)\n  spec.replicas: 2 -> 1"


@pytest.fixture
def there() -> Iterator[StandIn]:
    with stand_in() as state:
        yield state


def examined(environment: str, code: int | None = CLEAN, text: str = "") -> Examined:
    return Examined(environment=environment, code=code, text=text)


def test_the_codes_are_those_of_the_report() -> None:
    assert list(STATES) == [NOTHING, DIFFERS, ONLY_UNMANAGED]


def test_it_is_opened_updated_and_closed(there: StandIn) -> None:
    there.add(there.issues, f"{MARK}\n", author="ada")
    there.add(there.issues, f"{MARK}\n", pull_request={})
    track(there.github(), [examined("prod", DIFFERS, CHANGED), examined("staging")])
    assert there.writes == [("POST", "issues")]
    issue = there.issues[-1]
    assert issue["title"] == "Drift: prod differs from what was deployed"
    assert f"```text\n{CHANGED}\n```" in issue["body"]
    track(there.github(), [examined("prod", ONLY_UNMANAGED, "unmanaged: Pod"), examined("staging", DIFFERS, CHANGED)])
    assert issue["title"] == "Drift: staging differs from what was deployed; prod has objects that nobody deployed"
    assert track(there.github(), [examined("prod"), examined("staging")]).startswith("closed")
    assert there.writes[1:] == [("PATCH", "issues/3"), ("POST", "issues/3/comments"), ("PATCH", "issues/3")]
    assert [one["state"] for one in there.issues] == ["open", "open", "closed"]


def test_all_clean_and_no_issue_is_nothing_to_do(there: StandIn) -> None:
    assert track(there.github(), [examined("prod"), examined("staging")]) == "All environments are as they were deployed"
    assert there.writes == []


@pytest.mark.parametrize("code", [2, None, 137])
def test_what_could_not_be_examined_is_no_all_clear(code: int | None, there: StandIn) -> None:
    track(there.github(), [examined("prod", DIFFERS, CHANGED)])
    track(there.github(), [examined("prod", code, "error: the API server does not answer")])
    [issue] = there.issues
    assert (issue["state"], issue["title"]) == ("open", "Drift: prod could not be examined")
    assert "the API server does not answer" in issue["body"]


def test_a_long_report_is_cut_at_a_line(there: StandIn) -> None:
    many = [examined(name, DIFFERS, "\n".join(f"unmanaged: Pod {name}/{number}" for number in range(9000))) for name in ("prod", "staging")]
    track(there.github(), many)
    body = there.issues[0]["body"]
    assert len(body) <= LONGEST
    assert body.count("more lines in the run\n```") == 2
    shown = body.count("Pod prod/")
    assert f"... and {9000 - shown} more lines" in body


def test_a_name_from_the_cluster_does_not_end_the_block(there: StandIn) -> None:
    track(there.github(), [examined("prod", DIFFERS, "changed: ConfigMap a\n````\n@everybody look")])
    body = there.issues[0]["body"]
    [inside] = re.findall(r"`````text\n(.*)\n`````", body, re.DOTALL)
    assert "@everybody" in inside


def test_the_command(there: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "drift-prod").mkdir()
    (tmp_path / "drift-prod/report.txt").write_text("0 managed object(s) differ")
    (tmp_path / "drift-prod/exit-code").write_text("0\n")
    variables = {"GITHUB_API_URL": there.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_SERVER_URL": "https://github.example"}
    for name, value in {**variables, "GITHUB_RUN_ID": "7", "GITHUB_TOKEN": MAY_WRITE}.items():
        monkeypatch.setenv(name, value)
    assert drift_issue.main(["--reports", str(tmp_path), "prod", "staging"]) == 0
    assert there.issues[0]["title"] == "Drift: staging could not be examined"
    assert "there is no report" in there.issues[0]["body"]
    monkeypatch.setenv("GITHUB_TOKEN", MAY_READ)
    assert drift_issue.main(["--reports", str(tmp_path), "prod", "staging"]) == 1
    assert "the job needs `permissions: {issues: write}`" in capsys.readouterr().err
    with pytest.raises(GitHubError):
        track(there.github(MAY_READ), [examined("prod", DIFFERS)])
