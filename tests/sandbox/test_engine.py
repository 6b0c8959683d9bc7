"""The engine's surroundings, as far as they need no engine: where the program looks, and what a command refuses before it begins."""

import os
from pathlib import Path

import pytest

from sandbox import causes, cloud, cluster, recovery
from sandbox.__main__ import main
from sandbox.engine import Engine, EngineError, Target, _program_sees, here  # pyright: ignore[reportPrivateUsage]


def test_the_program_sees_the_cluster_of_the_target_and_the_user_gets_his_own_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/of/the/user")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with _program_sees({"KUBECONFIG": "/of/the/target", "AWS_ENDPOINT_URL": "http://s3"}):
        assert (os.environ["KUBECONFIG"], os.environ["AWS_ENDPOINT_URL"]) == ("/of/the/target", "http://s3")
    assert os.environ["KUBECONFIG"] == "/of/the/user"
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.parametrize("command", ["up", "preview", "drift"])
def test_an_environment_that_is_not_there_is_refused_before_anything_is_started(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "up", _started)
    monkeypatch.setattr(cluster, "running", _started)
    assert main([command, "--env", "prd"]) == 2
    told = capsys.readouterr().err
    assert "error: Pulumi.prd.yaml: " in told
    assert "did you mean 'prod'?" in told
    with pytest.raises(AssertionError, match="started"):
        main([command, "--env", "dev"])


def _started(name: str, **_: object) -> None:
    raise AssertionError(f"started {name}")


def test_a_disk_without_room_is_told_before_the_engine_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Target(name="here", kubeconfig=tmp_path / "none", state=tmp_path / "state")
    monkeypatch.setattr(recovery, "NEEDED_BYTES", 10**18)
    with pytest.raises(EngineError, match=f"the disk of {place.state} has .* MB free"):
        Engine(place, "dev", say=print).up()


def test_a_silent_api_server_is_told_before_the_engine_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Target(name="here", kubeconfig=tmp_path / "none", state=tmp_path / "state")
    monkeypatch.setattr(causes, "silent", _silent)
    with pytest.raises(EngineError, match="does not answer"):
        Engine(place, "dev", say=print).drift()
    assert not (place.state / "work").exists()


def _silent(_: Path) -> str:
    return "the API server x does not answer"


@pytest.mark.parametrize(("address", "endpoint", "notes"), [(None, cloud.ENDPOINT, 1), ("http://s3", cloud.ENDPOINT, 0), (None, None, 0)])
def test_an_environment_that_loses_its_logs_on_this_cluster_is_told_so(address: str | None, endpoint: str | None, notes: int) -> None:
    said: list[str] = []
    stack = {"config": {"observability:logs": {"bucket": {"name": "logs", "endpoint": endpoint}}}}
    text = here(stack, address, said.append)
    assert ("observability:logs" in text) is not bool(notes)
    assert said == [f"note: {cloud.LEFT_OUT}"] * notes
