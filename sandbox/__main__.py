"""The commands behind ``make``: ``python -m sandbox up|down|status|preview|drift``."""

import argparse
import sys
from collections.abc import Callable, Sequence

from pulumi.automation import CommandError

from sandbox import cluster, status, target
from sandbox.cluster.errors import ClusterError
from sandbox.engine import Engine, Target
from sandbox.kube import KubeError
from sandbox.serving import NotServingError
from sandbox.toolchain import ToolError
from sandbox.up import up


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A whole cluster and the platform on it, on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    described: dict[str, tuple[str, Callable[[str], int]]] = {
        "up": ("bring the platform up and wait until it serves", _up),
        "down": ("take the sandbox cluster away, with everything on it", _down),
        "status": ("what runs, what does not, where it answers, what is a stand-in", _status),
        "preview": ("what an update would change", _preview),
        "drift": ("what somebody changed by hand; exit code 1 when there is any", _drift),
    }
    for name, (text, _) in described.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--env", default="dev", help="the environment: there is a Pulumi.<env>.yaml for it (default: dev)")
    options = parser.parse_args(arguments)
    try:
        return described[options.command][1](options.env)
    except (ClusterError, KubeError, NotServingError, ToolError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except CommandError:
        print(
            "error: the engine stopped; its messages are above. The state is intact: the same command goes on from here.", file=sys.stderr
        )
        return 1
    except KeyboardInterrupt:
        print("interrupted; the same command goes on from here", file=sys.stderr)
        return 130


def _up(environment: str) -> int:
    up(environment)
    return 0


def _down(_: str) -> int:
    cluster.down(target.sandbox_name())
    return 0


def _status(_: str) -> int:
    return status.show()


def _preview(environment: str) -> int:
    Engine(_target(), environment, say=print).preview()
    return 0


def _drift(environment: str) -> int:
    found = Engine(_target(), environment, say=print).drift()
    for drift in found:
        print(
            f"{'deleted' if drift.operation == 'delete' else 'changed'}: {drift.type} {drift.name}"
            + "".join(f"\n  {field}" for field in drift.fields)
        )
    print(f"{len(found)} managed object(s) differ from what was deployed")
    return 1 if found else 0


def _target() -> Target:
    context = target.foreign_context()
    return target.foreign(context) if context else target.sandbox(cluster.running(target.sandbox_name()))


if __name__ == "__main__":
    sys.exit(main())
