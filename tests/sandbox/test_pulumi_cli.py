"""The CLI as a child: shown, waited for, interrupted and killed. A shell script plays it."""

import os
import signal
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from sandbox import pulumi_cli
from sandbox.pulumi_cli import PulumiCli


@pytest.mark.usefixtures("interruptible")
class TestCli:
    def test_shows_lines_and_returns_them(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        shown: list[str] = []
        result = cli(monkeypatch, tmp_path, "echo one; echo two; echo wrong >&2").run(["up"], str(tmp_path), {}, shown.append)
        assert (shown, result.stdout, result.stderr) == (["one", "two"], "one\ntwo", "wrong")

    def test_a_failure_carries_what_was_said(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"(?s)code: 3.*said this"):
            cli(monkeypatch, tmp_path, "echo said this; exit 3").run(["up"], str(tmp_path), {})

    def test_a_display_that_fails_does_not_stop_it_and_is_told_at_the_end(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        def broken(_: str) -> None:
            raise BrokenPipeError("nobody listens")

        with pytest.raises(BrokenPipeError):
            cli(monkeypatch, tmp_path, f"seq 100000; touch {tmp_path}/ended").run(["up"], str(tmp_path), {}, broken)
        assert (tmp_path / "ended").exists()

    def test_an_interrupt_reaches_it_once_and_is_waited_for(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        shown: list[str] = []
        script = "trap 'echo cancelled; exit 1' INT; echo begun; while :; do sleep 0.1 & wait; done"

        def interrupt(line: str) -> None:
            shown.append(line)
            if line == "begun":
                os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            cli(monkeypatch, tmp_path, script).run(["up"], str(tmp_path), {}, interrupt)
        assert shown == ["begun", "cancelled"]

    def test_a_second_interrupt_ends_it_at_once(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        def interrupt(line: str) -> None:
            if line in ("begun", "heard"):
                os.kill(os.getpid(), signal.SIGTERM)

        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            cli(monkeypatch, tmp_path, "trap 'echo heard' INT; echo begun; while :; do :; done").run(["up"], str(tmp_path), {}, interrupt)
        assert signal.getsignal(signal.SIGTERM) == before

    def test_where_interrupts_are_ignored_they_stay_so(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        def interrupt(_: str) -> None:
            os.kill(os.getpid(), signal.SIGINT)

        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            assert cli(monkeypatch, tmp_path, "echo begun; echo ended").run(["up"], str(tmp_path), {}, interrupt).stdout == "begun\nended"
        finally:
            signal.signal(signal.SIGINT, before)

    def test_is_killed_when_it_has_become_hopeless(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match="code: -9"):
            cli(monkeypatch, tmp_path, "while :; do :; done", hopeless=True).run(["up"], str(tmp_path), {})


def cli(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str, *, hopeless: bool = False) -> PulumiCli:
    """The CLI, played by a shell script."""
    program = directory / "bin" / "pulumi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/bash\n[ "$1" = version ] && {{ echo v3.250.0; exit; }}\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setattr(pulumi_cli, "tool", {"pulumi": program}.__getitem__)
    return PulumiCli(print, hopeless=lambda: hopeless)
