"""The proof as part of ``make check``, and ``make routes``: who is told of what, and what a change changes."""

import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from checks.delivery.base import render_base
from checks.delivery.messages import message_findings
from checks.delivery.program import UnansweredError
from checks.delivery.proof import FILE, Delivery, compute, proof_findings
from checks.delivery.show import as_json, changes, rows
from checks.render import render, write
from model.environment import Environment
from model.errors import Finding
from model.stack import environments, read_stack

ROOT = Path(__file__).resolve().parents[2]

TABLE_WIDTH = 240
"""Characters of a line of the table where there is no terminal."""


def delivery_findings(environment: Environment, directory: Path) -> list[Finding]:
    """Whoever would not be told as people wrote it, by the files rendered to a directory."""
    try:
        return delivered(environment, compute(environment, directory, environments(ROOT)), directory)
    except UnansweredError as unanswered:
        return [Finding(file=FILE, problem=str(unanswered))]


def delivered(environment: Environment, delivery: Delivery, directory: Path) -> list[Finding]:
    """What is wrong with a delivery, and with the messages."""
    stack, _ = read_stack(ROOT, environment.name)
    return [*proof_findings(environment, delivery, stack.secrets or ()), *message_findings(directory)]


def routes(environment: Environment, console: Console, *, base: str | None, output: Path | None) -> list[Finding]:
    """Show who is told of what, and return what is wrong with it. Raises UnansweredError and NoBaseError."""
    with tempfile.TemporaryDirectory(prefix="observability-routes-") as directory:
        scratch = Path(directory)
        write(render(environment), scratch / "here")
        delivery = compute(environment, scratch / "here", environments(ROOT))
        if output:
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(as_json(delivery))
        show(delivery, console)
        if base:
            rendered = render_base(ROOT, base, environment.name, scratch)
            lines = changes(compute(environment, rendered, environments(ROOT)), delivery)
            console.print(f"\nchanges against {base}: {len(lines) or 'none'}", style="bold")
            for line in lines:
                console.print(line)
        return delivered(environment, delivery, scratch / "here")


def show(delivery: Delivery, console: Console) -> None:
    """The table of all alerts."""
    table = Table("alert", "severity", "team", "is told", "silenced by", title=f"who is told in {delivery.environment}")
    for row in rows(delivery):
        table.add_row(*row)
    # A log or a pull request has no width.
    console.print(table, width=None if console.is_terminal else TABLE_WIDTH)
    console.print(f"{delivery.combinations} combinations answered by Alertmanager's code")
