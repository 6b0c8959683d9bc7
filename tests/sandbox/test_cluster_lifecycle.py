"""A sandbox's whole life on the real machine: up, accidents, recovery, down with nothing left."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import urllib3

from sandbox import cluster
from sandbox.cluster import images, network, ownership
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_init, read_owner
from sandbox.cluster.supervision import Supervisor
from sandbox.images import Image
from sandbox.kube import Kube
from sandbox.toolchain import tool
from tests.conftest import SANDBOX
from tests.sandbox.machine import Machine, difference, machine
from tests.waiting import until

pytestmark = pytest.mark.cluster
NAME = f"{SANDBOX}-l"
NEEDED = ("pause", "coredns", "prometheus")


@pytest.fixture(scope="module")
def before() -> Machine:
    """The machine without the sandbox."""
    return machine(NAME)


@pytest.fixture(scope="module")
def instance(before: Machine) -> Iterator[Instance]:
    """A sandbox to be mistreated, with no more images than are run here."""
    assert before
    with pytest.MonkeyPatch.context() as patch:
        everything = images.plan

        def few(names: Iterable[str]) -> dict[str, Image | None]:
            return everything(name for name in names if name in NEEDED)

        patch.setattr(images, "plan", few)
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


def test_a_restricted_pod_with_a_volume_serves_and_finds_others(instance: Instance, tmp_path: Path) -> None:
    manifest = Path(__file__).with_name("restricted.yaml")
    words = ["--kubeconfig", instance.kubeconfig, "--cache-dir", tmp_path, "apply", "--filename", manifest]
    subprocess.run([tool("kubectl"), *words], check=True, capture_output=True)
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


def test_it_survives_the_death_of_its_init_and_stale_traces_do_not_hinder(instance: Instance) -> None:
    _remember(instance, "before-the-kill")
    init = find_init(NAME)
    assert init
    os.kill(init, signal.SIGKILL)
    until(lambda: find_init(NAME) is None)
    assert not cluster.status(NAME).running
    network.disconnect(instance)  # the kernel takes its end away by itself, but not at once
    subprocess.run(["ip", "link", "add", instance.link, "type", "veth", "peer", "name", f"{instance.link}x"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(instance.volumes)], check=True)
    instance.supervisor_socket.touch()
    instance.containerd_socket.touch()
    assert cluster.up(NAME) == instance
    assert _remembers(instance, "before-the-kill")
    until(lambda: cluster.status(NAME).healthy)


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


def test_down_leaves_nothing(instance: Instance, before: Machine) -> None:
    during = difference(before, machine(NAME), instance)
    assert {"processes", "links", "addresses", "routes", "cgroups", "files"} <= during.keys(), "the comparison is blind"
    assert str(instance.state) in during["files"]
    cluster.down(NAME)
    assert difference(before, machine(NAME), instance) == {}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("moment", ["API server ready", pytest.param("node ready", marks=pytest.mark.nightly)])
def test_ctrl_c_during_up_leaves_nothing(moment: str, before: Machine) -> None:
    assert find_init(NAME) is None
    running = _command("up", "--instance", NAME)
    assert running.stderr
    owner = None
    for line in running.stderr:
        if moment in line:
            owner = read_owner(NAME)
            running.send_signal(signal.SIGINT)
            break
    _, rest = running.communicate(timeout=90)
    assert running.returncode == 130, rest
    assert owner
    assert difference(before, machine(NAME), Instance(name=NAME, number=owner.number)) == {}


def test_the_comparison_sees_a_leftover() -> None:
    instance = Instance(name=f"{SANDBOX}-x", number=77)
    state, iptables = str(instance.state), str(tool("iptables"))
    before = machine(instance.name)
    leftovers: list[tuple[str, list[str], list[str]]] = [
        ("files", ["mkdir", "-p", state], ["rmdir", state]),
        ("mounts", ["mount", "--mkdir", "-t", "tmpfs", "tmpfs", state], ["sh", "-c", f"umount {state} && rmdir {state}"]),
        (
            "links",
            ["ip", "link", "add", instance.link, "type", "veth", "peer", "name", f"{instance.link}x"],
            ["ip", "link", "delete", instance.link],
        ),
        ("addresses", ["ip", "address", "add", "10.200.77.1/32", "dev", "lo"], ["ip", "address", "delete", "10.200.77.1/32", "dev", "lo"]),
        ("packet filter", [iptables, "--new-chain", "KUBE-LEFT"], [iptables, "--delete-chain", "KUBE-LEFT"]),
    ]
    for kind, leave, remove in leftovers:
        subprocess.run(leave, check=True)
        try:
            assert kind in difference(before, machine(instance.name), instance)
        finally:
            subprocess.run(remove, check=True)
    assert difference(before, machine(instance.name), instance) == {}


def test_the_comparison_passes_over_what_is_not_of_the_instance() -> None:
    before = {kind: set[str]() for kind in machine(NAME)}
    others = {
        "mounts": {"/tmp/pytest-1/disk"},  # noqa: S108 - a name, of which no file is made
        "links": {f"obs-{NAME}2@if2  UP  7a:00:00:00:00:01"},
        "routes": {"10.201.7.0/24 via 10.200.7.2 dev obs-other"},
        "files": {f"/var/lib/observability/{NAME}2", "/run/somebody.pid"},
    }
    assert difference(before, before | others, Instance(name=NAME, number=77)) == {}
