"""What the programs themselves say about the documents that they would be given."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import Finding


@dataclass(frozen=True, kw_only=True)
class Checker:
    """A program that can check documents."""

    program: str
    """Its name on the PATH."""

    arguments: Sequence[str]
    """What it is told before the files."""

    files: str
    """The files that it is given, as a pattern within the rendered directory."""


CHECKERS = (
    Checker(program="promtool", arguments=("check", "config", "--syntax-only"), files="prometheus/prometheus.yml"),
    Checker(program="promtool", arguments=("check", "rules", "--lint=all", "--lint-fatal"), files="prometheus/rules/*.yaml"),
    Checker(program="amtool", arguments=("check-config",), files="alertmanager/alertmanager.yml"),
)
"""All of them."""


def program_findings(directory: Path, find: Callable[[str], str | None] = shutil.which) -> list[Finding]:
    """What the programs refuse of the rendered ``directory``; a program that is not there is a finding too, as nothing was proven."""
    found: list[Finding] = []
    for checker in CHECKERS:
        program = find(checker.program)
        if program is None:
            found.append(Finding(file=checker.files, problem=f"not checked: {checker.program} is not on the PATH"))
            continue
        files = sorted(str(path.relative_to(directory)) for path in directory.glob(checker.files))
        result = subprocess.run([program, *checker.arguments, *files], cwd=directory, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            said = " ".join(f"{result.stdout} {result.stderr}".split())
            found.append(Finding(file=checker.files, problem=f"{checker.program} refuses it: {said}"))
    return found
