"""Parts of dependencies that a build does without: our own small packages, with the same names, take their place.

A module below sandbox/tools may have a directory `stubs`. `stubs/<path of a dependency>/<directory>` takes the place of that directory of
the dependency: the build uses a copy of the dependency as go.sum verifies it, with those directories exchanged, through a generated go.mod.
A dependency that is replaced as a whole is named by `replace <path> => <relative path>` in go.mod itself.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox import registries
from sandbox.cache import ToolError
from sandbox.progress import step

_STUBS = "stubs"
_REQUIREMENT = re.compile(r"^(?:require)?\s+(\S+) v(\S+)", re.MULTILINE)
_LOCAL_REPLACEMENT = re.compile(r"=> (\.\S+)")


def required(directory: Path) -> dict[str, str]:
    """What the go.mod in `directory` requires: versions without the leading v, by module."""
    return dict(_REQUIREMENT.findall((directory / "go.mod").read_text()))


def sources(directory: Path) -> list[Path]:
    """Files of our own that take the place of a dependency's in the module in `directory`: part of what its builds are made from."""
    replaced = [directory / path for path in _LOCAL_REPLACEMENT.findall((directory / "go.mod").read_text())]
    stubs = [path for stub in (directory / _STUBS, *replaced) for path in sorted(stub.rglob("*")) if path.is_file()]
    return [path for path in stubs if not path.name.endswith("_test.go")]


def apply(directory: Path, into: Path, go: Path, environment: Mapping[str, str]) -> list[str]:
    """Flags of `go build` that make it use the stubs of the module in `directory`; the changed copies are put into `into`.

    ToolError when a dependency cannot be downloaded, or is not required, or has no directory that a stub is meant for.
    """
    stubs = directory / _STUBS
    if not stubs.is_dir():
        return []
    packages = sorted({path.parent.relative_to(stubs) for path in stubs.rglob("*.go")})
    modules = required(directory)
    replaced: dict[str, Path] = {}
    for package in packages:
        owner = max((path for path in modules if package.is_relative_to(path)), default=None)
        if owner is None:
            raise ToolError(f"{stubs / package}: go.mod requires no module with this package")
        if owner not in replaced:
            with step(f"copying {owner}"):
                replaced[owner] = _copy(owner, directory, into / str(len(replaced)), go, environment)
        target = replaced[owner] / package.relative_to(owner)
        if not target.is_dir():
            raise ToolError(f"{stubs / package}: {owner} has no such directory any more")
        shutil.rmtree(target)
        shutil.copytree(stubs / package, target)
    modfile = into / "go.mod"
    lines = [f"replace {path} => {copy}" for path, copy in replaced.items()]
    modfile.write_text("\n".join([(directory / "go.mod").read_text(), *lines, ""]))
    shutil.copy(directory / "go.sum", into / "go.sum")
    return [f"-modfile={modfile}"]


def _copy(module: str, directory: Path, into: Path, go: Path, environment: Mapping[str, str]) -> Path:
    """A writable copy of the module at the version that `directory` requires, without its tests."""
    command = [go, "mod", "download", "-json", module]
    answer = subprocess.run(command, check=False, capture_output=True, text=True, cwd=directory, env=environment)
    if answer.returncode != 0:
        reason = _reason(answer.stdout) or answer.stderr.strip()
        raise ToolError(f"{module} cannot be downloaded: {registries.problem(registries.GO, reason) or reason}; what was built stays")
    origin = json.loads(answer.stdout)["Dir"]
    # The files of Go's module cache are read-only: copyfile leaves their permissions behind.
    shutil.copytree(origin, into, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("*_test.go", "testdata", "docs"))
    for path in (into, *into.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return into


def _reason(answer: str) -> str:
    """What `go mod download -json` says about a module that it could not have; it is silent on its standard error then."""
    try:
        return str(json.loads(answer)["Error"])
    except (ValueError, KeyError):
        return ""
