"""Why the engine stopped, in one line."""

import json
import re
from pathlib import Path

import pytest

from sandbox import causes


class TestCauses:
    @pytest.fixture(autouse=True)
    def _answering(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(causes, "silent", _answers)
        monkeypatch.delenv(causes.PASSPHRASE, raising=False)

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("error: ... write dev.json: no space left on device", r"the disk of .* is full \(\d+\.\d MB free\)"),
            ("stderr: error: getting secrets manager: incorrect passphrase", "secrets of Pulumi.dev.yaml .* set PULUMI_CONFIG_PASSPHRASE"),
            (
                "the stack is currently locked by 1 lock(s).\n  file:///x.json: created by a@b (pid 7) at 2026-01-01T00:00:00Z",
                "another update of dev runs: a@b, process 7, since 2026-01-01T00:00:00Z",
            ),
            (
                'error: update failed\n    error: 2 errors occurred:\n * Pod "a/b" is not ready after 600 s: 0 of 1',
                'Pod "a/b" is not ready after 600 s: 0 of 1',
            ),
            ("\x1b[31merror: \x1b[0mupdate failed\n  error: cannot create X: denied", "cannot create X: denied"),
            ("\n code: -9\n stdout: ", "the engine was killed .SIGKILL."),
            ("nothing", "its messages are above"),
        ],
    )
    def test_is_told_in_one_line(self, said: str, expected: str, tmp_path: Path) -> None:
        told = causes.cause(said, kubeconfig=tmp_path / "none", state=tmp_path, environment="dev")
        assert re.search(expected, told), told
        assert "\n" not in told

    def test_a_wrong_passphrase_is_told_from_a_missing_one(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(causes.PASSPHRASE, "guess")
        told = causes.cause("incorrect passphrase", kubeconfig=tmp_path, state=tmp_path, environment="dev")
        assert told.endswith(
            "the passphrase in PULUMI_CONFIG_PASSPHRASE is not the one that they were encrypted with "
            "(without it, 'dev' is tried: that of the example values)"
        )


def test_a_silent_api_server_is_named(tmp_path: Path) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    cluster = {"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    kubeconfig.write_text(json.dumps({"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "x"}))
    assert causes.silent(kubeconfig) == "the API server https://127.0.0.1:1 does not answer: `make status` tells what runs"


def _answers(_: Path) -> str:
    return ""
