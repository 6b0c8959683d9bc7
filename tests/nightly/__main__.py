"""``python -m tests.nightly [part...]``: run parts of what is slow by nature, or all, one after another, and say what came of them."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from sandbox.progress import say
from tests.nightly.outcome import Outcome, commit, machine
from tests.nightly.parts import PARTS, Part
from tests.nightly.running import Stop, run
from tests.nightly.summary import Run, as_markdown, write

SEED = "OBSERVABILITY_TEST_SEED"
"""The number from which tests draw what they choose by chance."""


def main(words: Sequence[str] | None = None, parts: Sequence[Part] = PARTS) -> int:
    """Exit code 0 when all parts that were asked for passed, 1 when one did not, 2 when there is no such part, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="make nightly", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="part", help=f"{', '.join(part.name for part in parts)}; none named: all of them")
    parser.add_argument("--list", action="store_true", help="tell what each part proves and how long it takes, and run nothing")
    parser.add_argument("--out", type=Path, default=Path("out/nightly"), metavar="DIR", help="where summary and logs go (%(default)s)")
    asked = parser.parse_args(words)
    if asked.list:
        print("\n".join(f"{part.name:14}{part.minutes:3} min  {part.proves}" for part in parts))
        return 0
    known = [part.name for part in parts]
    names: list[str] = asked.names
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            print(f"error: there is no part {name!r}: {advice}", file=sys.stderr)
            return 2
    return _run(parts, names, asked.out.absolute())


def _run(parts: Sequence[Part], names: Sequence[str], out: Path) -> int:
    """Run the parts named, or all. The summary is written anew after each part, so it is there whatever happens."""
    out.mkdir(parents=True, exist_ok=True)
    started, before, at = datetime.now(UTC), machine(), commit()
    seed = int(os.environ.get(SEED) or f"{started:%Y%m%d}")
    outcomes = {part.name: Outcome(part=part.name, result="not run") for part in parts}
    wanted = [part for part in parts if not names or part.name in names]
    say(f"nightly: {len(wanted)} part(s), about {sum(part.minutes for part in wanted)} minutes on two idle cores; logs in {out}")
    result = Run(commit=at, started=started, machine=before, random_seed=seed, outcomes=list(outcomes.values()))
    with Stop() as stop:
        for part in wanted:
            if not stop.interrupted:
                say(f"{part.name}: about {part.minutes} minutes: {part.proves}")
                outcomes[part.name] = run(part, out, stop, {SEED: str(seed)})
                say(f"{part.name}: {outcomes[part.name].result} after {outcomes[part.name].seconds / 60:.1f} minutes")
                result = replace(result, outcomes=list(outcomes.values()))
                write(result, out)
    print(as_markdown(result, out), end="")
    if stop.interrupted:
        return 130
    return 1 if result.has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
