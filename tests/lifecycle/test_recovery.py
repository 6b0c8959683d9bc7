"""A deployment that is killed, loses its API server or its disk: a clear error, an intact state, and the next one finishes the work."""

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from components.pods import SECRET_VERSION
from sandbox import causes, cluster, recovery
from sandbox.cluster.ownership import locked
from sandbox.cluster.supervision import Supervisor
from sandbox.engine import Engine, EngineError, Target
from sandbox.kube import Kube, KubeError
from sandbox.providers.differences import changes, path_text
from sandbox.providers.values import Obj, text
from tests.lifecycle.deploying import start
from tests.lifecycle.inventory import await_only, objects
from tests.waiting import until

pytestmark = pytest.mark.cluster

KILLS = int(os.environ.get("OBSERVABILITY_TEST_KILLS", "3"))
SEED = int(os.environ.get("OBSERVABILITY_TEST_SEED", "20"))
VICTIMS = ("engine", "command", "both")
BUSY = ("creating (", "updating (")  # what the engine says of a resource that it is working on
SOME_OBJECTS = (
    "/apis/apps/v1/namespaces/observability/deployments/grafana",
    "/apis/apps/v1/namespaces/observability/deployments/kube-state-metrics",
    "/api/v1/namespaces/observability/configmaps/prometheus-rules",
    "/api/v1/namespaces/observability/secrets/grafana-secrets",
    "/api/v1/namespaces/observability/services/grafana",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/dharma/rolebindings/observability-prometheus",
)


@pytest.fixture(scope="module")
def place(simulated: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A cluster with the state on a small disk of its own; its nodes are played, so that what is deployed is ready at once."""
    disk = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600m", "recovery-test", disk], check=True)
    place, kube = replace(simulated, state=disk / "pulumi"), Kube(simulated.kubeconfig)
    before = objects(kube)
    try:
        yield place
        Engine(place, "dev", say=print).destroy()
        await_only(kube, before)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture(scope="module")
def deployed(place: Target) -> Target:
    """The same with everything deployed, whatever was interrupted before."""
    Engine(place, "dev", say=print).up()
    return place


def test_an_engine_may_be_killed_at_any_point(place: Target) -> None:
    undisturbed = end_state(place)
    Engine(place, "dev", say=print).destroy()
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    for number in range(KILLS):
        victim, step = VICTIMS[number % len(VICTIMS)], chance.randint(1, 40)
        print(f"seed {SEED}: kill {victim} at step {step}")
        if not killed(place, victim, step):
            Engine(place, "dev", say=print).destroy()  # all was there already: begin anew
            assert killed(place, victim, step)
    assert differences(undisturbed, end_state(place)) == []


def test_a_lost_api_server_is_named_and_the_next_deployment_finishes(deployed: Target, simulated_instance: cluster.Instance) -> None:
    remove_some(deployed)
    supervisor = Supervisor(simulated_instance)
    losing = OnFirstStep(lambda: supervisor._server.supervisor.stopProcess("kube-apiserver"))  # pyright: ignore[reportPrivateUsage] - only a test stops one program
    try:
        with pytest.raises(EngineError, match=f"the API server {simulated_instance.api_url} does not answer: `make status`"):
            Engine(deployed, "dev", say=losing).up()
        with pytest.raises(EngineError, match="does not answer"):
            Engine(deployed, "dev", say=print).drift()
    finally:
        supervisor.start(["kube-apiserver"])
        until(lambda: not causes.silent(deployed.kubeconfig), seconds=60, what="the API server answers again")
    assert losing.done
    finished(deployed)


def test_a_full_disk_is_named_and_the_next_deployment_finishes(deployed: Target) -> None:
    remove_some(deployed)
    ballast = deployed.state.parent / "ballast"
    filling = OnFirstStep(lambda: fill(ballast))
    try:
        with pytest.raises(EngineError, match=f"the disk of {deployed.state} is full"):
            Engine(deployed, "dev", say=filling).up()
        with pytest.raises(EngineError, match=r"the disk of .* has \d\.\d MB free, but 50 MB are needed"):
            Engine(deployed, "dev", say=print).up()
    finally:
        ballast.unlink(missing_ok=True)
    assert filling.done
    finished(deployed)


def test_a_wrong_passphrase_is_told_with_its_variable_and_changes_nothing(deployed: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = state_of(deployed).checkpoint
    before, there = checkpoint.read_bytes(), objects(Kube(deployed.kubeconfig))
    monkeypatch.setenv(causes.PASSPHRASE, "guess")
    for command in (Engine.preview, Engine.up, Engine.destroy):
        with pytest.raises(
            EngineError, match=f"secrets of Pulumi.dev.yaml cannot be decrypted: the passphrase in {causes.PASSPHRASE} is not"
        ):
            command(Engine(deployed, "dev", say=print))
    assert (checkpoint.read_bytes(), objects(Kube(deployed.kubeconfig))) == (before, there)
    monkeypatch.delenv(causes.PASSPHRASE)
    finished(deployed)


def test_a_lock_whose_engine_is_no_more_is_removed_and_another_machines_is_not(deployed: Target) -> None:
    lock = state_of(deployed).locks / "left.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": 4_000_000, "username": "a", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps({**holder, "hostname": "elsewhere"}))
    with pytest.raises(EngineError, match=f"another update of dev runs: a@elsewhere, process 4000000, since .* remove {lock}"):
        Engine(deployed, "dev", say=print).up()
    lock.write_text(json.dumps({**holder, "hostname": os.uname().nodename}))
    said: list[str] = []
    assert set(Engine(deployed, "dev", say=said.append).up()) == {"same"}
    assert any(line.startswith("removed the lock of an engine that is no more: a@") for line in said)


def test_of_two_deployments_at_once_the_second_waits_and_says_for_whom(deployed: Target) -> None:
    with locked(str(deployed.state / "dev"), "the first of two"):
        second = start(deployed)
        assert second.stdout is not None
        assert "waiting for `the first of two`" in second.stdout.readline()
    output, _ = second.communicate()
    assert second.returncode == 0, output
    assert "{'same': " in output


def killed(place: Target, victim: str, step: int) -> bool:
    """Deploy, and kill the engine, the command that runs it or both at a step; False when there were not as many."""
    with start(place) as command:
        assert command.stdout is not None
        for line in command.stdout:
            step -= any(sign in line for sign in BUSY)
            if step == 0:
                kill(place, command, victim)
                break
        rest = command.stdout.read()
    if step == 0 and victim == "engine":
        assert "error: the engine was killed (SIGKILL)" in rest
    return step == 0


def kill(place: Target, command: "subprocess.Popen[str]", victim: str) -> None:
    """What the kernel does when memory is short."""
    if victim in ("command", "both"):
        command.kill()
    if victim in ("engine", "both"):
        for pid, name in recovery.leftovers(place.state / "backend").items():
            if name == "pulumi":
                os.kill(pid, signal.SIGKILL)


def finished(place: Target) -> Engine:
    """The next deployment ends well, leaves nothing that differs from what it declares, and nothing to do for the one after."""
    engine = Engine(place, "dev", say=print)
    engine.up()
    assert engine.drift() == ()
    assert set(engine.up()) == {"same"}
    return engine


def end_state(place: Target) -> Obj:
    """What a deployment ends with: everything in the state with what it was made from, by urn, and everything in the cluster by name.

    Volumes have other names each time.
    """
    made = {text(one, "urn"): one.get("inputs") for one in finished(place).resources()}
    there = objects(Kube(place.kubeconfig))
    return made | {f"{kind} {name}": True for kind, name in there if kind != "PersistentVolume"}


def differences(expected: Obj, found: Obj) -> list[str]:
    """What is not the same in two end states. Secrets that were made anew have other versions, which their readers are told."""
    relevant = [change for change in changes(expected, found) if SECRET_VERSION not in change.path]
    return [f"{path_text(one.path)}: {one.old} -> {one.new}" for one in relevant]


def state_of(place: Target) -> recovery.State:
    """Where the backend keeps what is deployed."""
    return recovery.State(backend=place.state / "backend", environment="dev")


class OnFirstStep:
    """Shows what the engine says, and does something once when it begins to work on a resource."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self.done = False

    def __call__(self, line: str) -> None:
        print(line)
        if not self.done and any(sign in line for sign in BUSY):
            self.done = True
            self._act()


def remove_some(place: Target) -> None:
    """Delete objects behind the engine's back, so that there is something to deploy."""
    kube = Kube(place.kubeconfig)
    for path in SOME_OBJECTS:
        kube.call("DELETE", path, query={"propagationPolicy": "Foreground"})
        until(lambda path=path: gone(kube, path), seconds=60, what=f"{path} is deleted")


def gone(kube: Kube, path: str) -> bool:
    """Whether there is no such object."""
    try:
        kube.get(path)
    except KubeError as error:
        return "not found" in str(error)
    return False


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    file = os.open(ballast, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        os.close(file)
