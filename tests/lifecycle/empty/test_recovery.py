"""A deployment that is killed, loses its API server or its disk: a clear error, an intact state, and the next one finishes the work."""

import json
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.pods import SECRET_VERSION
from sandbox import causes, cluster, recovery
from sandbox.cluster.ownership import locked
from sandbox.cluster.supervision import Supervisor
from sandbox.engine import EngineError, Say, Target
from sandbox.kube import Kube
from sandbox.providers.differences import changes, path_text
from sandbox.providers.values import Obj
from tests.e2e.projects import ProjectEngine
from tests.lifecycle.conftest import Dev
from tests.lifecycle.deploying import start
from tests.lifecycle.inventory import await_only, end_state, gone, objects
from tests.waiting import until

pytestmark = pytest.mark.cluster

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


@dataclass(kw_only=True)
class Place:
    """A cluster with the state on a small disk of its own; its nodes are played, so that what is deployed is ready at once."""

    target: Target
    project: Path
    kube: Kube
    complete: bool = False
    """Whether a deployment has ended well."""

    def engine(self, say: Say = print) -> ProjectEngine:
        """An engine for the next command."""
        return ProjectEngine(self.target, "dev", say, self.project)

    @property
    def state(self) -> recovery.State:
        """Where the backend keeps what is deployed."""
        return recovery.State(backend=self.target.state / "backend", environment="dev")


@pytest.fixture(scope="module")
def undisturbed(dev: Dev) -> Obj:
    """What a deployment ends with that nothing disturbs."""
    return dev.end_state()


@pytest.fixture(scope="module")
def place(dev: Dev, undisturbed: Obj, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Such a cluster, on which nothing is deployed."""
    assert undisturbed
    disk = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600m", "recovery-test", disk], check=True)
    place = Place(target=replace(dev.engine.target, state=disk / "pulumi"), project=dev.engine.project, kube=dev.kube)
    before = objects(place.kube)
    try:
        yield place
        place.engine().destroy()
        await_only(place.kube, before)
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.fixture(scope="module")
def deployed(place: Place) -> Place:
    """The same with everything deployed, whatever was interrupted before."""
    if not place.complete:
        finished(place)
    return place


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.nightly)])
def test_an_engine_may_be_killed_at_any_point(place: Place, undisturbed: Obj, kills: int) -> None:
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    for number in range(kills):
        victim, step = VICTIMS[number % len(VICTIMS)], chance.randint(1, 40)
        print(f"seed {SEED}: kill {victim} at step {step}")
        if not killed(place, victim, step):
            place.engine().destroy()  # all was there already: begin anew
            assert killed(place, victim, step)
    engine = finished(place)
    assert differences(undisturbed, end_state(engine, place.kube)) == []
    assert set(engine.up()) == {"same"}


def test_a_lost_api_server_is_named_and_the_next_deployment_finishes(deployed: Place, simulated_instance: cluster.Instance) -> None:
    remove_some(deployed)
    supervisor = Supervisor(simulated_instance)
    losing = OnFirstStep(lambda: supervisor._server.supervisor.stopProcess("kube-apiserver"))  # pyright: ignore[reportPrivateUsage] - only a test stops one program
    try:
        with pytest.raises(EngineError, match=f"the API server {simulated_instance.api_url} does not answer: `make status`"):
            deployed.engine(losing).up()
        with pytest.raises(EngineError, match="does not answer"):
            deployed.engine().drift()
    finally:
        supervisor.start(["kube-apiserver"])
        until(lambda: not causes.silent(deployed.target.kubeconfig), seconds=60, what="the API server answers again")
    assert losing.done
    finished(deployed)


def test_a_full_disk_is_named_and_the_next_deployment_finishes(deployed: Place) -> None:
    remove_some(deployed)
    ballast = deployed.target.state.parent / "ballast"
    filling = OnFirstStep(lambda: fill(ballast))
    try:
        with pytest.raises(EngineError, match=f"the disk of {deployed.target.state} is full"):
            deployed.engine(filling).up()
        with pytest.raises(EngineError, match=r"the disk of .* has \d\.\d MB free, but 50 MB are needed"):
            deployed.engine().up()
    finally:
        ballast.unlink(missing_ok=True)
    assert filling.done
    finished(deployed)


def test_what_a_backup_does_not_know_is_found_on_the_cluster(deployed: Place) -> None:
    """A disk that fills up may damage the state after more was made than its backup has: nothing of that is lost or made twice."""
    checkpoint = deployed.state.checkpoint
    content = json.loads(checkpoint.read_text())
    latest, lost = content["checkpoint"]["latest"], set[str]()
    for resource in latest["resources"]:  # a Secret, and in their order what was made after it because it needs it
        if resource["urn"].endswith("Secret::grafana-secrets") or lost.intersection(resource.get("dependencies", ())):
            lost.add(resource["urn"])
    known = [resource for resource in latest["resources"] if resource["urn"] not in lost]
    assert len(lost) > 1
    before = objects(deployed.kube)
    next(deployed.state.backups).write_text(
        json.dumps({**content, "checkpoint": {**content["checkpoint"], "latest": {**latest, "resources": known}}})
    )
    checkpoint.write_text(checkpoint.read_text()[:-100])
    said: list[str] = []
    done = deployed.engine(said.append).up()
    assert "create" not in done
    assert sum("was made after that backup" in line for line in said) == len(lost)
    assert objects(deployed.kube) == before


def test_a_wrong_passphrase_is_told_with_its_variable_and_changes_nothing(deployed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = deployed.state.checkpoint
    before, there = checkpoint.read_bytes(), objects(deployed.kube)
    monkeypatch.setenv(causes.PASSPHRASE, "guess")
    engine = deployed.engine()
    for command in (engine.preview, engine.up, engine.destroy):
        with pytest.raises(
            EngineError, match=f"secrets of Pulumi.dev.yaml cannot be decrypted: the passphrase in {causes.PASSPHRASE} is not"
        ):
            command()
    assert (checkpoint.read_bytes(), objects(deployed.kube)) == (before, there)


def test_a_lock_whose_engine_is_no_more_is_removed_and_another_machines_is_not(deployed: Place) -> None:
    lock = deployed.state.locks / "left.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    holder = {"pid": 4_000_000, "username": "a", "timestamp": "2026-01-01T00:00:00Z"}
    lock.write_text(json.dumps({**holder, "hostname": "elsewhere"}))
    with pytest.raises(EngineError, match=f"another update of dev runs: a@elsewhere, process 4000000, since .* remove {lock}"):
        deployed.engine().preview()
    lock.write_text(json.dumps({**holder, "hostname": os.uname().nodename}))
    said: list[str] = []
    assert set(deployed.engine(said.append).preview()) == {"same"}
    assert any(line.startswith("removed the lock of an engine that is no more: a@") for line in said)


def test_of_two_deployments_at_once_the_second_waits_and_says_for_whom(deployed: Place) -> None:
    with locked(str(deployed.target.state / "dev"), "the first of two"):
        second = start(deployed.target, deployed.project)
        assert second.stdout is not None
        assert "waiting for `the first of two`" in second.stdout.readline()
    output, _ = second.communicate()
    assert second.returncode == 0, output
    assert "{'same': " in output


def killed(place: Place, victim: str, step: int) -> bool:
    """Deploy, and kill the engine, the command that runs it or both at a step; False when there were not as many."""
    with start(place.target, place.project) as command:
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


def kill(place: Place, command: "subprocess.Popen[str]", victim: str) -> None:
    """What the kernel does when memory is short."""
    if victim in ("command", "both"):
        command.kill()
    if victim in ("engine", "both"):
        for pid, name in recovery.leftovers(place.state.backend).items():
            if name == "pulumi":
                os.kill(pid, signal.SIGKILL)


def finished(place: Place) -> ProjectEngine:
    """The next deployment ends well, and leaves nothing that differs from what it declares."""
    engine = place.engine()
    engine.up()
    assert engine.drift() == ()
    place.complete = True
    return engine


def differences(expected: Obj, found: Obj) -> list[str]:
    """What is not the same in two end states. Secrets that were made anew have other versions, which their readers are told."""
    relevant = [change for change in changes(expected, found) if SECRET_VERSION not in change.path]
    return [f"{path_text(one.path)}: {one.old} -> {one.new}" for one in relevant]


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


def remove_some(place: Place) -> None:
    """Delete objects behind the engine's back, so that there is something to deploy."""
    for path in SOME_OBJECTS:
        place.kube.call("DELETE", path, query={"propagationPolicy": "Foreground"})
        until(lambda path=path: gone(place.kube, path), seconds=60, what=f"{path} is deleted")


def fill(ballast: Path) -> None:
    """Write until nothing more fits."""
    file = os.open(ballast, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        os.close(file)
