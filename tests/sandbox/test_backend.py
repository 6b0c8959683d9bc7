"""A state in a backend of the official CLI, looked at with the real engine and changed by nothing."""

from pathlib import Path

import pytest

from sandbox.backend import Backend
from sandbox.engine import EngineError
from tests.workflows.planning import CANARY
from tests.workflows.test_plan import PREVIEWED, engine

pytestmark = pytest.mark.binaries


@pytest.fixture
def deployed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with the state of a deployed stack, which asks for no provider, and its project."""
    for step in ("preview", "up"):
        assert engine(tmp_path, step, PREVIEWED)[0] == 0
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "x")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    return tmp_path


def test_it_is_read_and_stays_as_it_is(deployed: Path) -> None:
    before = state(deployed)
    backend = Backend(deployed.as_uri(), "dev", print, deployed / "project")
    assert backend.drift() == ()
    assert backend.deployed() == ()
    assert state(deployed) == before


def test_what_cannot_be_read_is_named_without_a_secret(deployed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match=rf"(?s)the state of prod in {deployed.as_uri()}: .*no stack named 'prod' found"):
        Backend(deployed.as_uri(), "prod", print, deployed / "project").drift()
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "wrong")
    with pytest.raises(EngineError, match="incorrect passphrase") as refused:
        Backend(deployed.as_uri(), "dev", print, deployed / "project").drift()
    assert CANARY not in str(refused.value)


def state(directory: Path) -> str:
    """What the backend holds of the stack."""
    return (directory / ".pulumi/stacks/observability/dev.json").read_text()
