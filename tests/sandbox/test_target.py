"""``KUBECONTEXT``: the user's kubeconfig files, of which one context is copied."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import target
from sandbox.target import TargetError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "state_root", lambda: tmp_path / "state")
    first, second = tmp_path / "first" / "config", tmp_path / "second" / "config"
    write(first, "staging", server="https://first")
    write(second, "staging", server="https://hidden")
    write(second, "prod", server="https://second")
    monkeypatch.setenv("KUBECONFIG", f"{first}:{second}:{tmp_path / 'absent'}")


def write(path: Path, name: str, server: str) -> None:
    """Add a context with cluster and user of the same name to a kubeconfig."""
    path.parent.mkdir(exist_ok=True)
    content: dict[str, Any] = yaml.safe_load(path.read_text()) if path.exists() else {"contexts": [], "clusters": [], "users": []}
    content["contexts"].append({"name": name, "context": {"cluster": name, "user": name}})
    content["clusters"].append({"name": name, "cluster": {"server": server, "certificate-authority": "pki/ca.crt"}})
    content["users"].append({"name": name, "user": {"client-key": "/abs/key", "exec": {"command": "./login", "args": ["x"]}}})
    path.write_text(yaml.safe_dump(content))


def copied(context: str) -> dict[str, Any]:
    """The kubeconfig that the commands work with."""
    return yaml.safe_load(target.foreign(context).kubeconfig.read_text())


def test_the_copy_holds_the_one_context_and_finds_its_files(tmp_path: Path) -> None:
    content = copied("prod")
    assert content["current-context"] == "prod"
    assert [entry["name"] for entry in content["contexts"]] == ["prod"]
    (known,), (user,) = content["clusters"], content["users"]
    assert known["cluster"] == {"server": "https://second", "certificate-authority": str(tmp_path / "second/pki/ca.crt")}
    assert user["user"]["client-key"] == "/abs/key"
    assert user["user"]["exec"] == {"command": str(tmp_path / "second/login"), "args": ["x"]}


def test_the_first_file_that_has_a_name_counts() -> None:
    assert copied("staging")["clusters"][0]["cluster"]["server"] == "https://first"


def test_only_its_owner_may_read_the_copy() -> None:
    assert target.foreign("prod").kubeconfig.stat().st_mode & 0o777 == 0o600


def test_an_unknown_context_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"no context 'prd' in .*first/config.*; there are staging, staging, prod; did you mean 'prod'\?"):
        target.foreign("prd")
    assert not (tmp_path / "state").exists()
