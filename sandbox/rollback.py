"""``make rollback``: what an earlier commit deploys, deployed again by its own code (docs/decisions/0015)."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

import yaml

from checks.delivery.base import NoBaseError, checkout
from model import documents
from model.documents import mapping
from model.stack import PROJECT, environments, stack_file
from sandbox.confirmation import confirm
from sandbox.engine import Target
from sandbox.pulumi_cli import Interrupts

_AT_COMMIT = Path(__file__).with_name("at_commit.py")
_ENCRYPTION = ("encryptionsalt", "encryptedkey", "secretsprovider")
_PINS = ("requirements.txt", "policy/requirements.txt")
_SHOWN = 5

GUARD = "components/change_guard.py"
"""Where a commit has the guard that reads acceptances; older ones do not know them."""

ACCEPT = f"{PROJECT}:accept"
"""What the environment accepts although the guard refuses it."""

Say = Callable[[str], None]


class RollbackError(Exception):
    """The commit cannot be deployed; the text says why and what can be."""


def rollback(root: Path, place: Target, environment: str, commit: str, say: Say) -> None:
    """Deploy what a commit of the project in ``root`` says of an environment, once it was shown and confirmed.

    Secrets stay those of today. Raises RollbackError or NotConfirmedError before anything is changed, RollbackError when it fails.
    """
    found = resolve(root, commit)
    with tempfile.TemporaryDirectory(prefix="observability-rollback-") as directory:
        tree = checkout_of(root, found, environment, Path(directory))
        for note in differing_pins(root, tree):
            say(f"note: {note}")
        say(f"what {commit} ({found[:12]}) would change of {environment}:")
        _run(tree, "preview", place, environment, say)
        confirm(environment, f"rolling {environment} back to {commit}")
        _run(tree, "up", place, environment, say)
    say(f"{environment} is what {commit} ({found[:12]}) says, with today's secrets; data and what is in it stay as they are")


def resolve(root: Path, commit: str) -> str:
    """The full name of a commit, tag or branch. Raises RollbackError with some that there are."""
    done = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}")
    if done.returncode == 0:
        return done.stdout.strip()
    latest = _git(root, "log", f"-{_SHOWN}", "--format=%h (%s)")
    tags = ", ".join(_git(root, "tag", "--sort=-creatordate").stdout.split()[:_SHOWN])
    if latest.returncode != 0:
        raise RollbackError(f"TO: {root} has no history to go back in: {latest.stderr.strip()}")
    raise RollbackError(
        f"TO: there is no commit {commit!r} here; the latest are {', '.join(latest.stdout.splitlines())}"
        f"{f'; tags are {tags}' if tags else ''}; `git fetch --tags` gets those that are not here"
    )


def checkout_of(root: Path, commit: str, environment: str, scratch: Path) -> Path:
    """The files of a commit, with the stack file as it is to be deployed. Raises RollbackError."""
    try:
        tree = checkout(root, commit, scratch)
    except NoBaseError as error:
        raise RollbackError(str(error)) from error
    file = stack_file(environment)
    if not (tree / file).is_file():
        known = ", ".join(environments(tree)) or "none"
        raise RollbackError(f"ENV: {commit[:12]} has no {file}; environments of that commit: {known}")
    before, now = documents.read(tree, file).content, documents.read(root, file).content
    deployable = with_secrets_of(before, now, file)
    if (tree / GUARD).is_file():
        deployable = with_acceptances_of(deployable, now)
    (tree / file).write_text(yaml.safe_dump(deployable, sort_keys=False))
    return tree


def with_acceptances_of(before: Mapping[str, object], now: Mapping[str, object]) -> dict[str, object]:
    """A stack file that also accepts what another does: the step back is one from today, which the commit could not know of."""
    config, accepted = mapping(before.get("config")), mapping(now.get("config")).get(ACCEPT)
    return {**before, "config": {**config, ACCEPT: accepted} if accepted else config}


def with_secrets_of(before: Mapping[str, object], now: Mapping[str, object], file: str) -> dict[str, object]:
    """A stack file with the secrets of another: one that was rotated does not come back. Raises RollbackError for those that are gone."""
    config, present = mapping(before.get("config")), mapping(now.get("config"))
    encrypted = [key for key, value in config.items() if "secure" in mapping(value)]
    same_key = all(before.get(key) == now.get(key) for key in _ENCRYPTION)
    gone = [key for key in encrypted if key not in present]
    if gone and not same_key:
        raise RollbackError(
            f"{file} had secrets that it has no more, encrypted otherwise: {', '.join(gone)}; "
            f"set them first: {'; '.join(f'pulumi config set --secret {key}' for key in gone)}"
        )
    secrets = {key: present[key] for key in encrypted if key in present}
    encryption = {key: now[key] for key in _ENCRYPTION if key in now}
    rest = {key: value for key, value in before.items() if key not in _ENCRYPTION}
    return {**encryption, **rest, "config": {**config, **secrets}}


def differing_pins(root: Path, tree: Path) -> list[str]:
    """What to know of packages: the commit's code is run with those of today."""
    return [
        f"{name} of that commit differs from today's, whose packages are used; where that matters, check the commit out and `make up` there"
        for name in _PINS
        if _text(root / name) != _text(tree / name)
    ]


def _text(file: Path) -> str:
    return file.read_text() if file.is_file() else ""


def _run(tree: Path, command: str, place: Target, environment: str, say: Say) -> None:
    """One command of the engine by the commit's code; a Ctrl-C ends it as it would end our own."""
    words = [command, place.name, str(place.kubeconfig), str(place.state), place.s3 or "", environment]
    interrupts = Interrupts(say)
    sys.stdout.flush()  # what was said comes before what the other process says
    with (
        interrupts,
        subprocess.Popen(
            [sys.executable, "-P", "-u", str(_AT_COMMIT), *words],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            start_new_session=True,
        ) as process,
    ):
        interrupts.pass_to(cast("subprocess.Popen[str]", process))
        process.wait()
    if interrupts.heard:
        raise KeyboardInterrupt
    if process.returncode != 0:
        raise RollbackError(f"the {command} failed; why is above. The state is intact: the same command goes on from here")


def _git(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
