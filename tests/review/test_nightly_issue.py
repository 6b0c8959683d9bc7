"""One issue for as long as the nightly run does not pass as a whole: opened, kept up to date, closed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from review import nightly_issue
from review.github import LONGEST
from review.nightly_issue import MARK, read, track
from tests.nightly.outcome import Outcome, Result, machine
from tests.nightly.summary import Run, write
from tests.review.stand_in import MAY_READ, MAY_WRITE, REPOSITORY, StandIn, stand_in


@pytest.fixture
def there() -> Iterator[StandIn]:
    with stand_in() as state:
        yield state


def left(out: Path, said: str = "the end", **results: Result) -> Path:
    """A directory with what a nightly run left, each of whose parts said something."""
    outcomes = [Outcome(part=part, result=result, reason="exit code 1" if result == "failed" else "") for part, result in results.items()]
    for part in results:
        (out / f"{part}.log").write_text(f"{said} of {part}\n")
    write(Run(commit="abc", started=datetime.now(UTC), machine=machine(), random_seed=1, outcomes=outcomes), out)
    return out


def test_it_is_opened_updated_and_closed(there: StandIn, tmp_path: Path) -> None:
    there.add(there.issues, f"{MARK}\n", author="ada")
    assert track(there.github(), read(left(tmp_path, kills="failed", bench="passed"))) == "opened an issue"
    issue = there.issues[-1]
    assert issue["title"] == "Nightly: kills failed"
    for text in (f"{MARK}\n", "[this run](https://github.example/runs/7)", "## kills failed", "    the end of kills"):
        assert text in issue["body"]
    track(there.github(), read(left(tmp_path, kills="passed", bench="timed out")))
    assert issue["title"] == "Nightly: bench timed out"
    assert track(there.github(), read(left(tmp_path, kills="passed", bench="passed"))).startswith("closed")
    assert [one["state"] for one in there.issues] == ["open", "closed"]
    assert there.comments[-1]["body"] == "Every part of the nightly run passes, says [this run](https://github.example/runs/7)."


def test_what_passes_opens_nothing(there: StandIn, tmp_path: Path) -> None:
    assert track(there.github(), read(left(tmp_path, kills="passed"))) == "Every part of the nightly run passes"
    assert there.writes == []


def test_a_part_that_did_not_run_is_no_all_clear(there: StandIn, tmp_path: Path) -> None:
    track(there.github(), read(left(tmp_path, kills="passed", bench="not run")))
    assert there.issues[0]["title"] == "Nightly: bench not run"


@pytest.mark.parametrize("text", [None, "", "{}", '{"parts": []}', '{"parts": [1]}', "[]"])
def test_a_run_that_left_no_summary_is_no_all_clear(text: str | None, there: StandIn, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "summary.json").write_text(text)
    track(there.github(), read(tmp_path))
    [issue] = there.issues
    assert issue["title"] == "Nightly: the run left no summary"
    assert "there is no summary: " in issue["body"]


def test_a_long_summary_is_cut_at_a_line(there: StandIn, tmp_path: Path) -> None:
    left(tmp_path, kills="failed")
    (tmp_path / "summary.md").write_text("one more line\n" * 9_000)
    track(there.github(), read(tmp_path))
    body = there.issues[0]["body"]
    assert len(body) <= LONGEST
    shown = body.count("one more line\n")
    assert body.endswith(f"... and {9_000 - shown} more lines in the run")


def test_what_a_log_says_mentions_nobody(there: StandIn, tmp_path: Path) -> None:
    left(tmp_path, said="```\n@everybody look", kills="failed")
    track(there.github(), read(tmp_path))
    assert "\n    ```\n    @everybody look of kills\n" in there.issues[0]["body"]


def test_the_command(there: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left(tmp_path, kills="failed")
    assert json.loads((tmp_path / "summary.json").read_text())["parts"][0]["result"] == "failed"
    variables = {"GITHUB_API_URL": there.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_SERVER_URL": "https://github.example"}
    for name, value in {**variables, "GITHUB_RUN_ID": "7", "GITHUB_TOKEN": MAY_WRITE}.items():
        monkeypatch.setenv(name, value)
    assert nightly_issue.main(["--results", str(tmp_path)]) == 0
    assert there.issues[0]["title"] == "Nightly: kills failed"
    monkeypatch.setenv("GITHUB_TOKEN", MAY_READ)
    assert nightly_issue.main(["--results", str(tmp_path)]) == 1
    assert "the job needs `permissions: {issues: write}`" in capsys.readouterr().err
