"""Which image comes from where, with a containerd that only remembers what it is told."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from sandbox.cluster import ClusterError, images, instance
from sandbox.cluster.instance import Instance
from sandbox.images.oci import Configuration

REAL, OURS = "docker.io/real/thing:1", "observability.local/ours:1"
PINNED, NAMED = f"docker.io/real/thing:1@sha256:{'a' * 64}", f"docker.io/real/thing@sha256:{'a' * 64}"


class Containerd:
    """Stands for `ctr`; registries answer for the images in `pullable`."""

    def __init__(self) -> None:
        self.present: set[str] = set()
        self.calls: list[str] = []
        self.pullable = {REAL}

    def __call__(self, _: Instance, *arguments: str) -> str:
        match arguments:
            case ("images", "list", *_):
                return "\n".join(self.present)
            case ("images", "pull", reference):
                self.calls.append(f"pull {reference}")
                if reference not in self.pullable:
                    raise ClusterError("connection reset")
                self.present.add(reference)
            case ("images", "import", path):
                content = Path(path).read_text()
                self.calls.append(f"import {content}")
                self.present.add({"real": REAL, "ours": OURS, "pinned": NAMED}[content.split()[0]])
            case ("content", "prune", "references"):
                self.calls.append("prune")
            case _:
                pass
        return ""


class Written(images.Image):
    """An image of which nothing is there but what it is."""

    def __init__(self, reference: str, content: str) -> None:
        super().__init__(reference=reference, identity=content, configuration=Configuration(entrypoint=()), entries=())

    def write(self, archive: Path) -> None:
        archive.write_text(self.identity)


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    """An instance whose files are the test's own."""
    monkeypatch.setattr(instance, "state_root", lambda: tmp_path)
    made = Instance(name="main", number=7)
    (made.state / "tmp").mkdir(parents=True)
    return made


@pytest.fixture
def containerd(monkeypatch: pytest.MonkeyPatch) -> Containerd:
    """The stand-in, with two images of which one has a registry."""
    made = Containerd()

    def contained(name: str) -> list[str]:
        return [f"program of {name}"]

    def build(name: str, reference: str) -> images.Image:
        return Written(reference, name)

    monkeypatch.setattr(images, "_ctr", made)
    monkeypatch.setattr(images, "references", lambda: {"real": REAL, "ours": OURS})
    monkeypatch.setattr(images, "stand_ins", lambda: {REAL: "a page"})
    monkeypatch.setattr(images, "contained", contained)
    monkeypatch.setattr(images, "build", build)
    return made


def _network(monkeypatch: pytest.MonkeyPatch, *open_hosts: str) -> None:
    def reachable(hosts: Iterable[str]) -> dict[str, bool]:
        return {host: host in open_hosts for host in hosts}

    monkeypatch.setattr(images, "reachable", reachable)


def test_without_a_network_all_are_our_own(sandbox: Instance, containerd: Containerd, monkeypatch: pytest.MonkeyPatch) -> None:
    _network(monkeypatch)
    images.provide(sandbox, images.plan(["real", "ours"]))
    assert containerd.calls == ["import real", "import ours", "prune"]
    assert images.in_place(sandbox) == {REAL: "a page"}


def test_a_registry_that_answers_is_asked(sandbox: Instance, containerd: Containerd, monkeypatch: pytest.MonkeyPatch) -> None:
    _network(monkeypatch, "registry-1.docker.io")
    images.provide(sandbox, images.plan(["real", "ours"]))
    assert containerd.calls == [f"pull {REAL}", "import ours", "prune"]
    assert images.in_place(sandbox) == {}
    assert images.built(sandbox) == ["program of ours"]


def test_a_registry_that_fails_is_done_without(
    sandbox: Instance, containerd: Containerd, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _network(monkeypatch, "registry-1.docker.io")
    containerd.pullable.clear()
    images.provide(sandbox, images.plan(["real", "ours"]))
    assert containerd.present == {REAL, OURS}
    assert images.in_place(sandbox) == {REAL: "a page"}
    assert "connection reset" in capfd.readouterr().err


@pytest.mark.parametrize("hosts", [[], ["registry-1.docker.io"]])
def test_what_is_there_is_left_alone(sandbox: Instance, containerd: Containerd, monkeypatch: pytest.MonkeyPatch, hosts: list[str]) -> None:
    _network(monkeypatch, *hosts)
    images.provide(sandbox, images.plan(["real", "ours"]))
    containerd.calls.clear()
    images.provide(sandbox, images.plan(["real", "ours"]))
    assert containerd.calls == ["prune"]


def test_new_content_of_the_same_name_is_imported(sandbox: Instance, containerd: Containerd) -> None:
    images.load(sandbox, [Written(OURS, "ours")])
    assert images.load(sandbox, [Written(OURS, "ours changed")]) == [OURS]
    assert containerd.calls == ["import ours", "import ours changed"]


def test_no_archive_is_kept(sandbox: Instance, containerd: Containerd) -> None:
    images.load(sandbox, [Written(OURS, "ours")])
    assert containerd.calls == ["import ours"]
    assert {path.name for path in sandbox.state.rglob("*")} == {"images.json", "tmp"}


def test_an_image_that_got_lost_is_imported_again(sandbox: Instance, containerd: Containerd) -> None:
    images.load(sandbox, [Written(OURS, "ours")])
    containerd.present.clear()
    assert images.load(sandbox, [Written(OURS, "ours")]) == [OURS]


def test_an_image_with_a_digest_has_the_name_that_the_kubelet_asks_for(sandbox: Instance, containerd: Containerd) -> None:
    assert images.load(sandbox, [Written(PINNED, "pinned")]) == [PINNED]
    assert images.load(sandbox, [Written(PINNED, "pinned")]) == []
    assert containerd.calls == ["import pinned"]


def test_an_image_with_a_digest_is_pulled_by_it(sandbox: Instance, containerd: Containerd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "references", lambda: {"real": PINNED})
    _network(monkeypatch, "registry-1.docker.io")
    containerd.pullable = {NAMED}
    images.provide(sandbox, images.plan(["real"]))
    assert containerd.calls == [f"pull {NAMED}", "prune"]
