"""The guard with the real engine and a state in files, without a cluster: refused at preview and update, accepted by its line."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest
from pulumi import automation

from components.change_guard import OUTPUT, guarded
from components.stack import last_outputs
from model.environment import Environment
from model.quantities import Duration
from sandbox.toolchain import tool
from tests.components.environments import environment

pytestmark = pytest.mark.binaries

LINE = "logs.retention: 2d -> 1d"

Run = Callable[..., str]
"""Runs a command of the engine for an environment, and gives what it said; raises CommandError."""


class Part(pulumi.ComponentResource):
    """Something to register, which needs no provider."""

    def __init__(self) -> None:
        super().__init__("observability:index:Platform", "platform")
        self.register_outputs({})


def program(given: Environment, fails: bool) -> Callable[[], None]:
    """What ``__main__.py`` does of the guard, and a part that is made where nothing is refused."""

    def run() -> None:
        intent = guarded(given, last_outputs(given))
        Part()
        pulumi.export(OUTPUT, intent)
        if fails:
            raise pulumi.RunError("something else is wrong")

    return run


def shorter(accept: tuple[str, ...] = ()) -> Environment:
    """dev with logs that are kept for less long."""
    settings = environment("dev").settings
    assert settings.logs
    logs = settings.logs.model_copy(update={"retention": Duration("1d")})
    return replace(environment("dev"), settings=settings.model_copy(update={"logs": logs, "accept": accept}))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The CLI with a backend of files and no providers by default, as the stack files want it."""
    for directory in ("state", "cli/bin"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "cli/bin/pulumi").symlink_to(tool("pulumi"))  # the layout that the Automation API looks for
    options = automation.LocalWorkspaceOptions(
        work_dir=str(tmp_path),
        env_vars={
            "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_HOME": str(tmp_path / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        },
        project_settings=automation.ProjectSettings("observability", "python"),
        pulumi_command=automation.PulumiCommand(root=str(tmp_path / "cli")),
    )

    def command(name: str, given: Environment, *, fails: bool = False) -> str:
        stack = automation.create_or_select_stack("dev", "observability", program(given, fails), opts=options)
        stack.set_config("pulumi:disable-default-providers", automation.ConfigValue('["*"]'))
        said: list[str] = []
        try:
            getattr(stack, name)(on_output=said.append, color="never")
        except automation.CommandError as error:
            raise AssertionError("\n".join(said)) from error
        return "\n".join(said)

    return command


def test_a_change_is_refused_until_it_is_accepted_and_then_forgotten(run: Run) -> None:
    dev = environment("dev")
    for command in ("preview", "up", "up"):
        assert "refuses" not in run(command, dev)
    # The Automation API previews nothing before an update. The second one is refused like the first: the stack forgets nothing.
    for command in ("preview", "up", "up"):
        with pytest.raises(AssertionError, match="the guard refuses 1 change") as refused:
            run(command, shorter())
        assert LINE in str(refused.value)
        assert "way out: keep the retention" in str(refused.value)
        assert "observability:index:Platform platform creat" not in str(refused.value)
    assert f"warning: accepted: {LINE}" in run("up", shorter((LINE,)))
    assert f"'{LINE}' is about nothing in this deployment; remove it" in run("up", shorter((LINE,)))
    assert "accepted" not in run("up", dev)


def test_an_update_that_fails_elsewhere_does_not_make_the_stack_forget(run: Run) -> None:
    run("up", environment("dev"))
    with pytest.raises(AssertionError, match="something else is wrong"):
        run("up", environment("dev"), fails=True)
    with pytest.raises(AssertionError, match="the guard refuses 1 change"):
        run("up", shorter())
