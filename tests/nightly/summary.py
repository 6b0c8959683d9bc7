"""The summary of a nightly run: Markdown for people, JSON for programs. Both say which parts ran, how long, at which commit, and where."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from tests.nightly.outcome import Machine, Outcome
from tests.nightly.parts import PARTS, Part

JSON, MARKDOWN = "summary.json", "summary.md"

_LAST_LINES = 40
"""Of the output of a part that did not pass."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A nightly run, with the parts that were not asked for too."""

    commit: str
    started: datetime
    machine: Machine
    random_seed: int
    """For tests that choose by chance: `OBSERVABILITY_TEST_SEED=<this>` makes them choose the same again."""

    outcomes: Sequence[Outcome]

    @property
    def has_failed(self) -> bool:
        """Whether a part that began did not pass."""
        return any(outcome.result not in ("passed", "not run") for outcome in self.outcomes)


def write(run: Run, out: Path) -> None:
    """Write both into the directory of the logs."""
    (out / JSON).write_text(as_json(run))
    (out / MARKDOWN).write_text(as_markdown(run, out))


def as_json(run: Run) -> str:
    """For programs: a part's ``result`` is passed, failed, timed out, interrupted or not run."""
    known = {
        "commit": run.commit,
        "started": run.started.isoformat(timespec="seconds"),
        "machine": asdict(run.machine),
        "random_seed": run.random_seed,
        "seconds": round(sum(outcome.seconds for outcome in run.outcomes), 1),
        "cpu_seconds": round(sum(outcome.cpu_seconds for outcome in run.outcomes), 1),
        "parts": [asdict(outcome) for outcome in run.outcomes],
    }
    return json.dumps(known, indent=1) + "\n"


def as_markdown(run: Run, out: Path) -> str:
    """For people. Of parts that did not pass, the end of the output that is in ``out``."""
    return "\n".join(_lines(run, out)) + "\n"


def _lines(run: Run, out: Path) -> Iterator[str]:
    results = [outcome.result for outcome in run.outcomes]
    yield f"# Nightly: {', '.join(f'{results.count(result)} {result}' for result in dict.fromkeys(sorted(results)))}"
    yield ""
    yield f"- commit: {run.commit}"
    yield f"- started: {run.started:%Y-%m-%d %H:%M} UTC"
    yield f"- took: {_minutes(sum(one.seconds for one in run.outcomes))} min, {sum(one.cpu_seconds for one in run.outcomes):,.0f} CPU s"
    machine = run.machine
    yield f"- machine: {machine.cores} cores, {machine.memory_gib} GiB, {machine.system}, load {machine.load} before the first part"
    yield f"- choices by chance: `OBSERVABILITY_TEST_SEED={run.random_seed}` repeats them"
    yield ""
    yield "| part | result | min | expected | CPU s | load | what it proves |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    parts = {part.name: part for part in PARTS}
    for outcome in run.outcomes:
        yield _row(outcome, parts.get(outcome.part))
    for outcome in run.outcomes:
        if outcome.result not in ("passed", "not run"):
            yield f"\n## {outcome.part} {outcome.result}\n"
            yield f"{outcome.reason}. The end of `{outcome.part}.log`:\n"
            yield from (f"    {line}" for line in last_lines(out / f"{outcome.part}.log", _LAST_LINES).splitlines())
    for outcome in run.outcomes:
        if outcome.left:
            yield f"\n{outcome.part} left behind, and it was taken away: {', '.join(outcome.left)}"


def _row(outcome: Outcome, part: Part | None) -> str:
    expected, proves = (str(part.minutes), part.proves) if part else ("", "")
    if outcome.result == "not run":
        return f"| {outcome.part} | not run | | {expected} | | | {proves} |"
    took = f"{_minutes(outcome.seconds)} | {expected} | {outcome.cpu_seconds:,.0f} | {outcome.load}"
    return f"| {outcome.part} | {outcome.result} | {took} | {proves} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"


def last_lines(log: Path, count: int) -> str:
    """The end of a file; empty when there is none."""
    try:
        return "\n".join(log.read_text(errors="replace").rstrip().splitlines()[-count:])
    except OSError:
        return ""
