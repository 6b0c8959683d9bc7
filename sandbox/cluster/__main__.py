"""`python -m sandbox.cluster up|down|status`: the cluster alone, without the platform on it."""

import argparse
import dataclasses
import json
import os
import signal
import sys
from collections.abc import Sequence

from sandbox import cluster
from sandbox.cache import ToolError
from sandbox.kube import KubeError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does: with nothing half done
    try:
        match options.command:
            case "up":
                cluster.up(options.instance)
            case "down":
                cluster.down(options.instance, keep_data=options.keep_data)
                return 0
            case _:
                pass
        found = cluster.status(options.instance)
        print(json.dumps(dataclasses.asdict(found), indent=1) if options.json else found)
    except (cluster.ClusterError, KubeError, ToolError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0 if found.healthy or options.command == "up" else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.cluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status"])
    parser.add_argument("--instance", default=os.environ.get("SANDBOX") or "main", help="which sandbox (default: $SANDBOX, or main)")
    parser.add_argument("--json", action="store_true", help="print the status as JSON")
    parser.add_argument("--keep-data", action="store_true", help="with down: keep what is stored, for the next up")
    return parser


if __name__ == "__main__":
    sys.exit(main())
