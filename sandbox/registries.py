"""Why a registry did not deliver, in one line, read from what its client wrote. Needs nothing but the standard library."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Registry:
    """A registry, and how the client of its packages writes about one of them."""

    name: str
    setting: str
    """Where another address is set."""
    package: str
    """Regular expression whose group that matches is the package that a line is about."""


GO = Registry("the Go module proxy", "GOPROXY", r"(?:^|[\s(])([\w.~-]+(?:/[\w.~+-]+)*@v[\w.+-]+)")
PYPI = Registry(
    "the Python package index",
    "PIP_INDEX_URL or pip.conf",
    r"No matching distribution found for (\S+)|the requirement (\S+)|/([\w.+-]+\.(?:whl|tar\.gz))|/simple/([\w.-]+)/",
)
DEBIAN = Registry("the Debian mirror", "/etc/apt/sources.list", r"Unable to locate package (\S+)|Failed to fetch \S+/(\S+)")
MAVEN = Registry("Maven Central", "~/.m2/settings.xml", r"((?:[\w.-]+:){3}[\w.]+)")

_SILENT = re.compile(
    r"no such host|connection refused|network is unreachable|no route to host|i/o timeout|\btimed out\b|Client\.Timeout|name resolution"
    r"|name or service not known|could not resolve|unknown host|could not connect|unable to connect|failed to establish a new connection",
    re.IGNORECASE,
)
_STATUS = re.compile(r"(?:status code:|HTTP error|[:\s]) ?((?:40[1347]|410|429|451|50[0234])(?: +[A-Z][a-z]+)*)(?=,|$| while| \[)")
_NOT_GENUINE = "DO NOT MATCH THE HASHES"
_NOT_THERE = re.compile(r"not available|no matching distribution|unable to locate package|could not find artifact", re.IGNORECASE)


def problem(registry: Registry, output: str) -> str | None:
    """What is wrong with the registry and what to do, in one line; None when its client's output is about something else."""
    if _NOT_GENUINE in output:  # pip may have warned before of answers that came at its second try
        return None
    lines = output.splitlines()
    advice = f"or set another address in {registry.setting}"
    for line in lines:
        if silent := _SILENT.search(line):
            return f"{registry.name} does not answer ({silent[0].lower()}): connect this machine, {advice}"
    for line in lines:
        if refused := _STATUS.search(line):
            return f"{registry.name} refuses {_package(registry, line)} ({' '.join(refused[1].split())}): have it allowed there, {advice}"
    for line in lines:
        if absent := _NOT_THERE.search(line):
            return f"{registry.name} does not have {_package(registry, line)} ({absent[0].lower()}): have it added there, {advice}"
    return None


def _package(registry: Registry, line: str) -> str:
    found = re.search(registry.package, line)
    return next(group for group in found.groups() if group) if found else "a package"
