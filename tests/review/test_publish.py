"""The one comment of a pull request: made once, then edited in place, whoever else writes there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from review import publish
from review.comment import LONGEST as LONGEST_COMMENT
from review.comment import MARK
from review.github import AUTHOR, LONGEST, GitHubError, from_environment
from tests.review.stand_in import MAY_READ, MAY_WRITE, REPOSITORY, StandIn, stand_in

COMMENT = Path(__file__).parents[2] / "tests/golden/review/the-bucket-is-renamed.md"
TEXT = f"{MARK}\n## What this changes\n"


@pytest.fixture
def there() -> Iterator[StandIn]:
    with stand_in() as state:
        yield state


def test_it_is_made_once_and_edited_the_second_time(there: StandIn) -> None:
    there.add(there.comments, "Nice.", author="ada")
    publish.publish(there.github(), 5, TEXT)
    assert there.writes == [("POST", "issues/5/comments")]
    publish.publish(there.github(), 5, TEXT + "more\n")
    assert there.writes[1:] == [("PATCH", "issues/comments/2")]
    assert len(there.comments) == 2
    assert there.comments[1]["body"].startswith(TEXT + "more\n")
    assert "[this run](https://github.example/runs/7)" in there.comments[1]["body"]


def test_it_is_found_on_a_later_page(there: StandIn) -> None:
    for number in range(230):
        there.add(there.comments, f"{MARK if number == 217 else '+1'}\r\nold")
    publish.publish(there.github(), 5, TEXT)
    assert there.pages == ["1 of 100", "2 of 100", "3 of 100"]
    assert there.writes == [("PATCH", "issues/comments/218")]


def test_a_full_last_page_is_followed_by_an_empty_one(there: StandIn) -> None:
    for _ in range(100):
        there.add(there.comments, "+1")
    publish.publish(there.github(), 5, TEXT)
    assert there.pages == ["1 of 100", "2 of 100"]
    assert there.writes == [("POST", "issues/5/comments")]


@pytest.mark.parametrize(
    ("author", "body"),
    [("ada", TEXT), (f"x{AUTHOR}", TEXT), (AUTHOR, f"> quoted\n{TEXT}"), (AUTHOR, "<!-- another-tool -->\n"), (AUTHOR, "")],
)
def test_what_others_wrote_is_left_alone(author: str, body: str, there: StandIn) -> None:
    there.add(there.comments, body, author=author)
    publish.publish(there.github(), 5, TEXT)
    assert there.writes == [("POST", "issues/5/comments")]
    assert there.comments[0]["body"] == body


@pytest.mark.parametrize("text", ["", "Traceback (most recent call last):\n", "## What this changes\n"])
def test_what_is_no_comment_is_not_published(text: str, there: StandIn) -> None:
    with pytest.raises(GitHubError, match="does not begin with a mark"):
        publish.publish(there.github(), 5, text)
    assert there.writes == []


def test_the_longest_comment_is_taken_and_a_longer_one_named(there: StandIn) -> None:
    publish.publish(there.github(), 5, TEXT + "x" * (LONGEST_COMMENT - len(TEXT)))
    with pytest.raises(GitHubError, match="422 Body is too long"):
        publish.publish(there.github(), 5, TEXT + "x" * LONGEST)


def run(there: StandIn, monkeypatch: pytest.MonkeyPatch, file: Path, **changed: str) -> int:
    """The command as a runner runs it."""
    variables = {"GITHUB_API_URL": there.address, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": MAY_WRITE}
    for name, value in {**variables, "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "7", **changed}.items():
        monkeypatch.setenv(name, value)
    return publish.main(["--pull-request", "5", str(file)])


def test_the_command(there: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "comment.md"
    assert run(there, monkeypatch, file) == 1
    assert "No such file" in capsys.readouterr().err
    file.write_text(TEXT)
    assert run(there, monkeypatch, file) == 0
    assert capsys.readouterr().out == "made the comment of #5\n"
    assert f"(https://github.example/{REPOSITORY}/actions/runs/7)" in there.comments[0]["body"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"GITHUB_TOKEN": MAY_READ},
            "403 Resource not accessible by integration; the token lacks rights: the job needs `permissions: {pull-",
        ),
        ({"GITHUB_TOKEN": "stale"}, "401 Bad credentials; the token lacks rights"),
        ({"GITHUB_REPOSITORY": "dharma/gone"}, "404 Not Found; the token lacks rights"),
        ({"GITHUB_API_URL": "http://127.0.0.1:1"}, "http://127.0.0.1:1 does not answer as GitHub does"),
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN not set: a runner sets all but GITHUB_TOKEN, for which the step needs `env:"),
    ],
)
def test_why_it_could_not_is_told_without_the_token(
    changed: dict[str, str], told: str, there: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(there, monkeypatch, COMMENT, **changed) == 1
    said = capsys.readouterr().err
    assert told in said
    assert there.comments == []
    assert not any(token in said for token in (MAY_READ, MAY_WRITE, "stale"))


def test_the_token_is_not_shown(there: StandIn) -> None:
    assert MAY_WRITE not in repr(there.github())
    with pytest.raises(GitHubError, match="GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_SERVER_URL, GITHUB_RUN_ID not set"):
        from_environment({})
