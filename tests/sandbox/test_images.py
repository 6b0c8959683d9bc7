"""The archives are valid OCI layouts that hold what the real images hold, and placeholders are labelled as such."""

import hashlib
import json
import socket
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from urllib.request import urlopen

import pytest

from model.versions import image_version
from sandbox import gobuild, images
from sandbox.images import PLACEHOLDER_LABEL, content, oci, recipes
from sandbox.images.oci import Configuration, Entry
from sandbox.network_check import reachable
from sandbox.toolchain import Found, ToolError
from tests.waiting import until

Document = dict[str, object]
REFERENCES = images.references()
FROM_PROGRAMS = sorted(set(REFERENCES) - {"postgres", "elasticsearch"})


@dataclass(frozen=True, kw_only=True)
class Image:
    """An archive taken apart. Reading it checks every digest and size on the way."""

    names: dict[str, str]
    manifest: Document
    configuration: Document
    files: dict[str, tarfile.TarInfo]


def read(archive: Path, into: Path | None = None) -> Image:
    with tarfile.open(archive) as tar:

        def blob(descriptor: dict[str, object]) -> bytes:
            algorithm, _, value = str(descriptor["digest"]).partition(":")
            data = extracted(tar, f"blobs/{algorithm}/{value}")
            assert hashlib.sha256(data).hexdigest() == value
            assert len(data) == descriptor["size"]
            return data

        assert json.loads(extracted(tar, "oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        (described,) = json.loads(extracted(tar, "index.json"))["manifests"]
        manifest = json.loads(blob(described))
        configuration = json.loads(blob(manifest["config"]))
        (layer,) = manifest["layers"]
        blob(layer)
        assert configuration["rootfs"] == {"type": "layers", "diff_ids": [layer["digest"]]}
        inner = tar.extractfile(f"blobs/{str(layer['digest']).replace(':', '/')}")
        with tarfile.open(fileobj=inner) as file_system:
            files = {f"/{member.name}": member for member in file_system}
            if into is not None:
                file_system.extractall(into, filter="fully_trusted")  # noqa: S202 - our own archive
    return Image(names=described["annotations"], manifest=manifest, configuration=configuration["config"], files=files)


def made(name: str, into: Path | None = None) -> Image:
    """The image of that name, written and taken apart again."""
    with TemporaryDirectory() as directory:
        images.build(name, REFERENCES[name]).write(Path(directory, "image"))
        return read(Path(directory, "image"), into)


def extracted(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that are had at once, each of the version that the images name, in a cache of our own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "program").write_text("#!/bin/sh\n")
    tags = {name: image_version(reference).removeprefix("v") for name, reference in REFERENCES.items()}
    same = {"promtool": "prometheus", "amtool": "alertmanager", "redis-server": "redis", "redis-cli": "redis"}
    same["otelcol-contrib"] = "opentelemetry-collector"

    def find(name: str) -> Found:
        version = tags[same.get(name, name.replace("_", "-"))]
        return Found(name=name, source="path", version=version, path=tmp_path / "program")

    def build_local(_directory: Path, _name: str) -> Path:
        return tmp_path / "program"

    monkeypatch.setattr(recipes, "find", find)
    monkeypatch.setattr(gobuild, "build_local", build_local)
    return tmp_path / "program"


AS_ROOT = {"promtail", "alloy", "loki-canary"}
"""Images whose real ones run as root too: the agents read files of the node, and that of the canary names no user (its pod does)."""


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("name", FROM_PROGRAMS)
def test_an_image_is_valid_and_has_the_name_of_the_manifests(name: str) -> None:
    image = made(name)
    assert image.names["io.containerd.image.name"] == REFERENCES[name]
    assert image.files["/tmp"].mode == 0o1777  # noqa: S108 - the image's own
    assert "/etc/passwd" in image.files
    assert (str(image.configuration["User"]) in ("", "0", "root")) == (name in AS_ROOT)
    (program, *_) = cast("list[str]", image.configuration["Entrypoint"])
    path = program if program.startswith("/") else f"/usr/local/bin/{program}"
    assert image.files[path].mode == 0o755


@pytest.mark.usefixtures("programs")
def test_all_components_have_a_recipe() -> None:
    assert set(recipes.by_name(REFERENCES)) == set(REFERENCES)


@pytest.mark.usefixtures("programs")
def test_placeholders_and_they_alone_are_labelled() -> None:
    assert set(images.stand_ins()) == {REFERENCES[name] for name in ("grafana", "alloy", "elasticsearch")}
    listed = {reference for reference, what in images.stand_ins().items() if what == "a page saying so"}
    assert listed == {REFERENCES["grafana"], REFERENCES["alloy"]}
    for name in FROM_PROGRAMS:
        labels = cast("dict[str, str]", made(name).configuration["Labels"])
        assert (labels.get(PLACEHOLDER_LABEL) == "true") == (REFERENCES[name] in listed), name


@pytest.mark.usefixtures("programs")
def test_a_placeholder_knows_what_it_stands_for() -> None:
    environment = made("grafana").configuration["Env"]
    assert isinstance(environment, list)
    assert f"PLACEHOLDER_IMAGE={REFERENCES['grafana']}" in environment
    assert "PLACEHOLDER_PORTS=3000" in environment


@pytest.mark.usefixtures("programs")
def test_a_tag_that_is_not_the_version_to_be_had_is_refused() -> None:
    with pytest.raises(ToolError, match=r"configs/versions\.yaml asks for prometheus v9\.9\.9, but the one to be had here is 3\."):
        images.build("prometheus", "docker.io/prom/prometheus:v9.9.9")


def test_an_image_without_a_recipe_is_refused() -> None:
    with pytest.raises(ToolError, match="no recipe for the image 'tempo'; there are prometheus, "):
        images.build("tempo", "docker.io/grafana/tempo:1")


def test_a_changed_program_makes_another_image(programs: Path) -> None:
    first = images.build("prometheus", REFERENCES["prometheus"]).identity
    assert images.build("prometheus", REFERENCES["prometheus"]).identity == first
    programs.write_text("#!/bin/sh\n# changed\n")
    assert images.build("prometheus", REFERENCES["prometheus"]).identity != first


def test_the_same_content_is_the_same_bytes(tmp_path: Path) -> None:
    entries = [Entry(path="/b/file", content=b"b", owner=7), Entry(path="/a", link="b/file"), Entry(path="/empty", mode=0o1777)]
    for name, ordered in (("one", entries), ("two", entries[::-1])):
        oci.write(tmp_path / name, "example.org/x:1", Configuration(entrypoint=("/b/file",)), ordered)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    files = read(tmp_path / "one").files
    assert {path: (file.type, file.mode, file.uid) for path, file in files.items()} == {
        "/a": (tarfile.SYMTYPE, 0o644, 0),
        "/b": (tarfile.DIRTYPE, 0o755, 0),
        "/b/file": (tarfile.REGTYPE, 0o644, 7),
        "/empty": (tarfile.DIRTYPE, 0o1777, 0),
    }


def test_reading_sees_a_damaged_archive(tmp_path: Path) -> None:
    oci.write(tmp_path / "image", "example.org/x:1", Configuration(entrypoint=("/x",)), [Entry(path="/x", content=b"precious")])
    (tmp_path / "image").write_bytes((tmp_path / "image").read_bytes().replace(b"precious", b"tampered"))
    with pytest.raises(AssertionError):
        read(tmp_path / "image")


def test_a_dynamic_program_brings_its_libraries() -> None:
    paths = [entry.path for entry in content.program(Path("/bin/sh"), "/bin/sh")]
    assert paths[0] == "/bin/sh"
    assert any("libc.so" in path for path in paths)
    assert any("/ld-" in path for path in paths)


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("prometheus", ["/bin/prometheus", "--version"]),
        ("prometheus", ["/bin/promtool", "--version"]),
        ("alertmanager", ["/bin/alertmanager", "--version"]),
        ("kube-state-metrics", ["/kube-state-metrics", "version"]),
        ("node-exporter", ["/bin/node_exporter", "--version"]),
        ("postgres-exporter", ["/bin/postgres_exporter", "--version"]),
        ("redis-exporter", ["/redis_exporter", "--version"]),
        ("coredns", ["/coredns", "-version"]),
        ("redis", ["/usr/local/bin/redis-server", "--version"]),
        ("redis", ["/usr/local/bin/redis-cli", "--version"]),
        ("postgres", ["/usr/lib/postgresql/15/bin/postgres", "--version"]),
        ("postgres", ["/usr/lib/postgresql/15/bin/initdb", "--version"]),
        ("postgres", ["/bin/sh", "-c", "echo 15."]),
    ],
)
def test_real_programs_start_with_nothing_but_their_image(name: str, command: list[str], tmp_path: Path) -> None:
    made(name, into=tmp_path)
    enter = ["unshare", "--map-root-user", f"--root={tmp_path}", "--wd=/"]
    done = subprocess.run([*enter, *command], check=False, capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert image_version(REFERENCES[name]).removeprefix("v") in told


@pytest.mark.binaries
def test_the_placeholder_answers_probes_and_pages_by_saying_what_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = gobuild.build_local(Path(recipes.__file__).parent / "placeholder", "placeholder")
    environment = {"PLACEHOLDER_IMAGE": "example.org/real:1", "PLACEHOLDER_PORTS": str(port)}
    with subprocess.Popen([program, "--config=ignored"], env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: reachable([f"127.0.0.1:{port}"])[f"127.0.0.1:{port}"])
            for path in ("/api/health", "/healthz", "/d/any/dashboard"):
                with urlopen(f"http://127.0.0.1:{port}{path}") as answer:
                    assert "This is a placeholder" in (page := answer.read().decode())
                    assert "example.org/real:1" in page
            with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
                assert 'sandbox_placeholder{image="example.org/real:1"} 1' in answer.read().decode()
        finally:
            process.terminate()
    assert process.returncode == 0


def test_an_image_with_a_digest_keeps_its_version_and_goes_by_the_digest(tmp_path: Path) -> None:
    digest = f"sha256:{'a' * 64}"
    oci.write(tmp_path / "image", f"example.org:5000/x:v1.2@{digest}", Configuration(entrypoint=("/x",)), [Entry(path="/x", content=b"x")])
    names = {"io.containerd.image.name": f"example.org:5000/x@{digest}", "org.opencontainers.image.ref.name": "v1.2"}
    assert read(tmp_path / "image").names == names
