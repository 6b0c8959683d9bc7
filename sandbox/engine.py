"""The Pulumi engine on one machine: the real CLI and the unchanged ``__main__.py``, run inline by the Automation API.

The Python language host is in no package registry, so the program is served from this process (facts/sandbox.md). Provider
plugins are the official ones wherever they can be had; only otherwise the stand-ins of ``sandbox/providers``.
"""

import json
import os
import runpy
import shutil
import subprocess
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import cast

import yaml
from pulumi import automation
from pulumi.automation import events

from model import documents
from sandbox import providers
from sandbox.network_check import reachable
from sandbox.toolchain import tool

ROOT = Path(__file__).resolve().parent.parent
PLUGIN_HOST = "get.pulumi.com"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cluster that environments are deployed to, and where their state is kept."""

    name: str
    kubeconfig: Path
    """Its current context is the cluster."""

    state: Path
    """The directory of the local state backend."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A provider plugin and where it comes from."""

    name: str
    version: str
    source: str
    """``official`` or ``stand-in``."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """A managed object that differs from what was deployed."""

    type: str
    name: str
    operation: str
    """``update`` where declared fields differ, ``delete`` where the object is gone."""

    fields: tuple[str, ...]


class Engine:
    """One environment on one target: preview, up, drift, destroy."""

    def __init__(self, target: Target, environment: str, say: Say) -> None:
        self._target = target
        self._environment = environment
        self._say = say
        self.plugins = plugins(say)

    def preview(self) -> dict[str, int]:
        """What an update would do: number of resources by operation."""
        with self._stack() as stack:
            result = stack.preview(on_output=self._say, color=_color())
        return {operation.value: count for operation, count in result.change_summary.items()}

    def up(self) -> dict[str, int]:
        """Deploy; repairs drift first. Returns the number of resources by operation; raises ``CommandError`` when it fails."""
        with self._stack() as stack:
            stack.refresh(on_output=_nothing, color="never", show_secrets=False)
            result = stack.up(on_output=self._say, color=_color(), show_secrets=False)
        return {automation.OpType(operation).value: count for operation, count in (result.summary.resource_changes or {}).items()}

    def destroy(self) -> None:
        """Delete all resources of the environment."""
        with self._stack() as stack:
            stack.destroy(on_output=self._say, color=_color(), show_secrets=False)

    def drift(self) -> tuple[Drift, ...]:
        """The managed objects that somebody changed or deleted, without changing state or cluster."""
        found: list[Drift] = []
        with self._stack() as stack:
            stack.preview_refresh(on_output=_nothing, on_event=lambda event: found.extend(_drift(event)), color="never", show_secrets=False)
        return tuple(found)

    def outputs(self) -> dict[str, str]:
        """The plain outputs of the last deployment."""
        with self._stack() as stack:
            return {key: str(output.value) for key, output in stack.outputs().items() if not output.secret}

    @contextmanager
    def _stack(self) -> Generator[automation.Stack]:
        """The stack, in a working directory of its own so that nothing is written into the checkout."""
        work = self._target.state / "work" / self._environment
        backend = self._target.state / "backend"
        for directory in (work, backend):
            directory.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "Pulumi.yaml", work / "Pulumi.yaml")
        stack_file = f"Pulumi.{self._environment}.yaml"
        (work / stack_file).write_text(here(documents.read(ROOT, stack_file).content))
        variables = {
            "PULUMI_BACKEND_URL": backend.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", self._environment),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "KUBECONFIG": str(self._target.kubeconfig),
            "PATH": _path(self.plugins, self._target.state / "plugins"),
        }
        options = automation.LocalWorkspaceOptions(
            work_dir=str(work),
            env_vars=variables,
            pulumi_command=automation.PulumiCommand(root=str(_home())),
            secrets_provider="passphrase",
        )
        stack = automation.create_or_select_stack(
            stack_name=self._environment, project_name="observability", program=run_program, opts=options
        )
        _release_stale_lock(stack, backend)
        yield stack


def here(stack: Mapping[str, object]) -> str:
    """A stack file's text for this target: the kubeconfig has one context, whatever the environment calls its own."""
    config = cast("dict[str, object]", stack.get("config", {}))
    cluster = config.get("observability:cluster")
    if isinstance(cluster, dict):
        config = {
            **config,
            "observability:cluster": {key: value for key, value in cast("dict[str, object]", cluster).items() if key != "context"},
        }
    return yaml.safe_dump({**stack, "config": config}, sort_keys=False)


def plugins(say: Say) -> tuple[Plugin, ...]:
    """The provider plugins that the program needs, and where each comes from; installs the official one where that is possible."""
    return tuple(_plugin(name, say) for name in ("kubernetes", "aws"))


def run_program() -> None:
    """Run ``__main__.py`` as the language host would."""
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")


def _home() -> Path:
    """A directory whose ``bin/pulumi`` is the CLI: the form in which the Automation API takes one."""
    program = tool("pulumi")
    home = program.parent if program.parent.name == "bin" else program.parent / "home" / "bin"
    home.mkdir(parents=True, exist_ok=True)
    link = home / "pulumi"
    if not link.exists():
        link.symlink_to(program)
    return home.parent


def _plugin(name: str, say: Say) -> Plugin:
    version = metadata.version(f"pulumi-{name}")
    if shutil.which(f"pulumi-resource-{name}") or _cached_plugin(name, version).exists() or _install(name, version, say):
        return Plugin(name=name, version=version, source="official")
    return Plugin(name=name, version=version, source="stand-in")


def _cached_plugin(name: str, version: str) -> Path:
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    return home / "plugins" / f"resource-{name}-v{version}"


def _install(name: str, version: str, say: Say) -> bool:
    if not reachable([PLUGIN_HOST])[PLUGIN_HOST]:
        return False
    say(f"installing the official provider plugin {name} v{version}")
    command = [str(tool("pulumi")), "plugin", "install", "resource", name, f"v{version}"]
    return subprocess.run(command, check=False).returncode == 0


def _path(plugins: tuple[Plugin, ...], launchers: Path) -> str:
    """PATH with launchers for those plugins alone that have to be stood in for."""
    missing = [plugin.name for plugin in plugins if plugin.source == "stand-in"]
    path = os.environ["PATH"]
    return f"{providers.install(launchers, missing)}{os.pathsep}{path}" if missing else path


def _release_stale_lock(stack: automation.Stack, backend: Path) -> None:
    """Remove the lock that an engine left behind which was killed; the lock of a living one stays and is reported by the engine."""
    for lock in backend.glob(f".pulumi/locks/**/{stack.name}/*.json"):
        owner = _lock_owner(lock)
        if owner is not None and not Path(f"/proc/{owner}").exists():
            lock.unlink(missing_ok=True)


def _lock_owner(lock: Path) -> int | None:
    """The process that wrote a lock file of the local backend; None when it cannot be read."""
    try:
        return int(json.loads(lock.read_text())["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _drift(event: events.EngineEvent) -> Iterator[Drift]:
    outputs = event.res_outputs_event
    if outputs is None or outputs.metadata.op.value not in ("update", "delete"):
        return
    step = outputs.metadata
    name = step.urn.rsplit("::", 1)[-1]
    yield Drift(type=step.type, name=name, operation=step.op.value, fields=tuple(sorted(step.detailed_diff or step.diffs or ())))


def _color() -> str:
    return "always" if os.isatty(1) and "NO_COLOR" not in os.environ else "never"


def _nothing(_: str) -> None:
    """Output that nobody needs."""
