"""What each image of the sandbox is made of. Paths, users and entry points are those of the real images, so manifests fit both."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox import debian, gobuild, maven
from sandbox.cache import ToolError
from sandbox.demo import image as demo
from sandbox.images import content
from sandbox.images.oci import Configuration, Entry
from sandbox.toolchain import PROGRAMS, directory, find

PLACEHOLDER_LABEL = "observability.sandbox/placeholder"
STAND_IN_LABEL = "observability.sandbox/stand-in"

_HERE = Path(__file__).resolve().parent
_NOBODY = 65534
_DATABASE = 999
_LOKI = 10001
_ELASTICSEARCH = 1000


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How to make one image. `content` is called only when the image is wanted, because it builds the programs."""

    configuration: Configuration
    content: Callable[[str], list[Entry]]
    """The files, given the image's tag. ToolError when the programs to be had are not of that version."""
    programs: tuple[str, ...] = ()
    """The programs in it that may have to be compiled for minutes."""
    instead: str = ""
    """What takes the place of the real thing, in words, where that cannot be had."""


def by_name(references: Mapping[str, str]) -> dict[str, Recipe]:
    """The recipe for each component of configs/versions.yaml, given its references, and for the sandbox's own images."""
    return {
        "prometheus": _server("prometheus", "promtool", home="/prometheus", data="--storage.tsdb.path"),
        "alertmanager": _server("alertmanager", "amtool", home="/alertmanager", data="--storage.path"),
        "grafana": _placeholder(references.get("grafana", "grafana"), ports=(3000,), user="472"),
        "kube-state-metrics": _exporter("kube-state-metrics", "/kube-state-metrics", arguments=("--port=8080", "--telemetry-port=8081")),
        "node-exporter": _exporter("node_exporter", "/bin/node_exporter"),
        "postgres-exporter": _exporter("postgres_exporter", "/bin/postgres_exporter"),
        "redis-exporter": _exporter("redis_exporter", "/redis_exporter", user="59000:59000"),
        "loki": _loki(),
        "promtail": _agent(),
        "loki-canary": _exporter("loki-canary", "/usr/bin/loki-canary", user="root"),
        "alloy": _placeholder(references.get("alloy", "alloy"), ports=(12345,), user="root"),
        "elasticsearch": _elasticsearch(),
        "jaeger": _exporter("jaeger", "/cmd/jaeger/jaeger-linux", user="10001"),
        "opentelemetry-collector": _exporter("otelcol-contrib", "/otelcol-contrib", user="10001:10001"),
        "pause": _own(_HERE / "pause", "pause", user="65535:65535"),
        "coredns": _exporter("coredns", "/coredns", user="65532:65532"),
        "redis": Recipe(
            configuration=Configuration(entrypoint=("redis-server",), user=str(_DATABASE), directory="/data"),
            content=lambda tag: [
                *content.base({"redis": _DATABASE}),
                *_program("redis-server", "/usr/local/bin/redis-server", tag),
                *_program("redis-cli", "/usr/local/bin/redis-cli", tag),
                Entry(path="/data", mode=0o755, owner=_DATABASE),
            ],
        ),
        "postgres": _postgres(),
        "demo": _own(demo.SOURCES, "demo", user="65532:65532"),
    }


def _server(name: str, companion: str, *, home: str, data: str) -> Recipe:
    configuration = Configuration(
        entrypoint=(f"/bin/{name}",),
        command=(f"--config.file=/etc/{name}/{name}.yml", f"{data}={home}"),
        user="nobody",
        directory=home,
    )
    return Recipe(
        configuration=configuration,
        programs=(name, companion),
        content=lambda tag: [
            *content.base({}),
            *_program(name, f"/bin/{name}", tag),
            *_program(companion, f"/bin/{companion}", tag),
            Entry(path=home, mode=0o775, owner=_NOBODY),
            Entry(path=f"/etc/{name}", mode=0o775, owner=_NOBODY),
        ],
    )


def _loki() -> Recipe:
    home = ("/loki", "/etc/loki")
    return Recipe(
        configuration=Configuration(entrypoint=("/usr/bin/loki",), command=("-config.file=/etc/loki/local-config.yaml",), user=str(_LOKI)),
        programs=("loki",),
        content=lambda tag: [
            *content.base({"loki": _LOKI}),
            *_program("loki", "/usr/bin/loki", tag),
            *(Entry(path=path, mode=0o755, owner=_LOKI) for path in home),
        ],
    )


def _agent() -> Recipe:
    """Promtail, with what its own image has of Ubuntu's that the log agent is started with (components/start-agent.sh)."""
    shell = {name: shutil.which(name) or f"/bin/{name}" for name in ("sh", "cmp", "cp", "mv", "rm", "sleep")}
    return Recipe(
        configuration=Configuration(entrypoint=("/usr/bin/promtail",), user="root"),
        programs=("promtail",),
        content=lambda tag: [
            *content.base({}),
            *_program("promtail", "/usr/bin/promtail", tag),
            *(entry for name, path in shell.items() for entry in content.program(Path(path), f"/bin/{name}")),
        ],
    )


def _exporter(name: str, path: str, *, arguments: tuple[str, ...] = (), user: str = "nobody") -> Recipe:
    return Recipe(
        configuration=Configuration(entrypoint=(path, *arguments), user=user),
        programs=(name,),
        content=lambda tag: [*content.base({}), *_program(name, path, tag)],
    )


def _own(sources: Path, name: str, *, user: str) -> Recipe:
    return Recipe(
        configuration=Configuration(entrypoint=(f"/{name}",), user=user),
        content=lambda _tag: [*content.base({}), *content.program(gobuild.build_local(sources, name), f"/{name}")],
    )


def _placeholder(reference: str, *, ports: tuple[int, ...], user: str) -> Recipe:
    configuration = Configuration(
        entrypoint=("/placeholder",),
        user=user,
        environment={"PLACEHOLDER_IMAGE": reference, "PLACEHOLDER_PORTS": " ".join(str(port) for port in ports)},
        labels={PLACEHOLDER_LABEL: "true"},
    )
    served = _own(_HERE / "placeholder", "placeholder", user=user)
    return Recipe(configuration=configuration, content=served.content, instead="a page saying so")


def _elasticsearch() -> Recipe:
    """OpenSearch on Java under the paths of Elasticsearch, behind a program of ours for TLS and password, which it has no part for here."""
    home = "/usr/share/elasticsearch"

    def files(_tag: str) -> list[Entry]:
        packages, tools = directory("openjdk"), directory("curl")
        [java] = (packages / "usr/lib/jvm").glob("java-17-openjdk-*")
        settings = packages / "etc/java-17-openjdk"
        # What the rest of Java loads is beside it, or is among these.
        loaded = [java / "bin/java", java / "lib/server/libjvm.so"]
        ours = gobuild.build_local(_HERE / "elasticsearch", "elasticsearch")
        return [
            *content.base({"elasticsearch": _ELASTICSEARCH}),
            *(
                entry
                for name in ("bash", "base64", "cat", "cp", "date", "touch")
                for entry in content.program(Path(f"/bin/{name}"), f"/bin/{name}")
            ),
            *content.program(tools / "usr/bin/curl", "/usr/bin/curl", tools),
            *content.tree(java, str(Path("/", java.relative_to(packages))), leave_out=("legal", "man", "docs", "include", "src.zip")),
            *content.tree(settings, str(Path("/", settings.relative_to(packages)))),
            *(library for each in loaded for library in content.libraries(each, packages)),
            *content.tree(maven.opensearch(), f"{home}/lib"),
            Entry(path="/usr/local/bin/docker-entrypoint.sh", content=b'#!/bin/bash\nexec "$@"\n', mode=0o755),
            *content.program(ours, f"{home}/bin/elasticsearch"),
            Entry(path=f"{home}/bin/elasticsearch-keystore", link="elasticsearch"),
            Entry(path=f"{home}/jdk", link=str(Path("/", java.relative_to(packages)))),
            *(Entry(path=f"{home}/{name}", mode=0o775, owner=_ELASTICSEARCH) for name in ("config", "data", "logs", "plugins")),
        ]

    return Recipe(
        configuration=Configuration(
            entrypoint=("/usr/local/bin/docker-entrypoint.sh",),
            command=("eswrapper",),
            user=f"{_ELASTICSEARCH}:{_ELASTICSEARCH}",
            directory=home,
            labels={STAND_IN_LABEL: "OpenSearch"},
        ),
        content=files,
        instead="OpenSearch behind a proxy of ours for TLS and password",
    )


def _postgres() -> Recipe:
    def files(_tag: str) -> list[Entry]:
        root = directory("postgresql")
        home = root / "usr/lib/postgresql/15"
        plugins = content.tree(home / "lib", "/usr/lib/postgresql/15/lib", leave_out=("bitcode", "pgxs", "llvmjit*", "pgxml.so"))
        loaded = [entry.content for entry in plugins if isinstance(entry.content, Path) and entry.content.suffix == ".so"]
        return [
            *content.base({"postgres": _DATABASE}),
            *content.program(Path("/bin/sh"), "/bin/sh"),
            *content.program(home / "bin/postgres", "/usr/lib/postgresql/15/bin/postgres", root),
            *content.program(home / "bin/initdb", "/usr/lib/postgresql/15/bin/initdb", root),
            *plugins,
            *(library for plugin in loaded for library in content.libraries(plugin, root)),
            *content.tree(root / "usr/share/postgresql/15", "/usr/share/postgresql/15", leave_out=("man",)),
            *content.tree(root / "usr/share/zoneinfo", "/usr/share/zoneinfo"),
            Entry(path="/docker-entrypoint.sh", content=_HERE / "postgres/entrypoint.sh", mode=0o755),
            Entry(path="/var/lib/postgresql/data", mode=0o1777, owner=_DATABASE),
            Entry(path="/var/run/postgresql", mode=0o3777, owner=_DATABASE),
        ]

    configuration = Configuration(
        entrypoint=("/docker-entrypoint.sh",),
        command=("postgres",),
        user=str(_DATABASE),
        environment={
            "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/15/bin",
            "PGDATA": "/var/lib/postgresql/data",
            "LANG": "C.UTF-8",
        },
    )
    return Recipe(configuration=configuration, content=files)


def _program(name: str, path: str, tag: str) -> list[Entry]:
    """The program at `path`, with its libraries. ToolError when its version is not what the image's tag says."""
    found = find(name)
    if not f"{found.version}.".startswith(f"{tag.removeprefix('v')}."):
        raise ToolError(
            f"configs/versions.yaml asks for {name} {tag}, but the one to be had here is {found.version} ({found.path}): "
            "set the same version in both places (sandbox/tools/*/go.mod pins what is built)"
        )
    program = PROGRAMS[name]
    if found.source == "debian" and not isinstance(program, gobuild.GoProgram):
        files = debian.unpacked(program.origin) / "files"
        return content.program(files / program.path, path, files)
    return content.program(found.path, path)
