"""The scripts of the storage, run by bash with stand-ins of the programs that they call."""

import os
import subprocess
from pathlib import Path

import pytest

from components.elasticsearch import bootstrap_guard
from components.trace_storage import Access, deletion_script
from components.traces import part
from tests.components.environments import environment

NODE = part(environment("prod"), "observability", "elasticsearch")
ACCESS = Access(url="https://es", username="elastic", name="x", authority=True)


def tool(folder: Path, name: str, text: str) -> None:
    """A program on the PATH of the script."""
    (folder / "bin").mkdir(exist_ok=True)
    program = folder / "bin" / name
    program.write_text(f"#!/bin/bash\n{text}\n")
    program.chmod(0o755)


def run(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", **variables}
    return subprocess.run(["bash", "-c", script], env=environment, cwd=folder, capture_output=True, text=True, check=False)


INDICES = (
    *("jaeger-span-2026-11-16", "jaeger-span-2026-11-17", "jaeger-service-2026-11-17", "jaeger-span-2026-11-18", "jaeger-span-2026-11-21"),
    *("jaeger-span-archive", "jaeger-span-2026-11-17-reindexed", "other-2026-01-01"),
)


def delete(folder: Path, now: str, *, fails: str = "") -> tuple[list[str], int]:
    """What the script deletes at a time, by the names of indices, and its exit code."""
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    (secrets / "password").write_text('p"a\\ss')
    tool(folder, "date", f'exec /bin/date --date="{now} $(echo "$2" | sed s/--date=//)" --utc +%F')
    listing = "\\n".join(INDICES)
    tool(
        folder,
        "curl",
        f'cat "${{@: -1}}" >/dev/null 2>&1; for word; do [[ $word == /dev/fd/* ]] && cat "$word" >> config; done\n'
        f'case "${{@: -1}}" in *_cat*) printf "{listing}\\n";; *{fails or "nothing"}) exit 22;; *) echo "${{@: -1}}" >> deleted;; esac',
    )
    script = deletion_script(ACCESS).replace("/etc/trace-storage-secrets/password", str(secrets / "password"))
    done = run(folder, script, DAYS="4", STORAGE_URL="https://es", STORAGE_USER="elastic")
    deleted = folder / "deleted"
    gone = [line.removeprefix("https://es/") for line in deleted.read_text().splitlines()] if deleted.exists() else []
    return gone, done.returncode


def test_indices_go_in_the_first_hour_in_which_their_last_span_is_old_enough(tmp_path: Path) -> None:
    # The last span of the 17th is then 71 h 55 min and 72 h 5 min old, its first 95 h 55 min and 96 h 5 min.
    assert delete(tmp_path, "2026-11-20T23:55:00Z") == (["jaeger-span-2026-11-16"], 0)
    (tmp_path / "deleted").unlink()
    gone, code = delete(tmp_path, "2026-11-21T00:05:00Z")
    assert (gone, code) == (["jaeger-span-2026-11-16", "jaeger-span-2026-11-17", "jaeger-service-2026-11-17"], 0)


def test_one_that_cannot_be_deleted_keeps_no_other_and_is_told(tmp_path: Path) -> None:
    gone, code = delete(tmp_path, "2026-11-21T00:05:00Z", fails="jaeger-span-2026-11-16")
    assert gone == ["jaeger-span-2026-11-17", "jaeger-service-2026-11-17"]
    assert code == 1


def test_a_password_with_any_character_arrives_and_is_no_argument(tmp_path: Path) -> None:
    delete(tmp_path, "2026-11-21T00:05:00Z")
    assert 'header = "Authorization: Basic ZWxhc3RpYzpwImFcc3M="' in (tmp_path / "config").read_text()
    assert "password" not in deletion_script(ACCESS).replace("trace-storage-secrets/password", "")


def founded(folder: Path, *, answer: str, pod: str = "elasticsearch-0") -> tuple[str, int]:
    """What a node is told about forming a cluster, and whether it starts at all."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    (folder / "elasticsearch.yml").write_text("")
    (folder / "token").write_text("token")
    tool(folder, "curl", f"printf {answer}")
    guard = (
        bootstrap_guard(NODE)
        .replace("/usr/share/elasticsearch/data", str(data))
        .replace("/var/run/secrets/kubernetes.io/serviceaccount", str(folder))
    )
    done = run(folder, f"set -euo pipefail\n{guard}", POD_NAME=pod, ES_PATH_CONF=str(folder))
    return (folder / "elasticsearch.yml").read_text(), done.returncode


def test_the_first_node_forms_a_cluster_once(tmp_path: Path) -> None:
    told = "cluster.initial_master_nodes: [elasticsearch-0]\n"
    assert founded(tmp_path, answer="201") == (told, 0)
    # Killed before it had formed one: the same volume may try again, though the lease is there.
    assert founded(tmp_path, answer="409") == (told, 0)
    (tmp_path / "data/_state").mkdir()
    assert founded(tmp_path, answer="409") == ("", 0)


def test_a_node_that_lost_its_volume_forms_no_second_cluster(tmp_path: Path) -> None:
    assert founded(tmp_path, answer="409") == ("", 0)


@pytest.mark.parametrize("answer", ["000", "403", "500"])
def test_a_node_that_cannot_ask_does_not_start(tmp_path: Path, answer: str) -> None:
    assert founded(tmp_path, answer=answer) == ("", 1)


def test_other_nodes_never_ask(tmp_path: Path) -> None:
    assert founded(tmp_path, answer="201", pod="elasticsearch-1") == ("", 0)
