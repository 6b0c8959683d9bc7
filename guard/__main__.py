"""``python -m guard``: writes the digest of each image behind its tag, as its registry tells it, into ``configs/versions.yaml``."""

import sys
from pathlib import Path

from guard.registry import RegistryError, digest, pinned
from model.documents import read
from model.errors import InvalidConfiguration
from model.validation import validate
from model.versions import Versions

ROOT = Path(__file__).resolve().parent.parent
FILE = "configs/versions.yaml"


def main(root: Path = ROOT) -> int:
    """0 when every image has its digest; else 1, with all that is in the way, and the file as it was."""
    try:
        document = read(root, FILE)
        images = validate(Versions, document.content, file=document.file).by_component()
    except InvalidConfiguration as invalid:
        print(invalid, file=sys.stderr)
        return 1
    found: dict[str, str] = {}
    failed = False
    for reference in images.values():
        name, _, before = reference.partition("@")
        try:
            found[name] = digest(name)
        except RegistryError as error:
            print(error, file=sys.stderr)
            failed = True
            continue
        moved = before not in ("", found[name])
        print(f"{name}: {found[name]}" + (f"; the tag was moved, it was {before}: find out why before you deploy it" if moved else ""))
    if failed:
        print(f"{FILE} stays as it is", file=sys.stderr)
        return 1
    (root / FILE).write_text(pinned((root / FILE).read_text(), found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
