"""``python -m checks``: render an environment, or prove it. Needs no cluster, no cloud and no credentials."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console

from checks import cost
from checks.capacity import capacity_findings
from checks.capture import asking, capture
from checks.dashboard_lint import Library, dashboard_findings
from checks.dashboard_metrics import provided
from checks.delivery.base import NoBaseError
from checks.delivery.command import delivery_findings, routes
from checks.delivery.program import UnansweredError
from checks.delivery.proof import FILE
from checks.image_guard import image_findings
from checks.leaks import canary, leak_findings
from checks.manifests import bucket_findings, manifest_findings
from checks.metrics import known_metrics
from checks.programs import program_findings
from checks.record import record_platform
from checks.render import render, rendered, write
from checks.rule_lint import rule_findings, surroundings
from model.documents import parse
from model.end_of_life import read_ends_of_life
from model.environment import Environment, load
from model.errors import Finding, InvalidConfiguration
from model.prices import read_prices
from model.rules import file_name, read_rules

ROOT = Path(__file__).resolve().parent.parent


def today() -> date:
    """The date by which versions are past their end of life or not."""
    return datetime.now(UTC).date()


def findings(environment: Environment) -> list[Finding]:
    """Everything that is wrong with what an environment would deploy."""
    resources = record_platform(environment, canary)
    files = rendered(environment, resources)
    boards = {path: text for path, text in files.items() if path.startswith("grafana/dashboards/")}
    prometheus = parse(files["prometheus/prometheus.yml"], "prometheus/prometheus.yml").content
    with tempfile.TemporaryDirectory(prefix="observability-check-") as directory:
        write(files, Path(directory))
        refused = program_findings(Path(directory))
        undelivered = delivery_findings(environment, Path(directory))
    seen = dashboard_findings(Library(boards=boards, metrics=provided(environment, ROOT, prometheus)))
    return [
        *capacity_findings(environment),
        *image_findings(environment, read_ends_of_life(ROOT), today()),
        *lint(environment, prometheus),
        *manifest_findings(resources),
        *bucket_findings(environment.name, resources),
        *leak_findings(resources),
        *seen,
        *refused,
        *undelivered,
    ]


def lint(environment: Environment, prometheus: dict[str, object]) -> list[Finding]:
    """What is wrong with the rules of an environment, though they load; ``prometheus`` is the configuration of who evaluates them."""
    interval = str(environment.settings.prometheus.scrape_interval)
    around = surroundings(known_metrics(environment.catalogues), prometheus, ROOT / "docs/runbooks", interval)
    written = {file_name(document.file): document.file for document in read_rules(ROOT)}
    texts = {written.get(name, f"prometheus/rules/{name}"): text for name, text in environment.rule_files.items()}
    return rule_findings(texts, around)


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m checks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    rendering = commands.add_parser("render", help="write every document and manifest, secrets masked")
    checking = commands.add_parser("check", help="list everything that is wrong; exit code 1 if there is anything")
    costing = commands.add_parser("cost", help="what it costs a month, by component")
    routing = commands.add_parser("routes", help="show who is told of what, when, and what would silence it")
    capturing = commands.add_parser("capture", help="write down which metrics a running Prometheus scrapes (checks/captured)")
    capturing.add_argument("--url", required=True, help="where that Prometheus answers")
    for command in (rendering, checking, costing, routing, capturing):
        command.add_argument("--env", required=True, metavar="NAME", help="the environment, as in Pulumi.<NAME>.yaml")
    rendering.add_argument("--out", required=True, type=Path, metavar="DIR", help="where to write; made when it is not there")
    routing.add_argument("--base", metavar="COMMIT", help="also show what has changed since this commit or branch")
    routing.add_argument("--json", type=Path, metavar="FILE", help="also write all combinations to this file")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; 0 when all is well, 1 with findings."""
    asked = arguments(words)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    try:
        environment = load(ROOT, asked.env)
        if asked.command == "render":
            files = render(environment)
            write(files, asked.out)
            console.print(f"{len(files)} files in {asked.out}")
            return 0
        if asked.command == "capture":
            console.print(f"captured: {', '.join(capture(asking(asked.url), environment.images))}")
            return 0
        if asked.command == "cost":
            for line in cost.report(environment, record_platform(environment), read_prices(ROOT)):
                console.print(line)
            return 0
        showing = asked.command == "routes"
        found = routes(environment, console, base=asked.base, output=asked.json) if showing else findings(environment)
    except InvalidConfiguration as invalid:
        found = list(invalid.findings)
    except (UnansweredError, NoBaseError) as error:
        found = [Finding(file=FILE, problem=str(error))]
    for finding in found:
        console.print(str(finding), style="red")
    summary = f"{len(found)} finding{'s' if len(found) > 1 else ''}" if found else "nothing wrong"
    console.print(f"{asked.env}: {summary}", style="bold red" if found else "green")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        sys.exit(f"{error.filename or 'file'}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)
