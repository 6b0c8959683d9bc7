"""What a production environment would be refused for whatever is deployed: the part of the guard that needs no previous deployment."""

from collections.abc import Iterator
from datetime import date

from components.intent import images
from guard.images import standing
from guard.verdict import judge
from model.end_of_life import EndsOfLife
from model.environment import Environment
from model.errors import Finding
from model.stack import stack_file


def image_findings(environment: Environment, ends: EndsOfLife, today: date) -> Iterator[Finding]:
    """Images without a digest and versions past their end of life on ``today``, as far as they are not accepted."""
    found = standing(images(environment), ends, today, production=environment.settings.cluster.production)
    for change in judge(found, environment.settings.accept).refused:
        allowed = f"{change.way_out}; or '{change.line}' among observability:accept"
        yield Finding(file=stack_file(environment.name), problem=f"{change.line}: {change.why}", allowed=allowed)
