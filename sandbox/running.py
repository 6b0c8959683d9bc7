"""Whether programs run with the configuration that was deployed: what each says that it has loaded, against what the state declares.

A program adds its defaults and writes values its own way, so what was declared is looked for in what is loaded, value by value.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import yaml

from model.namespaces import NAMESPACE
from sandbox.kube import Kube

_MASKED = ("<secret>", "********")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kMG]?i?B)", re.IGNORECASE)
_VARIABLE = re.compile(r"\\\$\\\{\w+\\\}")  # of the environment, escaped
_UNORDERED = "matchers"
"""Ends the names of lists whose order means nothing; Alertmanager writes them sorted."""
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


@dataclass(frozen=True, kw_only=True)
class Running:
    """A value with which a program does not run as it was deployed."""

    program: str
    path: str
    declared: str
    loaded: str

    def __str__(self) -> str:
        return f"running: {self.program} has {self.path}: {self.loaded}, deployed is {self.declared}"


def running(kube: Kube, declared: Mapping[tuple[str, str], Mapping[str, str]]) -> tuple[Running, ...]:
    """What differs from ``declared``, the data of the deployed ConfigMaps by namespace and name. KubeError when a program is silent."""
    found: list[Running] = []
    for program, (file, ask) in PROGRAMS.items():
        texts = declared.get((NAMESPACE, f"{program}-config"))
        if texts is not None:
            wanted, loaded = (cast(object, yaml.safe_load(text)) for text in (texts[file], ask(kube)))
            found += [Running(program=program, path=path, declared=a, loaded=b) for path, a, b in differences(wanted, loaded)]
    return tuple(found)


def differences(declared: object, loaded: object, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Where something declared is not loaded as it is: path, declared and loaded value. What is only loaded is a default."""
    match declared, loaded:
        case dict(), dict() | None:
            have = cast("dict[str, object]", loaded or {})
            for key, value in cast("dict[str, object]", declared).items():
                yield from differences(value, have.get(key), f"{path}.{key}".lstrip("."))
        case list(), str():
            yield from differences(cast("list[object]", declared), [loaded], path)
        case list(), list():
            wanted, have = cast("list[object]", declared), cast("list[object]", loaded)
            if path.endswith(_UNORDERED):
                wanted, have = sorted(wanted, key=str), sorted(have, key=str)
            if len(wanted) != len(have):
                yield path, f"{len(wanted)} entries", f"{len(have)} entries"
            for index, (one, other) in enumerate(zip(wanted, have, strict=False)):
                yield from differences(one, other, f"{path}[{index}]")
        case _:
            if loaded not in _MASKED and not _same(declared, loaded):
                yield path, str(declared), "nothing" if loaded is None else str(loaded)


def _same(declared: object, loaded: object) -> bool:
    """Whether two values mean the same.

    A program leaves out what is empty or false, writes 48h0m0s for 2d, fills in the environment, and knows where its files are.
    """
    if (not declared and not loaded) or declared == loaded:
        return True
    wanted, have = str(declared), str(loaded)
    filled = re.fullmatch(_VARIABLE.sub(".+", re.escape(wanted)), have)
    return bool(filled) or have.endswith(f"/{wanted}") or _meaning(wanted) == _meaning(have)


def _meaning(text: str) -> str | float:
    if text and not _SIZE.sub("", text):
        return sum(float(count) * _BYTES[unit.lower().removesuffix("b").removesuffix("i")] for count, unit in _SIZE.findall(text))
    if text and not _DURATION.sub("", text):
        return sum(float(count) * _SECONDS[unit] for count, unit in _DURATION.findall(text))
    try:
        return float(text)
    except ValueError:
        return text


def _prometheus(kube: Kube) -> str:
    return str(kube.service(NAMESPACE, "prometheus", "http", "api/v1/status/config")["data"]["yaml"])


def _alertmanager(kube: Kube) -> str:
    return str(kube.service(NAMESPACE, "alertmanager", "http", "api/v2/status")["config"]["original"])


def _loki(kube: Kube) -> str:
    return kube.text(f"/api/v1/namespaces/{NAMESPACE}/services/loki:http/proxy/config")


PROGRAMS: Mapping[str, tuple[str, Callable[[Kube], str]]] = {
    "prometheus": ("prometheus.yml", _prometheus),
    "alertmanager": ("alertmanager.yml", _alertmanager),
    "loki": ("loki.yaml", _loki),
}
"""The file of each program's ConfigMap that it runs with, and how it is asked for what it has loaded."""
