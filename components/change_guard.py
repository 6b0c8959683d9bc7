"""The guard at work: holds an environment against what was deployed before, and refuses what could lose something."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pulumi
from pydantic import ValidationError

from components.intent import images, intent
from guard.change import NOTHING, Change
from guard.changes import changes
from guard.images import ended, standing
from guard.intent import Intent
from guard.verdict import judge
from model.end_of_life import read_ends_of_life
from model.environment import Environment
from model.stack import stack_file

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = "intent"
"""The output of the stack that tells the next deployment what this one was."""

_UNREADABLE = Change(
    what=f"output {OUTPUT}",
    before="of another form",
    after=NOTHING,
    why="the previous deployment was of a version of this program that describes itself otherwise: no change of it can be judged",
    way_out="deploy with the version that made it, or compare `pulumi stack output intent` with the settings by eye",
)


def guarded(environment: Environment, outputs: Mapping[str, object]) -> dict[str, object]:
    """What the environment is, to be exported as ``OUTPUT``; ``outputs`` are those of its last deployment.

    Raises RunError with all that must not happen. Tells what was accepted, and what of the accepted is about nothing.
    """
    new, running, today = intent(environment), images(environment), datetime.now(UTC).date()
    ends, production = read_ends_of_life(ROOT), environment.settings.cluster.production
    found = [*_since_previous(outputs, new, today), *standing(running, ends, today, production=production)]
    verdict = judge(found, environment.settings.accept)
    if verdict.refused:
        raise pulumi.RunError(verdict.refusal(stack_file(environment.name)))
    told = () if production else ended(running, ends, today)
    for warning in (*verdict.warnings(), *map(str, told)):
        pulumi.log.warn(warning)
    return new.exported()


def _since_previous(outputs: Mapping[str, object], new: Intent, today: date) -> tuple[Change, ...]:
    """What changed since the previous deployment; nothing when there was none."""
    try:
        previous = Intent.model_validate(outputs.get(OUTPUT, {}))
    except ValidationError:
        return (_UNREADABLE,)
    return changes(previous, new, today)
