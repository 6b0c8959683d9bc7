"""A sandbox's whole life on the real machine: up, accidents, recovery, down with nothing left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from sandbox import cluster
from sandbox.cluster import ownership
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_init
from sandbox.cluster.supervision import Supervisor
from sandbox.kube import Kube
from sandbox.toolchain import tool
from tests.sandbox.machine import difference, machine
from tests.waiting import until

pytestmark = pytest.mark.cluster
NAME = "accidents"


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    """A sandbox to be mistreated."""
    yield cluster.up(NAME)
    cluster.down(NAME)


def _starts(instance: Instance) -> dict[str, int]:
    return {name: process.start for name, process in Supervisor(instance).processes().items()}


def _pid(instance: Instance, program: str) -> int:
    """The host's number of a program's process, 0 when it does not run."""
    supervisor = find_init(instance.name)
    for entry in Path("/proc").glob("[0-9]*"):
        status = (entry / "status").read_text() if (entry / "status").exists() else ""
        if f"PPid:\t{supervisor}\n" in status and program in (entry / "cmdline").read_text().split("\0")[0]:
            return int(entry.name)
    return 0


def _remember(instance: Instance, name: str) -> None:
    body = {"metadata": {"name": name}, "data": {"remembered": "yes"}}
    Kube(instance.kubeconfig).call("POST", "/api/v1/namespaces/default/configmaps", body=body)


def _remembers(instance: Instance, name: str) -> bool:
    return Kube(instance.kubeconfig).get(f"/api/v1/namespaces/default/configmaps/{name}")["data"] == {"remembered": "yes"}


def test_it_is_healthy(instance: Instance) -> None:
    found = cluster.status(NAME)
    assert found.healthy, found
    assert found.memory
    assert found.addresses["API server"] == instance.api_url


def test_a_restricted_pod_with_a_volume_serves_and_finds_others(instance: Instance) -> None:
    subprocess.run(
        [
            str(tool("kubectl")),
            "--kubeconfig",
            str(instance.kubeconfig),
            "apply",
            "--filename",
            str(Path(__file__).with_name("restricted.yaml")),
        ],
        check=True,
        capture_output=True,
    )
    kube = Kube(instance.kubeconfig)
    address = kube.get("/api/v1/namespaces/restricted/services/prometheus")["spec"]["clusterIP"]

    def healthy_jobs() -> set[str]:
        try:
            answer = urllib3.request("GET", f"http://{address}:9090/api/v1/targets", retries=False, timeout=2).json()
        except (urllib3.exceptions.HTTPError, ValueError):
            return set()
        return {target["labels"]["job"] for target in answer["data"]["activeTargets"] if target["health"] == "up"}

    until(lambda: healthy_jobs() == {"itself-by-name", "dns-by-name", "nodes"})
    [volume] = instance.volumes.iterdir()
    assert (volume / "wal").is_dir()
    kube.call("DELETE", "/api/v1/namespaces/restricted")
    until(lambda: not volume.exists())


def test_up_again_changes_nothing(instance: Instance) -> None:
    init, starts = find_init(NAME), _starts(instance)
    version = Kube(instance.kubeconfig).get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")["metadata"]["generation"]
    assert cluster.up(NAME) == instance
    assert (find_init(NAME), _starts(instance)) == (init, starts)
    assert Kube(instance.kubeconfig).get("/apis/apps/v1/namespaces/kube-system/deployments/coredns")["metadata"]["generation"] == version


def test_a_program_that_dies_is_started_again(instance: Instance) -> None:
    before = _pid(instance, "kube-scheduler")
    assert before
    os.kill(before, signal.SIGKILL)
    until(lambda: Supervisor(instance).all_run() and _pid(instance, "kube-scheduler") not in {0, before})


def test_it_survives_the_death_of_its_init(instance: Instance) -> None:
    _remember(instance, "before-the-kill")
    init = find_init(NAME)
    assert init
    os.kill(init, signal.SIGKILL)
    until(lambda: find_init(NAME) is None)
    assert not cluster.status(NAME).running
    assert cluster.up(NAME) == instance
    assert _remembers(instance, "before-the-kill")
    until(lambda: cluster.status(NAME).healthy)


def test_stale_traces_of_an_earlier_life_do_not_hinder(instance: Instance) -> None:
    cluster.down(NAME, keep_data=True)
    subprocess.run(["ip", "link", "add", instance.link, "type", "veth", "peer", "name", "obs-stale"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(instance.volumes)], check=True)
    instance.supervisor_socket.touch()
    instance.containerd_socket.touch()
    assert cluster.up(NAME) == instance
    assert _remembers(instance, "before-the-kill")


def test_another_checkout_is_told_whose_it_is(instance: Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    init = find_init(instance.name)
    monkeypatch.setattr(ownership, "CHECKOUT", tmp_path)
    for change in (cluster.up, cluster.down):
        with pytest.raises(cluster.ClusterError, match=r"belongs to .*\(up since .*\): run `make down` there"):
            change(NAME)
    assert find_init(instance.name) == init


def _command(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox.cluster", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ownership.CHECKOUT,
    )


def test_down_leaves_nothing() -> None:
    before = machine("passing")
    passing = cluster.up("passing")
    during = difference(before, machine("passing"))
    assert {"processes", "links", "addresses", "routes", "cgroups", "files"} <= during.keys(), "the comparison is blind"
    assert str(passing.state) in during["files"]
    cluster.down("passing")
    assert difference(before, machine("passing")) == {}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("moment", ["API server ready", "node ready"])
def test_ctrl_c_during_up_leaves_nothing(moment: str) -> None:
    before = machine("broken-off")
    running = _command("up", "--instance", "broken-off")
    assert running.stderr
    for line in running.stderr:
        if moment in line:
            running.send_signal(signal.SIGINT)
            break
    _, rest = running.communicate(timeout=90)
    assert running.returncode == 130, rest
    assert difference(before, machine("broken-off")) == {}


def test_the_comparison_sees_a_leftover(tmp_path: Path) -> None:
    before = machine("passing")
    traces: list[tuple[str, list[str], list[str]]] = [
        ("mounts", ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)], ["umount", str(tmp_path)]),
        (
            "links",
            ["ip", "link", "add", "obs-passing", "type", "veth", "peer", "name", "left-peer"],
            ["ip", "link", "delete", "obs-passing"],
        ),
        ("addresses", ["ip", "address", "add", "10.200.77.1/32", "dev", "lo"], ["ip", "address", "delete", "10.200.77.1/32", "dev", "lo"]),
        ("files", ["mkdir", "-p", "/var/lib/left-behind"], ["rmdir", "/var/lib/left-behind"]),
    ]
    for kind, leave, remove in traces:
        subprocess.run(leave, check=True)
        try:
            assert kind in difference(before, machine("passing"))
        finally:
            subprocess.run(remove, check=True)
    assert difference(before, machine("passing")) == {}
