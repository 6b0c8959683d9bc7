"""`make up`: what it refuses before anything is started, and in which order it builds and deploys."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from sandbox import forecast, toolchain
from sandbox import up as module
from sandbox.cluster import images, lifecycle, ownership
from sandbox.cluster.instance import Instance
from sandbox.cluster.lifecycle import SIMULATED
from sandbox.engine import Target
from sandbox.images import references
from sandbox.inventory import GO_PROGRAMS
from sandbox.target import TargetError
from sandbox.toolchain import ToolError
from sandbox.up import LATER, needed, require_nodes, up
from tests.components.environments import environment


@pytest.fixture(autouse=True)
def capable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that can run a node, without a sandbox."""
    for owner, name, answer in ((lifecycle, "read_owner", None), (lifecycle.namespaces, "unable", ""), (lifecycle.cgroups, "missing", "")):
        monkeypatch.setattr(owner, name, always(answer))


@pytest.mark.parametrize("name", ["staging", "prod"])
def test_an_environment_that_wants_several_nodes_is_told_where_it_can_go(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    with pytest.raises(TargetError, match=f"{name} wants 3 nodes .* `{SIMULATED}=1 SANDBOX={name} make up ENV={name}` deploys it to nodes"):
        require_nodes(environment(name))
    monkeypatch.setenv(SIMULATED, "1")
    require_nodes(environment(name))


def test_one_that_fits_one_node_goes_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    require_nodes(environment("dev"))


class Steps:
    """What `up` does, in order, where the programs `missing` are not built yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, missing: Sequence[str]) -> None:
        self.done: list[str] = []
        self.failing = ""
        self._missing = missing
        page = SimpleNamespace(name="grafana", url="http://10.96.9.9:3000")
        monkeypatch.delenv(SIMULATED, raising=False)
        monkeypatch.delenv("KUBECONTEXT", raising=False)
        monkeypatch.setattr(toolchain, "to_build", self._to_build)
        monkeypatch.setattr(toolchain, "tool", self._build)
        monkeypatch.setattr(forecast, "announce", self._announce)
        monkeypatch.setattr(module.cluster, "up", self._start)
        monkeypatch.setattr(module, "deploy", self._deploy)
        monkeypatch.setattr(images, "plan", self._plan)
        monkeypatch.setattr(images, "reachable", none_reachable)
        answers: list[tuple[object, str, object]] = [
            (module.demo, "up", None),
            (module.serving, "wait", None),
            (module.serving, "addresses", [page]),
            (images, "provide", None),
            (module, "Kube", None),
            (toolchain, "finish", None),
        ]
        for owner, name, answer in answers:
            monkeypatch.setattr(owner, name, always(answer))

    def _to_build(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self._missing]

    def _build(self, name: str) -> None:
        self._step(f"build {name}")

    def _announce(self, names: Sequence[str]) -> None:
        self._step(f"announce {len(names)}")

    def _start(self, _name: str, *, without: Sequence[str]) -> Instance:
        self._step(f"cluster without {list(without)}")
        return Instance(name="x", number=9)

    def _deploy(self, _place: Target, _environment: str, *, without: Sequence[str] = ()) -> None:
        self._step(f"deploy without {list(without)}")

    def _plan(self, names: Sequence[str]) -> dict[str, None]:
        self._step(f"build {', '.join(names)}")
        return {}

    def _step(self, step: str) -> None:
        if self.failing and self.failing in step:
            raise ToolError(f"{step} failed")
        self.done.append(step)


def always(answer: object) -> Callable[..., object]:
    """A function that answers so whatever it is given."""

    def function(*_: object, **__: object) -> object:
        return answer

    return function


def none_reachable(hosts: Iterable[str]) -> dict[str, bool]:
    return dict.fromkeys(hosts, False)


def test_dashboards_serve_before_the_programs_of_logs_and_traces_are_built(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(monkeypatch, missing=["promtail", "jaeger", "pulumi"])
    up(environment("dev"))
    assert steps.done == [
        "announce 3",
        f"cluster without {list(images.LATER)}",
        "build pulumi",
        f"deploy without {list(LATER)}",
        f"build {', '.join(images.LATER)}",
        "deploy without []",
    ]
    assert "dashboards serve: http://10.96.9.9:3000; logs and traces follow once promtail, jaeger are built" in capfd.readouterr().err


def test_with_everything_built_it_deploys_once(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, missing=[])
    up(environment("dev"))
    assert steps.done == ["announce 0", "cluster without []", "build pulumi", "deploy without []"]


def test_a_build_that_fails_is_its_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(monkeypatch, missing=["promtail"])
    steps.failing = "build loki"
    with pytest.raises(ToolError, match=r"build loki, .* failed"):
        up(environment("dev"))
    assert steps.done[-1] == f"deploy without {list(LATER)}"


def test_images_that_wait_are_those_of_the_components_that_wait() -> None:
    """All parts of the platform whose images come later are left out at first, and no others: a pod without its image would not start."""
    images_of = {"Loki": {"loki"}, "LogCanary": {"loki-canary"}, "LogAgent": {"promtail", "alloy"}}
    traces = {"elasticsearch", "jaeger", "opentelemetry-collector"}
    assert set(images.LATER) == set[str]().union(*images_of.values(), traces)
    assert set(LATER) == {*images_of, "Traces"}
    assert set(images.LATER) < references().keys()


def test_every_program_that_a_sandbox_takes_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    monkeypatch.delenv("KUBECONTEXT", raising=False)
    monkeypatch.setattr(images, "reachable", none_reachable)
    others = {"actionlint", "kwok"}
    assert {program.name for program in GO_PROGRAMS} - {*needed(), *toolchain.CHECKERS.values()} == others
    monkeypatch.setattr(lifecycle.namespaces, "unable", always("no namespaces here"))
    assert "kwok" in needed()
    assert "loki" not in needed()
    monkeypatch.setenv("KUBECONTEXT", "mine")
    assert needed() == ["pulumi"]


def test_a_checker_is_announced_with_the_program_beside_which_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "to_build", list)
    assert toolchain.with_checkers(["loki", "etcd"]) == ["loki", "etcd", "lokitool"]
    assert toolchain.with_checkers([]) == []


def test_a_machine_that_cannot_run_a_node_gets_simulated_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(SIMULATED, raising=False)
    monkeypatch.setattr(lifecycle.namespaces, "unable", always("no namespaces here"))
    assert lifecycle.reason_to_simulate("any") == "no namespaces here"
    made = ownership.Owner(checkout=str(tmp_path), number=0, since="now")
    monkeypatch.setattr(lifecycle, "read_owner", always(made))
    assert lifecycle.reason_to_simulate("any") == "", "one that is there stays as it was made"
