"""What becomes of changes that could lose something: refused, or knowingly accepted by their line."""

from collections.abc import Iterable
from dataclasses import dataclass

from guard.change import Change


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The changes, and the acceptances of an environment, sorted out."""

    refused: tuple[Change, ...]
    accepted: tuple[Change, ...]
    unused: tuple[str, ...]
    """Acceptances that are about nothing (any more)."""

    def refusal(self, file: str) -> str:
        """What is told where something is refused: each change with its reason and its way out, and how to accept it in ``file``."""
        listed = "\n".join(f"  {change}" for change in self.refused)
        lines = "\n".join(f"    - {_quoted(change.line)}" for change in self.refused)
        return (
            f"the guard refuses {len(self.refused)} change{'s' if len(self.refused) > 1 else ''} that could lose something:\n{listed}\n"
            f"what is meant all the same is accepted by its line, in {file} (docs/decisions/0013-change-guard.md):\n"
            f"  observability:accept:\n{lines}"
        )

    def warnings(self) -> tuple[str, ...]:
        """What is told where nothing is refused."""
        return (
            *(f"accepted: {change.line}: {change.why}" for change in self.accepted),
            *(f"observability:accept: {_quoted(line)} is about nothing in this deployment; remove it" for line in self.unused),
        )


def judge(changes: Iterable[Change], accepted: Iterable[str]) -> Verdict:
    """Sorts changes by whether one of the ``accepted`` lines is theirs. A change that two facts tell is told once."""
    lines = [" ".join(line.split()) for line in accepted]
    found = {change.line: change for change in changes}
    return Verdict(
        refused=tuple(change for line, change in found.items() if line not in lines),
        accepted=tuple(change for line, change in found.items() if line in lines),
        unused=tuple(line for line in dict.fromkeys(lines) if line not in found),
    )


def _quoted(line: str) -> str:
    """The line as YAML takes it."""
    return "'" + line.replace("'", "''") + "'"
