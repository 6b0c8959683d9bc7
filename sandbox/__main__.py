"""The commands behind ``make``: ``python -m sandbox up|down|status|preview|drift|drill|destroy|rollback``."""

import argparse
import signal
import sys
from collections.abc import Callable, Sequence

from model.environment import load
from model.errors import InvalidConfiguration
from sandbox import cluster, drill, status, target
from sandbox.backend import Backend
from sandbox.cluster.errors import ClusterError
from sandbox.confirmation import NotConfirmedError
from sandbox.demo import DemoError
from sandbox.destroying import destroy
from sandbox.drift_report import examine
from sandbox.engine import ROOT, Engine, EngineError
from sandbox.kube import Kube, KubeError
from sandbox.rollback import RollbackError, rollback
from sandbox.serving import NotServingError
from sandbox.target import TargetError
from sandbox.toolchain import ToolError
from sandbox.up import up

EXPECTED = (
    *(ClusterError, DemoError, EngineError, InvalidConfiguration, KubeError, NotConfirmedError),
    *(NotServingError, RollbackError, TargetError, ToolError),
)
"""What may go wrong without a fault of ours: its text is for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 something is missing or differs, 2 an error, 130 interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: with nothing half done
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.run
    try:
        return command(options)
    except EngineError as error:
        print(f"error: {error}\nThe state is intact: the same command goes on from here.", file=sys.stderr)
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description="A whole cluster and the platform on it, on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    described: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
        "up": ("bring the platform up and wait until it serves", _up),
        "down": ("take the sandbox cluster away, with everything on it", _down),
        "status": ("what runs, what does not, where it answers, what is a stand-in", _status),
        "preview": ("what an update would change", _preview),
        "drill": ("send a marked alert to every receiver through the live Alertmanager; exit code 1 when one is not taken", _drill),
        "destroy": ("delete the platform, but not the data that its environment protects", _destroy),
        "rollback": ("deploy what an earlier commit says, by its own code", _rollback),
        "drift": ("what differs from what was deployed; exit code 1, or 3 when only objects were added that nobody deployed", _drift),
    }
    for name, (text, run) in described.items():
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument("--env", default="dev", help="the environment: there is a Pulumi.<env>.yaml for it (default: dev)")
        if name == "drift":
            command.add_argument("--json", action="store_true", help="for programs: what differs, on standard output")
            command.add_argument("--backend", metavar="URL", help="where the official CLI keeps the state, such as s3://bucket")
        if name == "destroy":
            command.add_argument("--data", choices=["delete"], help="delete protected data too")
        if name == "rollback":
            command.add_argument("--to", required=True, metavar="COMMIT", help="a commit, tag or branch of this project")
    return parser


def _up(options: argparse.Namespace) -> int:
    up(load(ROOT, options.env))
    return 0


def _down(_: argparse.Namespace) -> int:
    if context := target.foreign_context():
        raise TargetError(f"`down` takes a sandbox away, and {context} is a cluster of yours: `make destroy` deletes the platform from it")
    cluster.down(target.sandbox_name())
    return 0


def _destroy(options: argparse.Namespace) -> int:
    engine, place = _engine(options.env), target.current()
    print(f"deleting {options.env} from {place.name}; the cluster and what else is on it stay")
    destroy(engine, Kube(place.kubeconfig), options.env, with_data=options.data == "delete", say=print)
    return 0


def _rollback(options: argparse.Namespace) -> int:
    load(ROOT, options.env)
    rollback(ROOT, target.current(), options.env, options.to, print)
    return 0


def _status(_: argparse.Namespace) -> int:
    return status.show()


def _preview(options: argparse.Namespace) -> int:
    _engine(options.env).preview()
    return 0


def _drill(options: argparse.Namespace) -> int:
    environment = load(ROOT, options.env)
    outcomes = drill.run(environment, Kube(target.current().kubeconfig), print)
    for outcome in outcomes:
        print(outcome)
    lost = sum(outcome.state not in ("taken", "waits") for outcome in outcomes)
    print(f"{len(outcomes) - lost} of {len(outcomes)} ways to people work")
    return 1 if lost else 0


def _drift(options: argparse.Namespace) -> int:
    say = _to_stderr if options.json else print
    deployment = Backend(options.backend, options.env, say) if options.backend else _engine(options.env, say)
    report = examine(deployment, Kube(target.current().kubeconfig))
    print(report.json if options.json else "\n".join(report.lines()))
    return report.severity


def _engine(environment: str, say: Callable[[str], None] = print) -> Engine:
    """The engine for an environment, whose configuration is checked before anything else is asked for."""
    load(ROOT, environment)
    return Engine(target.current(), environment, say=say)


def _to_stderr(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
