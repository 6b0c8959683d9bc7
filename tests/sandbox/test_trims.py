"""Packages of our own in the place of a dependency's: what a build makes of them, and that what the platform configures is still there."""

import base64
import gzip
import json
import os
import subprocess
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest
import yaml

from model.documents import to_yaml
from sandbox import gobuild, trims
from sandbox.cache import ToolError
from sandbox.inventory import GO_PROGRAMS
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.alerting import call
from tests.waiting import until

CLOUDS = ("ec2", "azure", "digitalocean", "gce", "openstack")


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module whose dependency, found by a `go` that pretends to download it, has a cloud and a file discovery."""
    for name in ("cloud", "file"):
        package = tmp_path / "downloaded/discovery" / name
        package.mkdir(parents=True)
        (package / f"{name}.go").write_text(f"package {name} // theirs\n")
        (package / "more.go").write_text(f"package {name} // theirs\n")
    (tmp_path / "downloaded").chmod(0o555)
    go = tmp_path / "go"
    go.write_text(f"#!/bin/sh\necho '{json.dumps({'Dir': str(tmp_path / 'downloaded')})}'\n")
    go.chmod(0o755)
    (tmp_path / "into").mkdir()
    directory = tmp_path / "module"
    stub = directory / "stubs/example.org/server/discovery/cloud"
    stub.mkdir(parents=True)
    (stub / "cloud.go").write_text("package cloud // ours\n")
    (directory / "go.mod").write_text("module test\n\ngo 1.26\n\nrequire (\n\texample.org/server v1.2.3\n)\n")
    (directory / "go.sum").write_text("sums\n")
    return directory


def apply(module: Path) -> list[str]:
    return trims.apply(module, module.parent / "into", module.parent / "go", os.environ)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            "example.org/server@v1.2.3: reading https://proxy.example/server/@v/v1.2.3.zip: 403 Forbidden",
            "the Go module proxy refuses example.org/server@v1.2.3 (403 Forbidden): have it allowed there",
        ),
        ("example.org/server@v1.2.3: dial tcp: lookup proxy.example: no such host", "the Go module proxy does not answer (no such host)"),
        ("example.org/server@v1.2.3: checksum mismatch", "example.org/server@v1.2.3: checksum mismatch; what was built stays"),
    ],
)
def test_a_dependency_that_cannot_be_had_is_one_line(module: Path, error: str, told: str) -> None:
    (module.parent / "go").write_text(f"#!/bin/sh\necho '{json.dumps({'Error': error})}'\nexit 1\n")
    with pytest.raises(ToolError) as refused:
        apply(module)
    assert str(refused.value).startswith(f"example.org/server cannot be downloaded: {told}")
    assert "\n" not in str(refused.value)


def test_the_named_directory_is_ours_and_the_rest_is_theirs(module: Path) -> None:
    [flag] = apply(module)
    into = module.parent / "into"
    assert flag == f"-modfile={into / 'go.mod'}"
    assert (into / "go.mod").read_text() == (module / "go.mod").read_text() + f"\nreplace example.org/server => {into / '0'}\n"
    assert (into / "go.sum").read_text() == "sums\n"
    copy = into / "0/discovery"
    assert {path.relative_to(copy).as_posix(): path.read_text().split()[-1] for path in copy.rglob("*.go")} == {
        "cloud/cloud.go": "ours",
        "file/file.go": "theirs",
        "file/more.go": "theirs",
    }
    assert len(list((module.parent / "downloaded").rglob("*.go"))) == 4, "what was downloaded stays as it is"


def test_a_module_without_stubs_is_built_as_it_is(module: Path) -> None:
    (module / "stubs").rename(module / "none")
    assert apply(module) == []


def test_a_package_that_is_gone_is_said(module: Path) -> None:
    (module / "stubs/example.org/server/discovery/cloud").rename(module / "stubs/example.org/server/discovery/sky")
    with pytest.raises(ToolError, match=r"discovery/sky: example\.org/server has no such directory any more"):
        apply(module)


def test_a_dependency_that_is_not_required_is_said(module: Path) -> None:
    (module / "go.mod").write_text("module test\n\ngo 1.26\n")
    with pytest.raises(ToolError, match=r"discovery/cloud: go\.mod requires no module with this package"):
        apply(module)


def test_a_download_that_fails_is_said(module: Path) -> None:
    (module.parent / "go").write_text("#!/bin/sh\necho '403 Forbidden' >&2\nexit 1\n")
    with pytest.raises(ToolError, match=r"example\.org/server cannot be downloaded: 403 Forbidden"):
        apply(module)


def test_stubs_are_among_the_sources_and_their_tests_are_not(module: Path) -> None:
    whole = module.parent / "whole"
    whole.mkdir()
    for name in ("go.mod", "whole.go", "whole_test.go"):
        (whole / name).write_text("package whole\n")
    with (module / "go.mod").open("a") as file:
        file.write("\nreplace example.org/whole => ../whole\n")
    assert [path.name for path in trims.sources(module)] == ["cloud.go", "go.mod", "whole.go"]


def test_every_stub_is_named_where_people_read_it() -> None:
    """A module with stubs has a program that says what it lacks."""
    for directory in (path.parent for path in gobuild.MODULES.glob("*/go.mod")):
        said = [program.trimmed for program in GO_PROGRAMS if program.module == directory.name and program.trimmed]
        assert said or not trims.sources(directory), directory.name


def check(config: dict[str, object], directory: Path) -> subprocess.CompletedProcess[str]:
    (directory / "promtail.yaml").write_text(to_yaml(config))
    command = [tool("promtail"), "-check-syntax", f"-config.file={directory / 'promtail.yaml'}"]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def scraping(discovery: str, details: dict[str, object]) -> dict[str, object]:
    job = {"job_name": "test", f"{discovery}_sd_configs": [details]}
    return {"clients": [{"url": "http://loki/push"}], "positions": {"filename": "positions"}, "scrape_configs": [job]}


@pytest.mark.binaries
@pytest.mark.parametrize("cloud", CLOUDS)
def test_promtail_refuses_discovery_in_a_cloud_and_says_why(cloud: str, tmp_path: Path) -> None:
    answer = check(scraping(cloud, {"region": "eu-central-1"}), tmp_path)
    assert answer.returncode != 0
    assert f"this build has no {cloud}_sd_configs" in answer.stdout + answer.stderr


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("discovery", "details"),
    [
        ("kubernetes", {"role": "pod"}),
        ("file", {"files": ["targets.yaml"]}),
        ("consul", {"server": "consul:8500"}),
        ("dns", {"names": ["example.org"]}),
    ],
)
def test_promtail_still_takes_the_others(discovery: str, details: dict[str, object], tmp_path: Path) -> None:
    answer = check(scraping(discovery, details), tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@contextmanager
def running(directory: Path, *command: str | Path) -> Generator[None]:
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.kill()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a Prometheus that scrapes nothing."""
    directory, port = tmp_path_factory.mktemp("prometheus"), free_port()
    (directory / "prometheus.yml").write_text("{}\n")
    where = [f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url=http://127.0.0.1:{port}", "--storage.tsdb.path=data"]
    with running(directory, tool("prometheus"), "--config.file=prometheus.yml", *where):
        until(lambda: answer(port, "/-/ready"), what="Prometheus is ready")
        yield port


def answer(port: int, path: str) -> str | None:
    try:
        return call(port, "GET", path)
    except (OSError, AssertionError):
        return None


@pytest.mark.binaries
@pytest.mark.parametrize("version", ["3.1", "3.2"])
def test_the_openapi_document_of_prometheus_is_the_one_that_its_authors_keep(version: str, prometheus: int) -> None:
    """Their module has the document that the whole libopenapi writes; ours is written by the small one in its place."""
    path = "github.com/prometheus/prometheus"
    command = [tool("go"), "mod", "download", "-json", path]
    downloaded = subprocess.run(command, check=True, capture_output=True, text=True, cwd=gobuild.MODULES / "prometheus")
    kept = Path(json.loads(downloaded.stdout)["Dir"]) / f"web/api/v1/testdata/openapi_{version}_golden.yaml"
    theirs = yaml.safe_load(kept.read_text())
    theirs["info"]["version"] = gobuild.version(next(program for program in GO_PROGRAMS if program.name == "prometheus"))
    theirs["servers"][0]["url"] = f"http://127.0.0.1:{prometheus}/api/v1"
    assert yaml.safe_load(call(prometheus, "GET", f"/api/v1/openapi.yaml?openapi_version={version}")) == theirs


@dataclass(kw_only=True)
class Elasticsearch:
    """What an Elasticsearch 9 that takes everything was sent."""

    genuine: bool = True
    port: int = 0
    templates: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    users: set[str] = field(default_factory=set[str])

    def take(self, path: str, user: str, body: bytes) -> None:
        kind, _, name = path.strip("/").partition("/")
        if kind == "_index_template":
            self.templates[name] = cast("dict[str, Any]", json.loads(body))
            self.users.add(base64.b64decode(user.removeprefix("Basic ")).decode())


@contextmanager
def elasticsearch(*, genuine: bool) -> Generator[Elasticsearch]:
    received = Elasticsearch(genuine=genuine)

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            packed = self.headers.get("Content-Encoding") == "gzip"
            received.take(self.path, self.headers.get("Authorization") or "", gzip.decompress(body) if packed else body)
            self.do_GET()

        def do_GET(self) -> None:
            answer = json.dumps({"version": {"number": "9.1.0"}, "tagline": "You Know, for Search", "acknowledged": True}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            if genuine:
                self.send_header("X-Elastic-Product", "Elasticsearch")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_HEAD = do_POST = do_GET  # noqa: N815 - the base class looks for these names

        def log_message(self, format: str, *args: object) -> None:
            _ = format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.port = server.server_port
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def jaeger_configuration(servers: int) -> dict[str, object]:
    backend = {
        "server_urls": [f"http://127.0.0.1:{servers}"],
        "auth": {"basic": {"username": "elastic", "password": "secret"}},
        "create_mappings": True,
    }
    receiver = {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}}}
    return {
        "service": {
            "extensions": ["jaeger_storage"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {"jaeger_storage": {"backends": {"main": {"elasticsearch": backend}}}},
        "receivers": {"otlp": receiver},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "main"}},
    }


def jaeger(directory: Path, storage: Elasticsearch, probe: Callable[[], object]) -> None:
    (directory / "jaeger.yaml").write_text(to_yaml(jaeger_configuration(storage.port)))
    with running(directory, tool("jaeger"), "--config=jaeger.yaml"):
        until(probe, what="what was expected of Jaeger")


@pytest.mark.binaries
def test_jaeger_makes_its_templates_in_a_newer_elasticsearch(tmp_path: Path) -> None:
    with elasticsearch(genuine=True) as storage:
        jaeger(tmp_path, storage, lambda: len(storage.templates) >= 2)
    assert {"jaeger-span", "jaeger-service"} <= storage.templates.keys()
    assert storage.templates["jaeger-span"]["index_patterns"] == "jaeger-span-*"
    assert storage.users == {"elastic:secret"}


@pytest.mark.binaries
def test_jaeger_refuses_a_storage_that_only_pretends(tmp_path: Path) -> None:
    with elasticsearch(genuine=False) as storage:
        jaeger(tmp_path, storage, lambda: "the server is not Elasticsearch" in (tmp_path / "log").read_text())
