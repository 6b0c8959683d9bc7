"""Stand-ins for the official Pulumi provider plugins, for a network where those cannot be had.

They speak the same protocol, take the same configuration and plan the same replacements, for the kinds of resources that this project uses.
"""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

PROVIDERS: Final = ("kubernetes", "aws")
_ROOT: Final = Path(__file__).parents[2]


def install(bin_dir: Path, names: Sequence[str] = PROVIDERS) -> Path:
    """Writes what the engine looks for on PATH, `pulumi-resource-<name>` for these alone. Returns the directory."""
    shutil.rmtree(bin_dir, ignore_errors=True)
    bin_dir.mkdir(parents=True)
    for name in names:
        python, root = shlex.quote(sys.executable), shlex.quote(str(_ROOT))
        command = f'#!/bin/sh\nPYTHONPATH={root} exec {python} -P -m sandbox.providers.{name} "$@"\n'
        launcher = bin_dir / f"pulumi-resource-{name}"
        launcher.write_text(command)
        launcher.chmod(0o755)
    return bin_dir
