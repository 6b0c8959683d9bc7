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

    optional: bool = False
    """Whether there are environments without such files."""


CHECKERS = (
    Checker(program="promtool", arguments=("check", "config", "--syntax-only"), files="prometheus/prometheus.yml"),
    Checker(program="promtool", arguments=("check", "rules", "--lint=all", "--lint-fatal"), files="prometheus/rules/*.yaml"),
    Checker(program="amtool", arguments=("check-config",), files="alertmanager/alertmanager.yml"),
    Checker(program="loki", arguments=("-verify-config", "-target=all", "-config.file"), files="loki/loki.yaml", optional=True),
    Checker(program="lokitool", arguments=("rules", "check"), files="loki/rules/*.yaml", optional=True),
    Checker(program="promtail", arguments=("-check-syntax", "-config.file"), files="promtail/promtail.yaml", optional=True),
    # The syntax check looks at no stage of the pipeline; a run without a single line puts all of them together.
    Checker(
        program="promtail",
        arguments=("-dry-run", "-stdin", "-server.disable", "-config.file"),
        files="promtail/promtail.yaml",
        optional=True,
    ),
    Checker(program="jaeger", arguments=("validate", "--config"), files="jaeger/jaeger.yaml", optional=True),
    # What is there in its pod alone is said to be elsewhere.
    Checker(
        program="otelcol-contrib",
        arguments=(
            "validate",
            "--set=receivers.elasticsearch.password=none",
            "--set=extensions.file_storage.directory=.",
            "--set=extensions.file_storage.compaction.directory=.",
            "--config",
        ),
        files="collector/collector.yaml",
        optional=True,
    ),
)
"""All of them."""


def program_findings(directory: Path, find: Callable[[str], str | None] = shutil.which) -> list[Finding]:
    """What the programs refuse of the rendered ``directory``; a program that is not there is a finding too, as nothing was proven."""
    found: list[Finding] = []
    for checker in CHECKERS:
        files = sorted(str(path.relative_to(directory)) for path in directory.glob(checker.files))
        if checker.optional and not files:
            continue
        program = find(checker.program)
        if program is None:
            found.append(Finding(file=checker.files, problem=f"not checked: {checker.program} is not on the PATH"))
            continue
        command = [program, *checker.arguments, *files]
        result = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            said = " ".join(f"{result.stdout} {result.stderr}".split())
            found.append(Finding(file=checker.files, problem=f"{checker.program} refuses it: {said}"))
    return found
