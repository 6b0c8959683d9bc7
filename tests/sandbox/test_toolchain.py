"""Which program is taken, what a build depends on, and what people read when one cannot be had."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from model.versions import image_version
from sandbox import debian, gobuild, network_check, toolchain
from sandbox.inventory import DEBIAN_PROGRAMS, GO_PROGRAMS, IPTABLES, GoProgram
from sandbox.toolchain import ToolError, find, on_path, tool

DEMO = "../demo/service"
GADGET = GoProgram(name="gadget", module="gadget", package="example.org/gadget/cmd/gadget", stamp=("main.version={version}",))
GO_MOD = "module observability/test\n\ngo 1.21\n\nrequire example.org/gadget v1.4.2 // indirect\n"
FAKE_GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.26.1; exit; fi
while [ "$1" != -o ]; do shift; done
echo built >> "$COUNTER"
printf '#!/bin/sh\\necho gadget 1.4.2\\n' > "$2"
chmod +x "$2"
"""


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of our own, a module `gadget`, and a Go on PATH that only pretends to build."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/usr/bin:/bin")
    monkeypatch.setenv("COUNTER", str(tmp_path / "builds"))
    script(tmp_path / "path/go", FAKE_GO)
    (tmp_path / "modules/gadget").mkdir(parents=True)
    (tmp_path / "modules/gadget/go.mod").write_text(GO_MOD)
    (tmp_path / "modules/gadget/go.sum").write_text("")
    gobuild.go.cache_clear()
    find.cache_clear()
    yield tmp_path
    gobuild.go.cache_clear()
    find.cache_clear()


@pytest.fixture
def gadget(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directory of the gadget's module."""
    monkeypatch.setattr(gobuild, "MODULES", machine / "modules")
    monkeypatch.setitem(toolchain.PROGRAMS, "gadget", GADGET)
    return machine / "modules/gadget"


def builds(machine: Path) -> int:
    counter = machine / "builds"
    return len(counter.read_text().splitlines()) if counter.exists() else 0


@pytest.mark.usefixtures("gadget")
def test_a_program_is_built_once(machine: Path) -> None:
    first = tool("gadget")
    find.cache_clear()
    assert tool("gadget") == first
    assert builds(machine) == 1
    assert first.is_relative_to(machine / "cache/observability/bin/gadget")


@pytest.mark.parametrize("changed", ["go.mod", "go.sum"])
def test_a_changed_pin_makes_another_build(gadget: Path, changed: str) -> None:
    first = gobuild.build(GADGET)
    with (gadget / changed).open("a") as file:
        file.write("// changed\n")
    assert gobuild.build(GADGET) != first


@pytest.mark.usefixtures("gadget")
def test_changed_flags_make_another_build() -> None:
    tagged = GoProgram(name="gadget", module="gadget", package=GADGET.package, stamp=GADGET.stamp, tags=("small",))
    assert gobuild.build(tagged) != gobuild.build(GADGET)


def test_another_go_makes_another_build(gadget: Path, machine: Path) -> None:
    assert gadget.is_dir()
    first = gobuild.build(GADGET)
    script(machine / "path/go", FAKE_GO.replace("1.26.1", "1.26.2"))
    gobuild.go.cache_clear()
    assert gobuild.build(GADGET) != first


def test_our_own_program_is_keyed_by_its_sources_but_not_by_its_tests(machine: Path) -> None:
    sources = machine / "own"
    sources.mkdir()
    (sources / "go.mod").write_text("module own\n\ngo 1.21\n")
    (sources / "main.go").write_text("package main\n")
    first = gobuild.build_local(sources, "own")
    (sources / "main_test.go").write_text("package main\n")
    assert gobuild.build_local(sources, "own") == first
    (sources / "main.go").write_text("package main // changed\n")
    assert gobuild.build_local(sources, "own") != first


@pytest.mark.usefixtures("gadget")
def test_a_fitting_program_on_path_is_taken(machine: Path) -> None:
    there = script(machine / "path/gadget", "#!/bin/sh\necho gadget, version 1.4.2\n")
    found = find("gadget")
    assert (found.source, found.version, found.path) == ("path", "1.4.2", there)
    assert builds(machine) == 0


@pytest.mark.usefixtures("gadget")
@pytest.mark.parametrize("answer", ["echo gadget, version 1.5.0", "echo no number", "exit 3", "sleep 0; kill -9 $$"])
def test_one_that_does_not_fit_is_not(machine: Path, answer: str) -> None:
    script(machine / "path/gadget", f"#!/bin/sh\n{answer}\n")
    assert on_path(GADGET) is None
    assert find("gadget").source == "built"


@pytest.mark.usefixtures("gadget")
def test_a_failing_build_names_tool_module_last_lines_and_log(machine: Path) -> None:
    script(machine / "path/go", '#!/bin/sh\n[ "$1" = env ] && echo go1.26.1 && exit\necho "main.go:3: undefined: x" >&2\nexit 1\n')
    with pytest.raises(ToolError) as failure:
        tool("gadget")
    text = str(failure.value)
    log = machine / "cache/observability/log/gadget.log"
    assert all(part in text for part in ("gadget does not build", "modules/gadget", "undefined: x", str(log)))
    assert log.is_file()
    assert not list((machine / "cache/observability/bin/gadget").iterdir())


@pytest.mark.usefixtures("gadget")
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("reading https://proxy.example/x.zip: 403 Forbidden", r"the Go module proxy refuses example\.org/part@v1\.2\.3 \(403 Forbidden\)"),
        ('Get "https://proxy.example/x.zip": dial tcp 192.0.2.1:443: i/o timeout', r"the Go module proxy does not answer \(i/o timeout\)"),
        ("not available", r"the Go module proxy does not have example\.org/part@v1\.2\.3 \(not available\)"),
    ],
)
def test_a_registry_that_fails_is_one_line_and_what_was_built_stays(machine: Path, written: str, told: str) -> None:
    before = gobuild.build(GADGET)
    script(
        machine / "path/go",
        f'#!/bin/sh\n[ "$1" = env ] && echo go1.26.1 && exit\necho "main.go:2:8: example.org/part@v1.2.3: {written}" >&2\nexit 1\n',
    )
    other = GoProgram(name="widget", module="gadget", package=GADGET.package)
    with pytest.raises(ToolError, match=rf"^widget cannot be built: {told}.*GOPROXY; what was built stays \(log: \S+\)$"):
        gobuild.build(other)
    assert before.is_file()


def test_a_misspelt_name_gets_the_nearest() -> None:
    with pytest.raises(ToolError, match="there is no tool 'kubelt': did you mean 'kubelet'"):
        tool("kubelt")


def test_without_apt_the_error_names_tool_and_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_name: str) -> None:
        return None

    monkeypatch.setattr(debian.shutil, "which", nothing)
    with pytest.raises(ToolError, match=r"iptables 1\.8\.9 is not on PATH.*no apt-get.*Debian calls it iptables"):
        debian.unpacked(IPTABLES)


def test_an_old_go_on_path_is_passed_over(machine: Path) -> None:
    script(machine / "path/go", "#!/bin/sh\necho go1.20.3\n")
    with pytest.raises(ToolError, match=r"Go 1\.99 is needed"):
        gobuild.go("1.99")


def test_every_go_program_has_its_pin() -> None:
    assert all(gobuild.version(program)[0].isdigit() for program in GO_PROGRAMS)


def test_a_package_that_no_requirement_provides_is_refused(gadget: Path) -> None:
    (gadget / "go.mod").write_text("module observability/test\n\ngo 1.21\n")
    with pytest.raises(ToolError, match=r"gadget/go\.mod requires no module with the package example\.org/gadget"):
        gobuild.version(GADGET)


def test_the_manifests_versions_are_those_that_are_built() -> None:
    images: dict[str, str] = yaml.safe_load((Path(__file__).parents[2] / "configs/versions.yaml").read_text())["images"]
    built = {program.name.replace("_", "-"): gobuild.version(program) for program in GO_PROGRAMS}
    for name, reference in images.items():
        if name in built:
            assert image_version(reference).removeprefix("v") == built[name], f"{name}: {reference}, built is {built[name]}"


def differing() -> dict[str, set[str]]:
    """Versions of every dependency of which two modules of one set require different ones."""
    versions: dict[str, set[str]] = {}
    for module in ("prometheus", "loki", "promtail", "alertmanager", "node_exporter", "postgres_exporter", "pulumi", "kwok", DEMO):
        for dependency, pin in gobuild.required(module).items():
            versions.setdefault(dependency, set()).add(pin)
    return {dependency: pins for dependency, pins in versions.items() if len(pins) > 1}


def test_programs_build_with_one_version_of_what_they_have_in_common() -> None:
    """Else all that they have in common is compiled twice: minutes of a first `make up`. Raise all to the versions of Prometheus."""
    assert differing().keys() == {
        "github.com/grafana/loki/v3",  # Promtail is not in the module of Loki 3.7 any more,
        "github.com/grafana/dskit",  # and each of the two builds with its own
        "github.com/prometheus/alertmanager",  # Prometheus and Loki have a newer one as a library, which does not compile as a program
        "github.com/alecthomas/chroma/v2",  # Pulumi does not build with the newer one
        "github.com/lib/pq",  # PostgreSQL's exporter is kept at what its authors release it with
        "github.com/mdlayher/socket",  # the node exporter requires a newer one than Prometheus
        "go.opentelemetry.io/contrib/samplers/jaegerremote",  # the demo alone uses it
    }


def test_names_are_unique() -> None:
    names = [program.name for program in (*GO_PROGRAMS, *DEBIAN_PROGRAMS)]
    assert len(names) == len(set(names))


def test_hosts_that_do_not_answer_are_told_within_the_patience() -> None:
    # 192.0.2.0/24 is reserved for documentation; .invalid never resolves.
    hosts = ["192.0.2.1", "192.0.2.2:5000", "nowhere.invalid", "127.0.0.1:1"]
    assert network_check.reachable(hosts) == dict.fromkeys(hosts, False)
    assert network_check.reachable([]) == {}
