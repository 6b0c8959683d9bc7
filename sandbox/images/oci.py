"""Container images without Docker or a registry: an OCI layout of one layer in one tar file, the same bytes for the same content."""

import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from model.versions import image_version

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MEDIA = "application/vnd.oci.image"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing in an image's file system; directories above it come by themselves."""

    path: str
    """Absolute path in the image."""
    content: bytes | Path | None = None
    """A file's content, or the file to copy; a directory or link has none."""
    link: str = ""
    """Target of a symbolic link."""
    mode: int = 0o644
    owner: int = 0
    """User and group id."""

    def identity(self) -> str:
        """Changes whenever the content may have: copied files count by path, size and modification time."""
        if isinstance(self.content, Path):
            state = self.content.stat()
            content = f"{self.content} {state.st_size} {state.st_mtime_ns}"
        else:
            content = repr(self.content)
        return f"{self.path} {self.link} {self.mode:o} {self.owner} {content}"


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """How a container of the image runs, unless its manifest says otherwise."""

    entrypoint: tuple[str, ...]
    command: tuple[str, ...] = ()
    user: str = ""
    directory: str = "/"
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])

    def document(self) -> dict[str, object]:
        """The `config` part of the image's configuration."""
        environment = {"PATH": _PATH, **self.environment}
        return {
            "Entrypoint": list(self.entrypoint),
            **({"Cmd": list(self.command)} if self.command else {}),
            "User": self.user,
            "WorkingDir": self.directory,
            "Env": [f"{name}={value}" for name, value in environment.items()],
            "Labels": dict(self.labels),
        }


def write(archive: Path, reference: str, configuration: Configuration, entries: Sequence[Entry]) -> None:
    """Write the image to the file `archive`; importing it gives it the name `reference`."""
    layer = archive.with_suffix(".layer")
    _write_layer(layer, entries)
    layer_digest = _sha256(layer)
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    config = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "config": configuration.document(),
            "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
        }
    )
    layers = [{"mediaType": f"{_MEDIA}.layer.v1.tar", "digest": layer_digest, "size": layer.stat().st_size}]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": f"{_MEDIA}.manifest.v1+json",
            "config": _descriptor("config", config),
            "layers": layers,
            "annotations": dict(configuration.labels),
        }
    )
    names = {"io.containerd.image.name": name_on_node(reference), "org.opencontainers.image.ref.name": image_version(reference)}
    index = _json({"schemaVersion": 2, "manifests": [{**_descriptor("manifest", manifest), "annotations": names}]})
    with tarfile.open(archive, "w") as tar:
        for name, content in (("oci-layout", _json({"imageLayoutVersion": "1.0.0"})), ("index.json", index)):
            _add(tar, Entry(path=name, content=content))
        for content in (config, manifest):
            _add(tar, Entry(path=_blob(_digest(content)), content=content))
        _add(tar, Entry(path=_blob(layer_digest), content=layer))
    layer.unlink()


def name_on_node(reference: str) -> str:
    """What containerd must call an image so that the kubelet finds it: one with a digest is asked for without its tag.

    Our own builds go by the digest of the real image too: that is a name here, and nothing compares it with the content.
    """
    name, _, digest = reference.partition("@")
    return f"{name.rpartition(':')[0]}@{digest}" if digest else reference


def _write_layer(file: Path, entries: Sequence[Entry]) -> None:
    wanted = {entry.path: entry for entry in entries}
    for path in list(wanted):
        for above in PurePosixPath(path).parents:
            if str(above) != "/" and str(above) not in wanted:
                wanted[str(above)] = Entry(path=str(above), mode=0o755)
    with tarfile.open(file, "w") as tar:
        for path in sorted(wanted):
            _add(tar, wanted[path])


def _add(tar: tarfile.TarFile, entry: Entry) -> None:
    """Add an entry with nothing in it that depends on when or by whom it was made."""
    info = tarfile.TarInfo(entry.path.lstrip("/"))
    info.mode = entry.mode
    info.uid = info.gid = entry.owner
    if entry.link:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        tar.addfile(info)
    elif entry.content is None:
        info.type = tarfile.DIRTYPE
        tar.addfile(info)
    elif isinstance(entry.content, bytes):
        info.size = len(entry.content)
        tar.addfile(info, io.BytesIO(entry.content))
    else:
        info.size = entry.content.stat().st_size
        with entry.content.open("rb") as source:
            tar.addfile(info, source)


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _descriptor(kind: str, content: bytes) -> dict[str, object]:
    return {"mediaType": f"{_MEDIA}.{kind}.v1+json", "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return f"sha256:{hashlib.file_digest(source, 'sha256').hexdigest()}"


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
