"""Documents: what a program is configured with, as plain data or as text by path."""

import hashlib
from collections.abc import Mapping

Document = dict[str, object]
"""A mapping of a YAML document."""


def checksum(files: Mapping[str, str]) -> str:
    """A short fingerprint of plain configuration files. Never of secrets: it can be read by everybody who sees the pod."""
    text = "\0".join(f"{name}\0{files[name]}" for name in sorted(files))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def under(folder: str, documents: Mapping[str, str]) -> dict[str, str]:
    """The documents directly in ``folder`` by file name: what one ConfigMap holds."""
    prefix = f"{folder}/"
    names = (path.removeprefix(prefix) for path in documents if path.startswith(prefix))
    return {name: documents[prefix + name] for name in sorted(names) if "/" not in name}
