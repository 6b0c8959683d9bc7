"""``python -m tests.faults [name...]``: applies each deliberate fault to a copy of the tree, and runs the tests that must catch it."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from sandbox.progress import say, step
from tests.faults.fault import Fault, FaultError, broken, copy, failing
from tests.faults.faults import FAULTS
from tests.tiers import ROOT, TIERS, all_tests


def main(words: Sequence[str] | None = None, faults: Sequence[Fault] = FAULTS, root: Path = ROOT) -> int:
    """Exit code 0 when every fault that was asked for is caught, 1 when one is not or cannot be tried, 2 when there is no such fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help="only these faults; none named: all of them")
    parser.add_argument("--tier", choices=TIERS, help="only those that tests of this tier catch")
    parser.add_argument("--list", action="store_true", help="tell which faults there are, and run nothing")
    asked = parser.parse_args(words)
    known = {fault.name: fault for fault in faults}
    names: list[str] = asked.names
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            print(f"error: there is no fault {name!r}{f': did you mean {near[0]!r}?' if near else ''}", file=sys.stderr)
            return 2
    chosen = [fault for name, fault in known.items() if not names or name in names]
    if asked.tier:
        chosen = [fault for fault in chosen if any(asked.tier in all_tests().get(test, ()) for test in fault.caught_by)]
    if asked.list:
        print("\n".join(f"{fault.name:48}{fault.file:44}{fault.breaks}" for fault in chosen))
        return 0
    with tempfile.TemporaryDirectory(prefix="observability-faults-") as directory:
        return _try(chosen, copy(root, Path(directory)))


def _try(faults: Sequence[Fault], tree: Path) -> int:
    """First the tests in the tree as it is: what fails there catches nothing."""
    tests = tuple(dict.fromkeys(test for fault in faults for test in fault.caught_by))
    try:
        with step(f"{len(tests)} tests without any fault"):
            before = failing(tree, tests, all_of_them=True)
    except FaultError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if before.tests:
        print(before.output, "error: these fail without any fault, so they show nothing:", *before.tests, sep="\n", file=sys.stderr)
        return 1
    missed = [fault.name for number, fault in enumerate(faults, 1) if not _caught(fault, tree, f"{number} of {len(faults)}")]
    print(f"{len(faults) - len(missed)} of {len(faults)} faults are caught{'; not caught: ' if missed else ''}{'; '.join(missed)}")
    return 1 if missed else 0


def _caught(fault: Fault, tree: Path, position: str) -> bool:
    begin = time.monotonic()
    try:
        with broken(tree, fault):
            found = failing(tree, fault.caught_by).tests
    except FaultError as error:
        say(f"{position}: error: {error}")
        return False
    told = f"caught by {', '.join(found)}" if found else f"NOT CAUGHT by {', '.join(fault.caught_by)}"
    say(f"{position}: {time.monotonic() - begin:5.1f} s  {fault.name} ({fault.file}): {told}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
