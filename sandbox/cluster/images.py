"""Putting container images into an instance's containerd: the real ones where their registry can be reached, our own builds otherwise."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from guard.registry import HOSTS
from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.images import Image, build, name_on_node, references, stand_ins
from sandbox.images import programs as contained
from sandbox.network_check import reachable
from sandbox.progress import note, step
from sandbox.toolchain import tool

LATER = ("loki", "loki-canary", "promtail", "alloy", "elasticsearch", "jaeger", "opentelemetry-collector")
"""Images of logs and traces, whose programs take half of the time that building takes: dashboards can serve before."""

_PULLED = "its registry"


def programs(names: Iterable[str]) -> list[str]:
    """The programs that the images `names` are made of, without those whose registry can be asked instead."""
    return [program for name, has_registry in _have_registry(names).items() if not has_registry for program in contained(name)]


def plan(names: Iterable[str]) -> dict[str, Image | None]:
    """Each of the images, its programs built if need be, or None where its registry can be asked instead, by reference."""
    return {
        references()[name]: None if has_registry else build(name, references()[name])
        for name, has_registry in _have_registry(names).items()
    }


def _have_registry(names: Iterable[str]) -> dict[str, bool]:
    hosts = {name: _host(references()[name]) for name in names}
    open_hosts = reachable(hosts.values())
    return {name: open_hosts[host] for name, host in hosts.items()}


def provide(instance: Instance, planned: Mapping[str, Image | None]) -> None:
    """Put the planned images into the instance, those that are not there; a registry that fails after all is done without."""
    ours = [image for image in planned.values() if image]
    names = {reference: name for name, reference in references().items()}
    for reference in [reference for reference, image in planned.items() if not image]:
        if not _pull(instance, reference):
            ours.append(build(names[reference], reference))
    load(instance, ours)
    # Pods run from what was unpacked: the archives of the layers would take as much again. An image that is imported anew brings its own.
    _ctr(instance, "content", "prune", "references")


def load(instance: Instance, images: Iterable[Image]) -> list[str]:
    """Import the images that are not in the instance yet, or are there with other content, and return their references."""
    known, present = _sources(instance), _present(instance)
    wanted = [image for image in images if name_on_node(image.reference) not in present or known.get(image.reference) != image.identity]
    for image in wanted:
        with step(f"image {image.reference}"), TemporaryDirectory(dir=instance.state / "tmp") as directory:
            archive = Path(directory, "image.tar")
            image.write(archive)
            _ctr(instance, "images", "import", str(archive))
        _record(instance, image.reference, image.identity)
    return [image.reference for image in wanted]


def in_place(instance: Instance) -> dict[str, str]:
    """What takes the place of images in the instance, by reference, because no registry could be reached."""
    known = _sources(instance)
    return {reference: what for reference, what in stand_ins().items() if known.get(reference, _PULLED) != _PULLED}


def built(instance: Instance) -> list[str]:
    """The programs in those images of the instance that are builds of our own."""
    known = _sources(instance)
    return [program for name, reference in references().items() if known.get(reference, _PULLED) != _PULLED for program in contained(name)]


def _pull(instance: Instance, reference: str) -> bool:
    """Fetch an image if it is not there. The client does it from the host's network, since the node has no way out."""
    if _sources(instance).get(reference) == _PULLED and name_on_node(reference) in _present(instance):
        return True
    try:
        with step(f"image {reference}, from its registry"):
            _ctr(instance, "images", "pull", name_on_node(reference))
    except ClusterError as error:
        note(f"{error}\nso our own build takes its place")
        return False
    _record(instance, reference, _PULLED)
    return True


def _record(instance: Instance, reference: str, source: str) -> None:
    # There is nowhere for the node to fetch it from again, so it must not be collected as garbage.
    _ctr(instance, "images", "label", name_on_node(reference), "io.cri-containerd.pinned=pinned")
    (instance.state / "images.json").write_text(json.dumps({**_sources(instance), reference: source}, indent=1))


def _sources(instance: Instance) -> dict[str, str]:
    """Where each image came from: the identity of one of ours, or its registry."""
    record = instance.state / "images.json"
    return json.loads(record.read_text()) if record.exists() else {}


def _present(instance: Instance) -> set[str]:
    return set(_ctr(instance, "images", "list", "--quiet").split())


def _host(reference: str) -> str:
    registry = reference.partition("/")[0]
    return HOSTS.get(registry, registry)


def _ctr(instance: Instance, *arguments: str) -> str:
    command = [str(tool("ctr")), "--address", str(instance.containerd_socket), "--namespace", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"`ctr {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout
