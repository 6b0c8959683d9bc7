"""Putting container images into an instance's containerd."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.cluster.progress import step
from sandbox.toolchain import tool

_PINNED = "io.cri-containerd.pinned=pinned"


def load(instance: Instance, archives: Mapping[str, Path]) -> list[str]:
    """Import the archives (image reference to OCI archive) that are not in the instance yet, and return their references.

    An archive's path changes with its content, so the path tells whether an image of that name is the same one.
    """
    record = instance.state / "images.json"
    loaded: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    present = set(_ctr(instance, "images", "list", "--quiet").split())
    wanted = [name for name, path in archives.items() if name not in present or loaded.get(name) != str(path)]
    for name in wanted:
        with step(f"image {name}"):
            _ctr(instance, "images", "import", str(archives[name]))
            _ctr(instance, "images", "label", name, _PINNED)  # there is nowhere to fetch it from again
        loaded[name] = str(archives[name])
        record.write_text(json.dumps(loaded, indent=1))
    return wanted


def pull(instance: Instance, names: list[str]) -> None:
    """Fetch images from their registries. The client does it from the host's network, since the node has no way out."""
    present = set(_ctr(instance, "images", "list", "--quiet").split())
    for name in names:
        if name not in present:
            with step(f"image {name}, from its registry"):
                _ctr(instance, "images", "pull", name)


def _ctr(instance: Instance, *arguments: str) -> str:
    command = [str(tool("ctr")), "--address", str(instance.containerd_socket), "--namespace", "k8s.io", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"`ctr {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout
