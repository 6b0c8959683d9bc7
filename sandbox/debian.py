"""Programs from the Debian packages of this release, unpacked into the cache; nothing is installed on the system."""

import os
import platform
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sandbox import registries
from sandbox.cache import ToolError, digest, publish, root
from sandbox.inventory import DEBIAN_PROGRAMS, DebianPackages, DebianProgram
from sandbox.progress import run

_LAYOUT = "1"
"""Raised when the wrappers are written differently."""


def unpacked(packages: DebianPackages) -> Path:
    """Directory with `files/` (the packages' content), `bin/` (a wrapper for each program) and `version`.

    ToolError when this is no Debian, a package cannot be had, its version does not fit or a library is missing.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ToolError(
            f"{packages.name} {packages.proven} is not on PATH, and this machine has no apt-get to fetch it with: "
            f"install it (Debian calls it {packages.packages[0]})"
        )
    entry = root() / "debian" / packages.name / _key(packages)
    return publish(entry, packages.name, lambda directory, lock: _unpack(packages, directory, entry, lock))


def program(wanted: DebianProgram) -> Path:
    """Path of the program's wrapper, ready to run."""
    return unpacked(wanted.origin) / "bin" / wanted.name


def version(packages: DebianPackages) -> str:
    """Upstream version of what was unpacked."""
    return (unpacked(packages) / "version").read_text().strip()


def library_directories(files: Path) -> list[Path]:
    """Where the shared libraries of packages unpacked in `files` are."""
    triple = f"{platform.machine()}-linux-gnu"
    return [files / "usr/lib" / triple, files / "lib" / triple]


def _key(packages: DebianPackages) -> str:
    wrappers = [repr(each) for each in DEBIAN_PROGRAMS if each.origin is packages]
    release = platform.freedesktop_os_release()
    return digest(_LAYOUT, repr(packages), *wrappers, release.get("ID", ""), release.get("VERSION_ID", ""), platform.machine())


def _unpack(packages: DebianPackages, directory: Path, final: Path, lock: int) -> None:
    files = directory / "files"
    archives = _download(packages, directory / "archives", lock)
    for archive in archives:
        subprocess.run(["dpkg-deb", "-x", archive, files], check=True)
    found = _upstream(_field(_archive_of(packages.packages[0], archives), "Version"))
    if not found.startswith(packages.accept):
        raise ToolError(
            f"{packages.name}: this Debian has version {found}, needed is one that begins with {' or '.join(packages.accept)} "
            f"(tried with {packages.proven}): put a fitting one on PATH"
        )
    (directory / "version").write_text(found + "\n")
    shutil.rmtree(directory / "archives")
    (directory / "bin").mkdir()
    for each in DEBIAN_PROGRAMS:
        if each.origin is packages:
            _check_libraries(each, files)
            wrapper = directory / "bin" / each.name
            wrapper.write_text(_wrapper(each, final))
            wrapper.chmod(0o755)


def _download(packages: DebianPackages, into: Path, lock: int) -> list[Path]:
    """Fetch the packages with package lists of our own, so that neither root nor a change of the system is needed."""
    into.mkdir()
    state = root() / "apt"
    (state / "lists/partial").mkdir(parents=True, exist_ok=True)
    (state / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    options = ["-o", f"Dir::State::Lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}", "-o", "APT::Sandbox::User="]

    def apt(what: str, *arguments: str) -> bool:
        command = ["apt-get", "--quiet", *options, *arguments]
        return run(f"{packages.name}: {what}", command, log=log, cwd=into, environment={**os.environ, "LC_ALL": "C"}, keep=[lock]) == 0

    log = root() / "log" / f"{packages.name}.log"
    have_lists = any((state / "lists").glob("*Packages*"))
    if have_lists and apt("downloading Debian packages", "download", *packages.packages):
        return sorted(into.glob("*.deb"))
    if apt("updating Debian package lists", "update", "--error-on=any") and apt(
        "downloading Debian packages", "download", *packages.packages
    ):
        return sorted(into.glob("*.deb"))
    written = log.read_text(errors="replace")
    last = [line for line in written.splitlines() if line.startswith(("E:", "W:"))]
    why = registries.problem(registries.DEBIAN, written) or " ".join(last[-3:]) or "see the log"
    raise ToolError(f"{packages.name}: its Debian packages cannot be had: {why}; what was built stays (log: {log})")


def _archive_of(package: str, archives: Sequence[Path]) -> Path:
    return next(archive for archive in archives if archive.name.startswith(f"{package}_"))


def _field(archive: Path, name: str) -> str:
    return subprocess.run(["dpkg-deb", "-f", archive, name], check=True, capture_output=True, text=True).stdout.strip()


def _upstream(debian_version: str) -> str:
    """`5:7.0.15-1~deb12u10` is upstream's 7.0.15."""
    found = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", debian_version)
    return found[1] if found else debian_version


def _check_libraries(wanted: DebianProgram, files: Path) -> None:
    searched = os.pathsep.join(str(directory) for directory in library_directories(files))
    listing = subprocess.run(
        ["ldd", files / wanted.path], check=False, capture_output=True, text=True, env={**os.environ, "LD_LIBRARY_PATH": searched}
    )
    missing = [line.split()[0] for line in listing.stdout.splitlines() if "not found" in line]
    if missing:
        raise ToolError(
            f"{wanted.name}: this system lacks the shared libraries {', '.join(missing)}: install the Debian packages with them"
        )


def _wrapper(wanted: DebianProgram, final: Path) -> str:
    """A script that starts the program from its final place; what it starts by name (containerd its shim) is wrapped too."""
    files = final / "files"
    libraries = os.pathsep.join(str(directory) for directory in library_directories(files))
    plugins = library_directories(files)[0] / "xtables"
    command = shlex.join([str(files / wanted.path), *wanted.arguments])
    return (
        "#!/bin/sh\n"
        f"PATH={shlex.quote(str(final / 'bin'))}:$PATH\n"
        f"LD_LIBRARY_PATH={shlex.quote(libraries)}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}\n"
        f"XTABLES_LIBDIR={shlex.quote(str(plugins))}\n"
        "export PATH LD_LIBRARY_PATH XTABLES_LIBDIR\n"
        f'exec {command} "$@"\n'
    )
