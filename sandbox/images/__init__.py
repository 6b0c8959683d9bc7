"""Container images of the sandbox: built from our own programs under the very names that the manifests use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import yaml

from model.versions import image_version
from sandbox import gobuild
from sandbox.cache import ToolError, digest
from sandbox.demo import image as demo
from sandbox.images.oci import Configuration, Entry, name_on_node, write
from sandbox.images.recipes import PLACEHOLDER_LABEL, by_name
from sandbox.inventory import GO_PROGRAMS

__all__ = ["COREDNS", "PAUSE", "PLACEHOLDER_LABEL", "Image", "build", "name_on_node", "programs", "references", "stand_ins"]

_VERSIONS = Path(__file__).resolve().parents[2] / "configs/versions.yaml"


COREDNS = "registry.k8s.io/coredns/coredns:v" + gobuild.version(next(program for program in GO_PROGRAMS if program.name == "coredns"))
PAUSE = "registry.k8s.io/pause:3.6"


@cache
def references() -> dict[str, str]:
    """Image reference by name: every component of configs/versions.yaml, then what the sandbox itself needs."""
    document = cast("dict[str, dict[str, str]]", yaml.safe_load(_VERSIONS.read_text()))
    return {
        **document["images"],
        "pause": PAUSE,
        "coredns": COREDNS,
        "redis": "docker.io/library/redis:7.0",
        "postgres": "docker.io/library/postgres:15",
        "demo": demo.reference(),
    }


def programs(name: str) -> tuple[str, ...]:
    """The programs in the image `name` that may have to be compiled for minutes."""
    return by_name(references())[name].programs


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image whose programs are there."""

    reference: str
    """The name under which it is imported."""
    identity: str
    """Changes with the content."""
    configuration: Configuration
    entries: Sequence[Entry]

    def write(self, archive: Path) -> None:
        """Write it to the file `archive`: an OCI layout in a tar file. It is quickly made again, so none is kept: they take a gigabyte."""
        write(archive, self.reference, self.configuration, self.entries)


def build(name: str, reference: str) -> Image:
    """The image `name`, to be imported as `reference`; its programs are built if need be.

    ToolError when there is no such image or its programs cannot be had.
    """
    known = by_name(references())
    if name not in known:
        raise ToolError(f"there is no recipe for the image {name!r}; there are {', '.join(known)}")
    recipe = known[name]
    entries = recipe.content(image_version(reference))
    identity = digest(reference, repr(recipe.configuration.document()), *(entry.identity() for entry in entries))
    return Image(reference=reference, identity=identity, configuration=recipe.configuration, entries=entries)


def stand_ins() -> dict[str, str]:
    """What takes the place of images that cannot be made of the real programs, by reference."""
    known = by_name(references())
    return {reference: known[name].instead for name, reference in references().items() if known[name].instead}
