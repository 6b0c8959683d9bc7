"""``python -m bench [name...]``: run the benches named, or all of them, and print their figures."""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import cast

from bench.figures import Measure, Unavailable, table
from sandbox.cache import ToolError


def benches() -> dict[str, Measure]:
    """All benches by the name of their file."""
    modules = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if not module.name.startswith("__")]
    loaded = {name: importlib.import_module(f"bench.{name}") for name in modules}
    return {name: cast(Measure, module.measure) for name, module in loaded.items() if hasattr(module, "measure")}


def main(arguments: Sequence[str] | None = None, known: Mapping[str, Measure] | None = None) -> int:
    """Exit code 0 with figures, 1 when a bench that was asked for by name cannot run, 2 when there is no such bench."""
    known = benches() if known is None else known
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(known)}; none named: all of them")
    names: list[str] = parser.parse_args(arguments).names
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            print(f"error: there is no bench {name!r}" + (f": did you mean {near[0]!r}?" if near else ""), file=sys.stderr)
            return 2
    return max([run(name, known[name], wanted=bool(names)) for name in names or known], default=0)


def run(name: str, measure: Measure, *, wanted: bool) -> int:
    """Run one bench and print its figures; returns 1 when it cannot run although it was ``wanted`` by name, else 0."""
    try:
        print(table(name, list(measure(lambda text: print(f"{name}: {text}", file=sys.stderr, flush=True)))), flush=True)
    except (Unavailable, ToolError) as error:
        print(f"{name}: not measured: {error}", file=sys.stderr)
        return 1 if wanted else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
