"""The demo's container image. Its tag is a digest of its sources, so that changed code is a changed manifest and rolls out."""

from pathlib import Path

from sandbox.cache import digest

SOURCES = Path(__file__).parent / "service"


def reference() -> str:
    """The name of the image in manifests; made from the sources alone, so it is known before the image is built."""
    files = sorted(path for path in SOURCES.iterdir() if path.suffix in {".go", ".mod", ".sum"} and not path.name.endswith("_test.go"))
    return f"observability.local/demo:{digest(*(part for path in files for part in (path.name, path.read_bytes())))}"
