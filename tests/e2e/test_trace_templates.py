"""The storage takes the templates of every environment: a Jaeger with the settings of each, under a name of its own for its indices."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from components.jaeger_config import storage as storage_config
from components.traces import access
from model.documents import mapping
from model.traces import Traces
from sandbox.bare import Program
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.components.environments import environment
from tests.conftest import Platform
from tests.e2e.tracing import NAME, SPACE, Storage, address
from tests.waiting import until

pytestmark = pytest.mark.cluster

Templates = dict[str, dict[str, dict[str, dict[str, str]]]]
KINDS = {"jaeger-span", "jaeger-service"}
ENVIRONMENTS = ("dev", "staging", "prod")


def jaeger(platform: Platform, folder: Path, name: str, settings: Traces) -> Program:
    """Jaeger as a process of this machine, with the storage's settings of an environment."""
    kube = platform.kube
    (folder / "ca.crt").write_text(str(kube.get(f"{SPACE}/configmaps/trace-storage")["data"]["ca.crt"]))
    (folder / "password").write_text(Storage(kube=kube).password)
    wanted = storage_config(settings, access(environment(name), settings, "observability"))
    here = {
        "server_urls": [f"https://{address(kube, 'observability', 'elasticsearch')}:9200"],
        "auth": {"basic": {"username": "elastic", "password_file": str(folder / "password")}},
        "tls": {"ca_file": str(folder / "ca.crt"), "server_name_override": NAME},
        "indices": {**mapping(wanted["indices"]), "index_prefix": f"try-{name}"},
    }
    port = free_port()
    config = {
        "service": {
            "extensions": ["jaeger_storage"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {"jaeger_storage": {"backends": {"elasticsearch": {"elasticsearch": {**wanted, **here}}}}},
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{port}"}}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "elasticsearch"}},
    }
    (folder / "jaeger.json").write_text(json.dumps(config))
    command = (tool("jaeger"), f"--config={folder / 'jaeger.json'}")
    return Program(command=command, address=f"http://127.0.0.1:{port}", log=folder / "jaeger.log")


def templates(storage: Storage, pattern: str) -> Templates:
    """Those that are there, by name."""
    try:
        return cast("Templates", storage.call("GET", f"/_template/{pattern}"))
    except OSError:  # it answers with an error when there is none
        return {}


@pytest.fixture(scope="module")
def started(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One Jaeger for each environment, all at a time: they start slowly."""
    storage = Storage(kube=platform.kube)
    with ExitStack() as running:
        for name in ENVIRONMENTS:
            running.callback(storage.call, "DELETE", f"/_template/{pattern(name)}")
            running.enter_context(jaeger(platform, tmp_path_factory.mktemp(name), name, traces_of(name)))
        yield


def traces_of(name: str) -> Traces:
    """The settings of an environment's traces."""
    settings = environment(name).settings.traces
    assert settings is not None
    return settings


def pattern(name: str) -> str:
    """What the names of an environment's templates begin with here."""
    return f"try-{name}-*"


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_storage_takes_the_templates(platform: Platform, name: str) -> None:
    storage, settings = Storage(kube=platform.kube), traces_of(name)
    until(lambda: len(templates(storage, pattern(name))) >= len(KINDS), seconds=60, what=f"the templates of {name} are there")
    found = templates(storage, pattern(name))
    assert {template.removeprefix(f"try-{name}-") for template in found} >= KINDS
    for template in found.values():
        index = template["settings"]["index"]
        assert (int(index["number_of_shards"]), int(index["number_of_replicas"])) == (settings.shards, settings.copies)
