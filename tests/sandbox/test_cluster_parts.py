"""The parts of the cluster that can be tried without one."""

import configparser
import json
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from sandbox.cluster import ClusterError, certificates, cgroups, instance, leftovers, network, settings, supervision
from sandbox.cluster.__main__ import main
from sandbox.cluster.instance import Instance
from sandbox.cluster.programs import Program
from sandbox.cluster.status import Status


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance whose files are the test's own."""
    monkeypatch.setattr(instance, "state_root", lambda: tmp_path)
    made = Instance(name="main", number=7)
    for directory in (made.config, made.logs):
        directory.mkdir(parents=True)
    return made


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_servers_are_certified_for_their_addresses(sandbox: Instance) -> None:
    certificates.ensure(sandbox)
    for name in ("apiserver", "kubelet-server"):
        certificate = _certificate(sandbox.pki / f"{name}.crt")
        certificate.verify_directly_issued_by(_certificate(sandbox.pki / "ca.crt"))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert "10.200.7.2" in map(str, names.get_values_for_type(x509.IPAddress))


def test_an_authority_of_another_instance_does_not_verify(sandbox: Instance) -> None:
    certificates.ensure(sandbox)
    other = Instance(name="other", number=8)
    other.config.mkdir(parents=True)
    certificates.ensure(other)
    with pytest.raises(InvalidSignature):
        _certificate(sandbox.pki / "apiserver.crt").verify_directly_issued_by(_certificate(other.pki / "ca.crt"))


def test_keys_are_for_the_owner_alone_and_stay(sandbox: Instance) -> None:
    certificates.ensure(sandbox)
    secret = [sandbox.kubeconfig, *sandbox.pki.glob("*.key"), *sandbox.config.glob("*.kubeconfig")]
    before = {path: path.read_bytes() for path in secret}
    assert len(before) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    certificates.ensure(sandbox)
    assert {path: path.read_bytes() for path in secret} == before


def test_the_kubeconfig_names_address_and_context(sandbox: Instance) -> None:
    certificates.ensure(sandbox)
    document = json.loads(sandbox.kubeconfig.read_text())
    assert document["current-context"] == "observability-main"
    assert document["clusters"][0]["cluster"]["server"] == "https://10.200.7.2:6443"


def test_the_kubelet_lets_nobody_in_unasked(sandbox: Instance) -> None:
    kubelet = settings.kubelet(sandbox)
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}  # type: ignore[index]  # JSON
    assert kubelet["authorization"] == {"mode": "Webhook"}
    assert kubelet["readOnlyPort"] == 0


def test_programs_restart_but_start_only_when_told(sandbox: Instance) -> None:
    program = Program(name="etcd", command=("/bin/etcd", "--name=100%"), environment={"PATH": "/a:/b"})
    parser = configparser.RawConfigParser()
    parser.read_string(supervision.configuration(sandbox, [program]))
    section = parser["program:etcd"]
    assert (section["autostart"], section["autorestart"]) == ("false", "true")
    assert section["command"] == "/bin/etcd --name=100%%"
    assert section["environment"] == 'PATH="/a:/b"'


class _Scripted(supervision.Supervisor):
    """A supervisor whose program goes through the given states; each STARTING is another start."""

    def __init__(self, sandbox: Instance, states: list[str]) -> None:
        super().__init__(sandbox)
        self._states = iter(states)
        self._state = states[-1]
        self._start = 0

    def processes(self) -> dict[str, supervision.Process]:
        self._state = next(self._states, self._state)
        self._start += self._state == "STARTING"
        return {"etcd": supervision.Process(name="etcd", statename=self._state, start=self._start)}


def test_a_program_that_keeps_failing_ends_the_wait_with_its_last_words(sandbox: Instance) -> None:
    (sandbox.logs / "etcd.log").write_text("starting\npanic: no space left on device\n")
    failing = _Scripted(sandbox, ["STARTING", "BACKOFF"] * 5)
    with pytest.raises(ClusterError, match=r"(?s)etcd keeps failing.*etcd\.log:.*no space left on device"):
        failing.wait(lambda: False, ["etcd"], seconds=30)


def test_a_program_that_fails_once_is_waited_for(sandbox: Instance) -> None:
    answers = iter([False] * 5 + [True])
    _Scripted(sandbox, ["STARTING", "BACKOFF", "STARTING", "RUNNING"]).wait(lambda: next(answers), ["etcd"], seconds=30)


def test_a_wait_ends(sandbox: Instance) -> None:
    with pytest.raises(ClusterError, match="not ready after 0 s"):
        _Scripted(sandbox, ["RUNNING"]).wait(lambda: False, ["etcd"], seconds=0)


def _version_1(root: Path, controllers: list[str]) -> Path:
    for controller in controllers:
        (root / controller).mkdir()
        (root / controller / "cgroup.procs").touch()
    return root


def test_cgroups_of_both_versions_serve(tmp_path: Path) -> None:
    assert cgroups.missing(_version_1(tmp_path, ["cpu", "cpuset", "memory", "pids"])) == ""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert cgroups.missing(tmp_path) == ""


def test_a_missing_controller_is_named(tmp_path: Path) -> None:
    assert "no cgroup controller memory" in cgroups.missing(_version_1(tmp_path, ["cpu", "cpuset", "pids"]))
    (tmp_path / "cgroup.controllers").write_text("cpu cpuset memory\n")
    assert "no cgroup controller pids" in cgroups.missing(tmp_path)


@pytest.mark.parametrize(
    ("route", "wanted"),
    [
        ({"dst": "10.96.0.0/12", "dev": "tun0"}, "10.96.7.0/24 (this machine routes 10.96.0.0/12 to tun0)"),
        ({"dst": "10.201.7.9", "dev": "tun0"}, "10.201.7.0/24 (this machine routes 10.201.7.9 to tun0)"),
        ({"dst": "10.96.7.0/24", "dev": "obs-main"}, ""),
        ({"dst": "10.96.8.0/24", "dev": "obs-other"}, ""),
        ({"dst": "default", "dev": "eth0"}, ""),
    ],
)
def test_a_network_that_is_in_use_is_named(sandbox: Instance, route: dict[str, str], wanted: str) -> None:
    assert network.conflict(sandbox, [network.Route.model_validate(route)]) == wanted


def test_what_is_behind_a_mount_is_not_deleted(sandbox: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as mounted:

        def one_mount(_: Path) -> list[Path]:
            return [sandbox.volumes]

        mounted.setattr(leftovers, "mounts_below", one_mount)
        with pytest.raises(ClusterError, match="still mounted"):
            leftovers.erase(sandbox)
    assert sandbox.state.exists()
    leftovers.erase(sandbox)
    assert not sandbox.state.exists()


def test_mounts_are_found_innermost_first() -> None:
    found = leftovers.mounts_below(Path("/proc"))
    assert found[-1] == Path("/proc")
    assert leftovers.mounts_below(Path("/no/such/place")) == []


def _status(programs: dict[str, str], **more: object) -> Status:
    return Status(name="main", running=True, programs=programs, node_ready=True, **more)  # type: ignore[arg-type]  # fields of choice


def test_a_healthy_status_in_words() -> None:
    good = _status({"etcd": "RUNNING"}, stand_ins={"grafana:1": "a page"}, simulated="not root")
    assert good.healthy
    assert "all 1 run" in str(good)
    assert "simulated nodes (kwok): not root" in str(good)
    assert "stand-in     grafana:1: it cannot be had here, a page takes its place" in str(good)


def test_what_is_wrong_is_named() -> None:
    for bad, words in (
        (_status({"etcd": "FATAL"}), "etcd is fatal"),
        (_status({}, pods_not_ready=["a/b"]), "not ready: a/b"),
        (_status({}, problem="no answer"), "no answer"),
    ):
        assert not bad.healthy
        assert words in str(bad)


def test_the_command_line_refuses_a_bad_name_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--instance", "No_Good"]) == 1
    assert capsys.readouterr().err.startswith("error: sandbox name 'No_Good': want 1 to 11")


def test_the_command_line_tells_a_sandbox_that_does_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--instance", "neverseen", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["running"] is False
