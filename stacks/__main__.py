"""``python -m stacks``: begin an environment, list its secrets, write the schemas that editors use."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from model.errors import InvalidConfiguration
from stacks import new, schemas, secret_list

ROOT = Path(__file__).resolve().parent.parent
console = Console(soft_wrap=True, highlight=False, markup=False)


def main(words: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Run one command; 0 when all is well, 1 when a secret is missing, 2 with what is wrong on standard error."""
    options = _parser().parse_args(words)
    command: Callable[[Path, argparse.Namespace], int] = options.run
    try:
        return command(root, options)
    except InvalidConfiguration as invalid:
        print(invalid, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stacks", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    beginning = commands.add_parser("new", help="write the stack file of a new environment")
    beginning.add_argument("--env", required=True, metavar="NAME", help="its name")
    beginning.add_argument("--like", default="staging", metavar="NAME", help="the environment that it begins as a copy of (staging)")
    beginning.set_defaults(run=_new)
    listing = commands.add_parser("secrets", help="which secrets an environment needs, which it has, how to set them")
    listing.add_argument("--env", required=True, metavar="NAME", help="the environment, as in Pulumi.<NAME>.yaml")
    listing.set_defaults(run=_secrets)
    commands.add_parser("schema", help="write the JSON Schemas of what people edit").set_defaults(run=_schema)
    return parser


def _new(root: Path, options: argparse.Namespace) -> int:
    path = new.begin(root, options.env, options.like)
    console.print(f"wrote {path.name}; next: read it, `pulumi stack init {options.env}`, and set its secrets:")
    _show(secret_list.states(root, options.env))
    return 0


def _secrets(root: Path, options: argparse.Namespace) -> int:
    found = secret_list.states(root, options.env)
    _show(found)
    missing = sum(not state.present for state in found)
    console.print(f"{options.env}: {len(found)} secrets, {missing} missing", style="bold red" if missing else "green")
    return 1 if missing else 0


def _show(states: Sequence[secret_list.State]) -> None:
    width = max(len(state.secret.key) for state in states)
    for state in states:
        console.print(f"{'set    ' if state.present else 'MISSING'}  {state.secret.key:<{width}}  {state.secret.purpose}")
    console.print("set or rotate one, and deploy:")
    for state in states:
        console.print(f"  {state.command}")


def _schema(root: Path, _: argparse.Namespace) -> int:
    for path in schemas.write(root) or ["nothing: all schemas are up to date"]:
        console.print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
