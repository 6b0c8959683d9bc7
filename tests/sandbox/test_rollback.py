"""Going back to an earlier commit, up to the engine: which commits can be deployed, and with which secrets."""

import subprocess
from pathlib import Path

import pytest
import yaml

from model.documents import mapping, read
from sandbox import confirmation
from sandbox.confirmation import NotConfirmedError
from sandbox.engine import Target
from sandbox.rollback import ACCEPT, GUARD, RollbackError, checkout_of, differing_pins, resolve, rollback, with_secrets_of

FILE = "Pulumi.dev.yaml"
THEN: dict[str, object] = {
    "encryptionsalt": "old",
    "config": {"observability:prometheus": {"replicas": 1}, "observability:password": {"secure": "v1:old"}},
}
NOW: dict[str, object] = {
    "encryptionsalt": "new",
    "config": {"observability:prometheus": {"replicas": 2}, "observability:password": {"secure": "v1:new"}},
}


def git(root: Path, *words: str) -> str:
    """What git says."""
    author = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", "-C", str(root), *author, *words], capture_output=True, text=True, check=True).stdout.strip()


def commit(root: Path, message: str) -> str:
    """Everything in the directory as a commit; returns its name."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with two commits, of which the first is tagged."""
    root = tmp_path / "project"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / FILE).write_text(yaml.safe_dump(THEN))
    (root / "requirements.txt").write_text("a==1\n")
    commit(root, "first")
    git(root, "tag", "v1")
    (root / FILE).write_text(yaml.safe_dump(NOW))
    (root / "Pulumi.qa.yaml").write_text(yaml.safe_dump(NOW))
    commit(root, "second")
    return root


def test_a_commit_may_be_named_in_every_way(root: Path) -> None:
    assert resolve(root, "v1") == resolve(root, "HEAD~1") == git(root, "rev-parse", "v1")


@pytest.mark.parametrize("name", ["v2", "--all", ""])
def test_a_commit_that_is_not_there_is_refused_with_some_that_are(name: str, root: Path) -> None:
    with pytest.raises(
        RollbackError, match=rf"TO: there is no commit '{name}' here; the latest are .*second.*first.*; tags are v1; `git fetch"
    ):
        resolve(root, name)


def test_without_history_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    with pytest.raises(RollbackError, match="has no history to go back in: fatal: not a git repository"):
        resolve(tmp_path, "v1")


def test_an_environment_that_the_commit_does_not_have_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(RollbackError, match=r"ENV: \w+ has no Pulumi.qa.yaml; environments of that commit: dev$"):
        checkout_of(root, resolve(root, "v1"), "qa", tmp_path)


def test_settings_are_those_of_the_commit_and_secrets_those_of_today(root: Path, tmp_path: Path) -> None:
    tree = checkout_of(root, resolve(root, "v1"), "dev", tmp_path)
    stack = read(tree, FILE).content
    assert stack["encryptionsalt"] == "new"
    assert mapping(stack["config"]) == {"observability:prometheus": {"replicas": 1}, "observability:password": {"secure": "v1:new"}}


def test_what_is_accepted_is_what_is_accepted_today_where_the_commit_has_a_guard(root: Path, tmp_path: Path) -> None:
    accepting = {**NOW, "config": {**mapping(NOW["config"]), ACCEPT: ["logs.retention: 4d -> 2d"]}}
    (root / FILE).write_text(yaml.safe_dump(accepting))
    without = checkout_of(root, resolve(root, "v1"), "dev", tmp_path / "without")
    assert ACCEPT not in mapping(read(without, FILE).content["config"])
    git(root, "checkout", "--quiet", "--force", "v1")
    (root / GUARD).parent.mkdir()
    (root / GUARD).touch()
    guarded = commit(root, "with a guard")
    (root / FILE).write_text(yaml.safe_dump(accepting))
    tree = checkout_of(root, guarded, "dev", tmp_path / "with")
    assert mapping(read(tree, FILE).content["config"])[ACCEPT] == ["logs.retention: 4d -> 2d"]


def test_a_secret_that_is_no_more_is_only_taken_along_where_it_can_be_read() -> None:
    gone: dict[str, object] = {**NOW, "config": dict[str, object]()}
    with pytest.raises(
        RollbackError, match=r"Pulumi.dev.yaml had secrets that it has no more, encrypted otherwise: observability:password; set"
    ):
        with_secrets_of(THEN, gone, FILE)
    assert with_secrets_of(THEN, {**gone, "encryptionsalt": "old"}, FILE) == THEN


def test_other_packages_are_told(root: Path, tmp_path: Path) -> None:
    tree = checkout_of(root, resolve(root, "v1"), "dev", tmp_path)
    assert differing_pins(root, tree) == []
    (root / "requirements.txt").write_text("a==2\n")
    assert [note.partition(" of ")[0] for note in differing_pins(root, tree)] == ["requirements.txt"]


ENGINE = """\
from dataclasses import dataclass
from pathlib import Path
@dataclass(frozen=True, kw_only=True)
class Target:
    name: str
    kubeconfig: Path
    state: Path
    s3: object = None
class EngineError(Exception): ...
class Engine:
    def __init__(self, target, environment, say): self.target, self.environment = target, environment
    def preview(self): return self.note("preview")
    def up(self): return self.note("up")
    def note(self, command):
        with (self.target.state / "done").open("a") as file: print(command, self.environment, file=file)
        if (self.target.state / command).exists(): raise EngineError("no")
        return {"same": 3}
"""
"""What the commit's code has for an engine, here one that writes down what it is told."""


@pytest.fixture
def place(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target, and a commit `engine` in the project whose engine notes what is done."""
    (root / "sandbox").mkdir()
    (root / "sandbox/engine.py").write_text(ENGINE)
    commit(root, "third")
    git(root, "tag", "engine")
    (root / "sandbox/engine.py").write_text("raise AssertionError('the code of today is run')\n")
    monkeypatch.setenv(confirmation.VARIABLE, "dev")
    (tmp_path / "state").mkdir()
    return Target(name="here", kubeconfig=tmp_path / "none", state=tmp_path / "state")


def done(place: Target) -> list[str]:
    """What the engine was told, in order."""
    file = place.state / "done"
    return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def test_the_commits_own_code_shows_first_and_then_deploys(root: Path, place: Target, capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    rollback(root, place, "dev", "engine", said.append)
    assert done(place) == ["preview", "up"]
    assert said[0].startswith("what engine (")
    assert said[-1].startswith("dev is what engine (")
    assert "dev: 3 same" in capfd.readouterr().out


def test_nothing_is_deployed_before_it_is_confirmed(root: Path, place: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(confirmation.VARIABLE, "yes")
    with pytest.raises(NotConfirmedError, match="nothing was changed: 'yes' was given, allowed: 'dev'"):
        rollback(root, place, "dev", "engine", print)
    assert done(place) == ["preview"]


def test_what_the_commit_itself_refuses_is_not_deployed(root: Path, place: Target, capfd: pytest.CaptureFixture[str]) -> None:
    (place.state / "preview").touch()
    with pytest.raises(RollbackError, match="the preview failed; why is above"):
        rollback(root, place, "dev", "engine", print)
    assert done(place) == ["preview"]
    assert "error: no" in capfd.readouterr().err
