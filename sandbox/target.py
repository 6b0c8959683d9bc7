"""Which cluster the commands work on: the sandbox of this machine, or one that the user already has."""

import json
import os
import subprocess

from sandbox import cluster
from sandbox.cluster.instance import state_root
from sandbox.engine import Target
from sandbox.toolchain import tool


def sandbox_name() -> str:
    """The sandbox instance that the commands work on: ``SANDBOX``, or ``main``."""
    return os.environ.get("SANDBOX") or "main"


def foreign_context() -> str | None:
    """The context of the user's kubeconfig that ``KUBECONTEXT`` names; None when the sandbox is meant."""
    return os.environ.get("KUBECONTEXT") or None


def sandbox(instance: cluster.Instance) -> Target:
    """The target of a sandbox instance; its state goes away with it."""
    return Target(name=instance.name, kubeconfig=instance.kubeconfig, state=instance.state / "pulumi")


def foreign(context: str) -> Target:
    """The target of a context of the user's kubeconfig, copied with that context alone in it; raises SystemExit when there is none."""
    state = state_root() / "contexts" / context.replace("/", "_")
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    kubeconfig = state / "kubeconfig"
    command = [str(tool("kubectl")), "config", "view", "--raw", "--flatten", "--minify", "--context", context, "--output", "json"]
    answer = subprocess.run(command, check=False, capture_output=True, text=True)
    if answer.returncode != 0:
        raise SystemExit(
            f"KUBECONTEXT={context}: {answer.stderr.strip()}\nthe contexts of your kubeconfig: {', '.join(_contexts()) or 'none'}"
        )
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(json.dumps(json.loads(answer.stdout)))
    return Target(name=context, kubeconfig=kubeconfig, state=state / "pulumi")


def _contexts() -> list[str]:
    command = [str(tool("kubectl")), "config", "get-contexts", "--output", "name"]
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.split()
