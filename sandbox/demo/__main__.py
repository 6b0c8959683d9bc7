"""The demo by hand: ``python -m sandbox.demo up|down|fault|heal|stop|start``."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from model.errors import InvalidConfiguration
from sandbox.demo import deploy
from sandbox.kube import KubeError

KUBECONFIG = Path("/var/lib/observability/main/kubeconfig")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    commands: dict[str, Callable[[], None]] = {
        "up": lambda: deploy.up(options.kubeconfig, system=options.catalogue),
        "down": lambda: deploy.down(options.kubeconfig, system=options.catalogue),
        "fault": lambda: deploy.set_faults(options.kubeconfig, options.service, _faults(options), system=options.catalogue),
        "heal": lambda: deploy.set_faults(options.kubeconfig, options.service, {}, system=options.catalogue),
        "stop": lambda: deploy.scale(options.kubeconfig, options.service, 0, system=options.catalogue),
        "start": lambda: deploy.scale(options.kubeconfig, options.service, 1, system=options.catalogue),
    }
    try:
        commands[options.command]()
    except (deploy.DemoError, KubeError, InvalidConfiguration) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description="The workload that the sandbox observes.")
    parser.add_argument("--kubeconfig", type=Path, default=KUBECONFIG, help=f"whose current context is used (default: {KUBECONFIG})")
    parser.add_argument("--catalogue", default=deploy.CATALOGUE, help=f"a file of configs/catalogues (default: {deploy.CATALOGUE})")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="deploy it and wait until every pod is ready")
    commands.add_parser("down", help="delete it with its namespaces")
    fault = commands.add_parser("fault", help="make a service behave badly; what is not named is healed")
    fault.add_argument("service")
    fault.add_argument("--error-rate", type=float, help="share of requests that fail, from 0 to 1")
    fault.add_argument("--latency", help="added to every request, such as 800ms")
    fault.add_argument("--memory-mib", type=int, help="memory to hold, in MiB; beyond its limit of 96 the service is killed")
    fault.add_argument("--crash", action="store_true", help="end the process once")
    fault.add_argument("--stop", action="store_true", help="refuse connections while the process lives")
    for name, text in {"heal": "end all faults", "stop": "scale to 0", "start": "scale to 1"}.items():
        commands.add_parser(name, help=f"{text} of a service" if name == "heal" else f"{text}: a service").add_argument("service")
    return parser


def _faults(options: argparse.Namespace) -> dict[str, object]:
    given = {
        "errorRate": options.error_rate,
        "latency": options.latency,
        "memoryMiB": options.memory_mib,
        "crash": options.crash,
        "stop": options.stop,
    }
    faults = {key: value for key, value in given.items() if value not in (None, False)}
    if not faults:
        raise deploy.DemoError("fault: none given; allowed: --error-rate, --latency, --memory-mib, --crash, --stop")
    return faults


if __name__ == "__main__":
    sys.exit(main())
