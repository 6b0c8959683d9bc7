"""A phase of `make test` that is one command: runs it, says what it cost, and fails when that is over its budget.

`python -m tests.session.phase lint -- ruff check .` ends with the command's exit code, or with 1 over the budget.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence

from sandbox import pace
from tests.session import costs


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.session.phase", description=__doc__)
    parser.add_argument("name", help="the phase, as budgets.yaml calls it")
    parser.add_argument("command", nargs="+", help="the command and its arguments, behind --")
    options = parser.parse_args(arguments)
    allowed = costs.budgets().get(options.name)
    if allowed is None:
        parser.error(f"{costs.BUDGETS.name} has no phase {options.name!r}; it has {', '.join(costs.budgets())}")
    meter = pace.Meter()
    meter.start()
    wall, cpu = time.monotonic(), costs.cpu_seconds()
    code = subprocess.run(options.command, check=False).returncode
    used, slowness = costs.cpu_seconds() - cpu, max(meter.end(), 1.0)
    print(
        f"{options.name}: {used:.1f} CPU s in {time.monotonic() - wall:.1f} s, {costs.limit(allowed, slowness)}, load {costs.load()}",
        file=sys.stderr,
    )
    if code == 0 and used > allowed * slowness:
        print(f"error: {options.name} took more CPU seconds than tests/session/{costs.BUDGETS.name} allows", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
