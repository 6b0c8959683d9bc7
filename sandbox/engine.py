"""The Pulumi engine on one machine: the real CLI and the unchanged ``__main__.py``, run inline by the Automation API.

The Python language host is in no package registry, so the program is served from this process (facts/sandbox.md). Provider
plugins are the official ones wherever they can be had; only otherwise the stand-ins of ``sandbox/providers``.
"""

import logging
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import cast

import yaml
from pulumi import automation

from model import documents
from sandbox import causes, cloud, providers, recovery, teardown
from sandbox.cluster.ownership import locked
from sandbox.drift import Drift, observed
from sandbox.network_check import reachable
from sandbox.providers.kubernetes.client import ApiError, Cluster, Ref
from sandbox.providers.values import Obj, items, mapping, text
from sandbox.pulumi_cli import MARK, PulumiCli
from sandbox.toolchain import tool

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "policy"
"""The pack to which previews and updates are held."""

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

    s3: str | None = None
    """Where the S3 answers that stands in for AWS; None where AWS itself is meant."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A provider plugin and where it comes from."""

    name: str
    version: str
    source: str
    """``official`` or ``stand-in``."""


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """An object of Kubernetes that the state knows."""

    kind: str
    namespace: str
    """Empty for what lives in none."""

    name: str
    data: Mapping[str, str]
    """What a ConfigMap was deployed with; empty for others."""


class EngineError(Exception):
    """The engine could not do what it was asked for; the text is the cause, to be printed as it is. The state is intact."""


class Engine:
    """One environment on one target: preview, up, drift, destroy.

    Each first puts in order what an interrupted command left behind, and raises EngineError with the cause when it fails. While another
    command works on the same state it waits, and says for whom.
    """

    def __init__(self, target: Target, environment: str, say: Say) -> None:
        self._target = target
        self._environment = environment
        self._say = say
        self.plugins = plugins(say)

    def preview(self) -> dict[str, int]:
        """What an update would do: number of resources by operation."""
        with self._stack() as stack:
            result = stack.preview(on_output=self._say, color=_color(), policy_packs=[str(POLICY)])
        return {automation.OpType(operation).value: count for operation, count in result.change_summary.items()}

    def up(self, *, without: Sequence[str] = ()) -> dict[str, int]:
        """Deploy; repairs drift first. Returns the number of resources by operation.

        `without` are types of components that are left as they are, with all that is in them or needs them. The policies are held against
        the whole all the same, by a preview: in an update of parts they would be shown the others without their properties.
        """
        left_out = [f"**observability:index:{kind}**" for kind in without]
        with self._stack() as stack:
            self._quietly(lambda show: stack.refresh(on_output=show, color=_color(), show_secrets=False))
            if left_out:
                self._quietly(lambda show: stack.preview(on_output=show, color=_color(), policy_packs=[str(POLICY)]))
            result = stack.up(
                on_output=self._say,
                color=_color(),
                show_secrets=False,
                suppress_outputs=True,
                policy_packs=None if left_out else [str(POLICY)],
                exclude=left_out,
                exclude_dependents=bool(left_out),
            )
        return {automation.OpType(operation).value: count for operation, count in (result.summary.resource_changes or {}).items()}

    def destroy(self, *, with_data: bool = False) -> None:
        """Delete the environment, but for what is protected and what that needs; `with_data` deletes that too.

        When this fails or is interrupted, what is left is protected as it was.
        """
        with self._stack() as stack:
            held = teardown.protected(self._state) if with_data else []
            try:
                teardown.protect(self._state, held, on=False)
                stack.destroy(on_output=self._say, color=_color(), show_secrets=False, exclude_protected=True)
            finally:
                teardown.protect(self._state, held, on=True)

    def drift(self) -> tuple[Drift, ...]:
        """The managed objects that somebody changed or deleted, without changing them."""
        found: list[Drift] = []
        with self._stack() as stack:
            self._quietly(
                lambda show: stack.preview_refresh(
                    on_output=show, on_event=lambda event: found.extend(observed(event)), color=_color(), show_secrets=False
                )
            )
        return tuple(found)

    def deployed(self) -> tuple[Deployed, ...]:
        """The objects that were deployed, as the state knows them."""
        return deployed_objects(self.resources())

    def resources(self) -> tuple[Obj, ...]:
        """Everything in the state, as it stands there; secrets are in plain text."""
        with self._stack() as stack:
            return state_resources(stack)

    def _quietly(self, step: Callable[[Say], object]) -> None:
        """Run a step of which nobody wants to read, unless it fails."""
        lines: list[str] = []
        try:
            step(lines.append)
        except automation.CommandError:
            for line in lines:
                self._say(line)
            raise

    @contextmanager
    def _stack(self) -> Generator[automation.Stack]:
        """The stack for the length of one command, with the state in order; what goes wrong leaves as EngineError."""
        state = self._target.state
        try:
            state.mkdir(parents=True, exist_ok=True)
            recovery.require_room(state)
            with locked(str(state / self._environment), f"engine for {self._environment}"):
                if silence := causes.silent(self._target.kubeconfig):
                    raise EngineError(silence)
                restored = recovery.recover(self._state, self._live, self._say)
                variables = self._variables()
                with _program_sees(variables):
                    stack = self._select(variables)
                    if restored:
                        self._recall(stack)
                    yield stack
        except automation.CommandError as error:
            raise EngineError(
                causes.cause(str(error), kubeconfig=self._target.kubeconfig, state=state, environment=self._environment)
            ) from error
        except (recovery.RecoveryError, ApiError, OSError) as error:
            raise EngineError(str(error)) from error

    def _recall(self, stack: automation.Stack) -> None:
        """Find what was made after the backup from which the state goes on."""
        created: list[Obj] = []
        self._quietly(
            lambda show: stack.preview(on_output=show, on_event=lambda event: created.extend(recovery.planned(event)), color=_color())
        )
        recovery.recall(self._state, created, self._live, self._say)

    @property
    def _backend(self) -> Path:
        return self._target.state / "backend"

    @property
    def _state(self) -> recovery.State:
        return recovery.State(backend=self._backend, environment=self._environment)

    def _live(self, target: Ref) -> Obj | None:
        kubeconfig = cast(Obj, yaml.safe_load(self._target.kubeconfig.read_text()))
        return Cluster(kubeconfig).get(target)

    def _select(self, variables: dict[str, str]) -> automation.Stack:
        """The stack, in a working directory of its own so that nothing is written into the checkout."""
        work = self._target.state / "work" / self._environment
        for directory in (work, self._backend):
            directory.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "Pulumi.yaml", work / "Pulumi.yaml")
        stack_file = f"Pulumi.{self._environment}.yaml"
        (work / stack_file).write_text(here(documents.read(ROOT, stack_file).content, self._target.s3, self._say))
        options = automation.LocalWorkspaceOptions(
            work_dir=str(work),
            env_vars=variables,
            pulumi_command=PulumiCli(self._say, hopeless=lambda: causes.full(self._target.state)),
            secrets_provider="passphrase",
        )
        return automation.create_or_select_stack(
            stack_name=self._environment, project_name=recovery.PROJECT, program=run_program, opts=options
        )

    def _variables(self) -> dict[str, str]:
        given = causes.PASSPHRASE in os.environ or f"{causes.PASSPHRASE}_FILE" in os.environ
        return {
            "PULUMI_HOME": str(_plugin_home(self.plugins, self._target.state / "home")),
            "PULUMI_BACKEND_URL": self._backend.as_uri(),
            **({} if given else {causes.PASSPHRASE: self._environment}),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # One more copy of the state for each update; the backend keeps two already, and recovery knows them.
            "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
            "PULUMI_DIY_BACKEND_GZIP": "false",  # recovery reads the state
            "KUBECONFIG": str(self._target.kubeconfig),
            "PULUMI_PYTHON_CMD": sys.executable,  # by which the policy pack is run
            MARK: str(self._backend),
            **cloud.variables(self._target.s3),
        }


def state_resources(stack: automation.Stack) -> tuple[Obj, ...]:
    """Everything in the state of a stack, as it stands there; secrets are in plain text."""
    return tuple(items(cast(Obj, stack.export_stack().deployment), "resources"))


def deployed_objects(resources: Iterable[Obj]) -> tuple[Deployed, ...]:
    """The objects of Kubernetes among the resources of a state."""
    return tuple(_deployed(each) for each in resources if text(each, "type").startswith("kubernetes:"))


def _deployed(resource: Obj) -> Deployed:
    namespace, _, name = text(resource, "id").rpartition("/")
    inputs = mapping(resource, "inputs")
    data = mapping(inputs, "data") if text(inputs, "kind") == "ConfigMap" else {}
    return Deployed(kind=text(inputs, "kind"), namespace=namespace, name=name, data={key: str(value) for key, value in data.items()})


def here(stack: Mapping[str, object], s3: str | None, say: Say) -> str:
    """A stack file's text for this target: the kubeconfig has one context, whatever the environment calls its own; S3 is the target's.

    Says what the environment has to do without on this target.
    """
    given = cast("dict[str, object]", stack.get("config", {}))
    config = cloud.adapted(given, s3)
    if len(config) < len(given):
        say(f"note: {cloud.LEFT_OUT}")
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


def _plugin_home(plugins: tuple[Plugin, ...], home: Path) -> Path:
    """The engine's own directory, with stand-ins for those plugins alone that have to be stood in for, and links to installed ones.

    The CLI records all that a command hears and says, secrets too, encrypted, in `logs` there: on dev 8 MB and almost half of its processor
    time, and no option is against it. Where that is no directory it does without.
    """
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "logs").exists():
        (home / "logs").touch()
    for plugin in plugins:
        place = home / "plugins" / f"resource-{plugin.name}-v{plugin.version}"
        installed = _cached_plugin(plugin.name, plugin.version)
        if plugin.source == "stand-in":
            providers.install(place, [plugin.name])
        elif installed.exists() and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(installed)
    return home


@contextmanager
def _program_sees(variables: Mapping[str, str]) -> Generator[None]:
    """Run the body with these environment variables: the program is in this process, and its providers' defaults come from there.

    Without this, a KUBECONFIG of the user's would lead the deployment to another cluster.
    """
    before = dict(os.environ)
    os.environ.update(variables)
    # When the engine ends first, the program cannot tell it anything more; that is no news.
    logging.getLogger("grpc._server").setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _color() -> str:
    return "always" if os.isatty(1) and "NO_COLOR" not in os.environ else "never"
