"""An environment whose state is in a backend of the official CLI, such as a bucket: what a workflow looks at. Nothing here changes it."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pulumi import automation

from sandbox.drift import Drift, observed
from sandbox.engine import ROOT, Deployed, EngineError, Say, deployed_objects, state_resources
from sandbox.pulumi_cli import PulumiCli


class Backend:
    """One environment as ``pulumi -s <env>`` knows it with ``PULUMI_BACKEND_URL=<address>``. Raises EngineError when the CLI fails."""

    def __init__(self, address: str, environment: str, say: Say, project: Path = ROOT) -> None:
        self._address, self._environment, self._say, self._project = address, environment, say, project

    def drift(self) -> tuple[Drift, ...]:
        """The managed objects that somebody changed or deleted: ``pulumi refresh --preview-only``."""
        found: list[Drift] = []
        with self._stack() as stack:
            stack.preview_refresh(on_event=lambda event: found.extend(observed(event)), color="never", show_secrets=False)
        return tuple(found)

    def deployed(self) -> tuple[Deployed, ...]:
        """The objects that were deployed, as the state knows them: ``pulumi stack export``."""
        with self._stack() as stack:
            return deployed_objects(state_resources(stack))

    @contextmanager
    def _stack(self) -> Generator[automation.Stack]:
        options = automation.LocalWorkspaceOptions(
            env_vars={"PULUMI_BACKEND_URL": self._address, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            pulumi_command=PulumiCli(self._say, hopeless=lambda: False),
        )
        try:
            yield automation.select_stack(stack_name=self._environment, work_dir=str(self._project), opts=options)
        except automation.CommandError as error:
            raise EngineError(f"the state of {self._environment} in {self._address}: {error}") from error
