"""Which cluster the commands work on: the sandbox of this machine, or one that the user already has."""

import os
from difflib import get_close_matches
from pathlib import Path

import yaml

from sandbox import cluster
from sandbox.cluster.instance import state_root
from sandbox.engine import Target
from sandbox.providers.values import Obj, items, mapping, text

_FILES = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}
"""The fields that name files, relative to the kubeconfig that they are in."""


class TargetError(Exception):
    """The cluster that is asked for is not known; the text says which are."""


def sandbox_name() -> str:
    """The sandbox instance that the commands work on: ``SANDBOX``, or ``main``."""
    return os.environ.get("SANDBOX") or "main"


def foreign_context() -> str | None:
    """The context of the user's kubeconfig that ``KUBECONTEXT`` names; None when the sandbox is meant."""
    return os.environ.get("KUBECONTEXT") or None


def current() -> Target:
    """The target of the commands, which must be there; raises ClusterError or TargetError when it is not."""
    context = foreign_context()
    return foreign(context) if context else sandbox(cluster.running(sandbox_name()))


def sandbox(instance: cluster.Instance) -> Target:
    """The target of a sandbox instance; its state goes away with it."""
    return Target(name=instance.name, kubeconfig=instance.kubeconfig, state=instance.state / "pulumi", s3=instance.s3_endpoint)


def foreign(context: str) -> Target:
    """The target of a context of the user's kubeconfig, copied with that context alone in it; raises TargetError when there is none."""
    content = _only(context, [(path, _read(path)) for path in _kubeconfigs()])
    state = state_root() / "contexts" / context.replace("/", "_")
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    kubeconfig = state / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(yaml.safe_dump(content, sort_keys=False))
    return Target(name=context, kubeconfig=kubeconfig, state=state / "pulumi")


def _kubeconfigs() -> list[Path]:
    """The user's kubeconfig files, in the order in which they count."""
    named = [Path(path) for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return named or [Path.home() / ".kube" / "config"]


def _read(path: Path) -> Obj:
    try:
        content: object = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise TargetError(f"the kubeconfig {path} cannot be read: {error}") from error
    return mapping({"content": content}, "content")  # pyright: ignore[reportArgumentType] - YAML of a kubeconfig is JSON


def _only(context: str, files: list[tuple[Path, Obj]]) -> Obj:
    """A kubeconfig of one context with its cluster and user. The first file that has an entry counts, as for kubectl."""
    chosen = mapping(_entry(context, "context", files), "context")
    entries: Obj = {}
    for kind in ("cluster", "user"):
        entries[f"{kind}s"] = [_entry(text(chosen, kind), kind, files)]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": chosen}],
        **entries,
    }


def _entry(name: str, kind: str, files: list[tuple[Path, Obj]]) -> Obj:
    """The entry of this kind and name, with the files that it names made absolute. Raises TargetError."""
    for path, content in files:
        for entry in items(content, f"{kind}s"):
            if text(entry, "name") == name:
                return {"name": name, kind: _absolute(mapping(entry, kind), path.parent, kind)}
    known = [text(entry, "name") for _, content in files for entry in items(content, f"{kind}s")]
    close = get_close_matches(name, known, n=1)
    where = ", ".join(str(path) for path, _ in files)
    raise TargetError(
        f"KUBECONTEXT: there is no {kind} {name!r} in {where}; there {'are' if known else 'is'} {', '.join(known) or 'none'}"
        + (f"; did you mean {close[0]!r}?" if close else "")
    )


def _absolute(settings: Obj, directory: Path, kind: str) -> Obj:
    found: Obj = {key: str(directory.absolute() / text(settings, key)) for key in _FILES.get(kind, ()) if text(settings, key)}
    command = text(settings, "exec", "command")
    if os.sep in command:
        found["exec"] = {**mapping(settings, "exec"), "command": str(directory.absolute() / command)}
    return {**settings, **found}
