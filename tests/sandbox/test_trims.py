"""Packages of our own in the place of a dependency's: what a build makes of them, and that what the platform configures is still there."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from model.documents import to_yaml
from sandbox import gobuild, trims
from sandbox.cache import ToolError
from sandbox.inventory import GO_PROGRAMS
from sandbox.toolchain import tool

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
