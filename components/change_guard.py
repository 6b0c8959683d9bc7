"""The guard at work: asks the engine what was deployed before, and refuses what could lose something before anything is registered."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pulumi
from pydantic import ValidationError

from components.intent import images, intent
from guard.change import NOTHING, Change
from guard.changes import changes
from guard.images import ended, standing
from guard.intent import Intent
from guard.verdict import judge
from model.documents import mapping
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


def guarded(environment: Environment) -> dict[str, object]:
    """What the environment is, to be exported as ``OUTPUT``.

    Raises RunError with all that must not happen. Tells what was accepted, and what of the accepted is about nothing.
    """
    new, running, today = intent(environment), images(environment), datetime.now(UTC).date()
    ends, production = read_ends_of_life(ROOT), environment.settings.cluster.production
    found = [*_since_previous(new, today), *standing(running, ends, today, production=production)]
    verdict = judge(found, environment.settings.accept)
    if verdict.refused:
        raise pulumi.RunError(verdict.refusal(stack_file(environment.name)))
    told = () if production else ended(running, ends, today)
    for warning in (*verdict.warnings(), *map(str, told)):
        pulumi.log.warn(warning)
    return new.exported()


def _since_previous(new: Intent, today: date) -> tuple[Change, ...]:
    """What changed since the previous deployment; nothing when there was none."""
    try:
        previous = Intent.model_validate(_outputs().get(OUTPUT, {}))
    except ValidationError:
        return (_UNREADABLE,)
    return changes(previous, new, today)


def _outputs() -> dict[str, object]:
    """This stack's own outputs of its last deployment, from the engine itself: there at preview and update, whoever started them."""
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    answer = cast("object", pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value)
    return mapping(mapping(answer).get("outputs"))
