"""``python -m tests.workflows.planning DIR preview|up NAME TEXT``: the real engine on a stack in DIR, by a program with one resource.

A process of its own: of a program that is refused, the SDK leaves a coroutine behind that would disturb whoever runs it.
"""

import sys
from pathlib import Path

import pulumi
from pulumi import automation

from sandbox.pulumi_cli import PulumiCli

CANARY = "canary-of-a-plan"


def main(directory: Path, step: str, name: str, text: str) -> int:
    """Preview into ``plan.json``, or update as it allows; 0 when the engine did so."""

    def program() -> None:
        pulumi.ComponentResource("test:planned:Resource", name, {"text": text, "password": pulumi.Output.secret(CANARY)})

    (directory / "project").mkdir(exist_ok=True)
    options = automation.LocalWorkspaceOptions(
        work_dir=str(directory / "project"),
        project_settings=automation.ProjectSettings(name="observability", runtime="python"),
        env_vars={"PULUMI_BACKEND_URL": directory.as_uri(), "PULUMI_CONFIG_PASSPHRASE": "x", "PULUMI_HOME": str(directory / "home")},
        pulumi_command=PulumiCli(print, hopeless=lambda: False),
    )
    stack = automation.create_or_select_stack("dev", "observability", program, opts=options)
    plan = str(directory / "plan.json")
    try:
        if step == "preview":
            stack.preview(plan=plan, on_output=print)
        else:
            stack.up(plan=plan, on_output=print)
    except automation.CommandError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
