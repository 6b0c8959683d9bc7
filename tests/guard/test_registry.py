"""Digests as a registry tells them: with a token or without, and with every way in which it may not."""

import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from guard.__main__ import main
from guard.registry import RegistryError, digest, pinned
from model.documents import parse, read
from model.versions import Versions
from tests.components.environments import ROOT

CONTENT = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
OTHER = f"sha256:{'a' * 64}"


@dataclass
class Registry:
    """A registry on this machine. It has every tag but those that begin with ``no``."""

    host: str = ""
    token: str = ""
    """What it wants to see; it asks for nothing when empty."""

    tells: bool = True
    """Whether it tells the digest, or leaves it to be computed."""

    digest: str = DIGEST
    status: int = 200
    asked: list[str] = field(default_factory=list[str])


class Handler(BaseHTTPRequestHandler):
    """The API, as far as it is about manifests and tokens."""

    def do_GET(self) -> None:
        registry = cast("Server", self.server).registry
        registry.asked.append(f"{self.command} {self.path}")
        if self.path.startswith("/token"):
            self._answer(200, json.dumps({"token": registry.token}).encode())
        elif registry.token and self.headers.get("Authorization") != f"Bearer {registry.token}":
            scope = f'scope="repository:{self.path.removeprefix("/v2/").partition("/manifests/")[0]}:pull"'
            self._answer(401, b"", {"WWW-Authenticate": f'Bearer realm="http://{registry.host}/token",service="here",{scope}'})
        elif registry.status != 200 or "/manifests/no" in self.path:
            self._answer(404 if registry.status == 200 else registry.status, b"")
        else:
            self._answer(200, CONTENT, {"Docker-Content-Digest": registry.digest} if registry.tells else {})

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


class Server(ThreadingHTTPServer):
    """Knows its registry."""

    registry: Registry


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Server(("127.0.0.1", 0), Handler)
    server.registry = Registry(host=f"127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.registry
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_registry_that_is_open_is_asked_once(registry: Registry) -> None:
    assert digest(f"{registry.host}/prom/prometheus:v3.15.0") == DIGEST
    assert registry.asked == ["HEAD /v2/prom/prometheus/manifests/v3.15.0"]


def test_one_that_wants_a_token_gets_the_one_that_it_gives_to_everybody(registry: Registry) -> None:
    registry.token = "for-everybody"  # noqa: S105
    assert digest(f"{registry.host}/prom/prometheus:v3.15.0@{OTHER}") == DIGEST
    assert registry.asked[1] == "GET /token?service=here&scope=repository%3Aprom%2Fprometheus%3Apull"


def test_where_the_digest_is_not_told_it_is_that_of_the_content(registry: Registry) -> None:
    registry.tells = False
    assert digest(f"{registry.host}/a/b:1") == DIGEST


def test_a_tag_that_is_not_there_is_told(registry: Registry) -> None:
    with pytest.raises(RegistryError, match=r"a/b:no1: 127\.0\.0\.1:\d+ answers 404 .*is the tag in configs/versions.yaml right\?"):
        digest(f"{registry.host}/a/b:no1")


def test_a_registry_that_is_out_of_order_is_told(registry: Registry) -> None:
    registry.status = 503
    with pytest.raises(RegistryError, match=r"answers 503 .*try again later"):
        digest(f"{registry.host}/a/b:1")


def test_what_is_no_digest_is_not_written_down(registry: Registry) -> None:
    registry.digest = "sha256:short"
    with pytest.raises(RegistryError, match="no sha256 digest but 'sha256:short'"):
        digest(f"{registry.host}/a/b:1")


def test_where_no_registry_answers_the_way_out_is_told() -> None:
    with pytest.raises(RegistryError, match=r"cannot be asked .*: run this where the registries can be reached"):
        digest("127.0.0.1:1/a/b:1")


def test_everything_but_the_references_stays_as_it_is() -> None:
    text = (ROOT / "configs/versions.yaml").read_text()
    images = [
        reference.partition("@")[0]
        for reference in Versions.model_validate(read(ROOT, "configs/versions.yaml").content).by_component().values()
    ]
    written = pinned(text, dict.fromkeys(images, DIGEST))
    assert written.replace(f"@{DIGEST}", "") == pinned(text, {}).replace(f"@{DIGEST}", "")
    assert written.count(DIGEST) == len(images)
    assert pinned(written, dict.fromkeys(images, OTHER)).count(OTHER) == len(images)
    assert Versions.model_validate(parse(written, "versions.yaml").content).by_component()["loki"].endswith(f"@{DIGEST}")


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> Path:
    """A project all of whose images are in the registry."""
    (tmp_path / "configs").mkdir()
    text = (ROOT / "configs/versions.yaml").read_text()
    for name in ("docker.io", "registry.k8s.io", "quay.io", "docker.elastic.co"):
        text = text.replace(f": {name}/", f": {registry.host}/")
    (tmp_path / "configs/versions.yaml").write_text(text)
    return tmp_path


def test_the_command_writes_all_digests(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(project) == 0
    images = Versions.model_validate(read(project, "configs/versions.yaml").content).by_component()
    assert all(reference.endswith(f"@{DIGEST}") for reference in images.values())
    assert "moved" not in capsys.readouterr().out


def test_a_tag_that_was_moved_is_told(project: Path, registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(project) == 0
    registry.digest = OTHER
    assert main(project) == 0
    assert f"the tag was moved, it was {DIGEST}: find out why" in capsys.readouterr().out


def test_one_image_that_cannot_be_had_leaves_the_file_as_it_was(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = project / "configs/versions.yaml"
    file.write_text(file.read_text().replace(":v3.15.0", ":no-such"))
    before = file.read_text()
    assert main(project) == 1
    assert file.read_text() == before
    assert "answers 404" in capsys.readouterr().err
