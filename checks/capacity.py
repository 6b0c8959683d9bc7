"""Whether the disks hold what is promised: the expected volumes of an environment against its settings."""

import math
from collections.abc import Iterator

from model.environment import Environment
from model.errors import Finding
from model.estimates import BYTES_A_SAMPLE, volumes
from model.settings import BLOCKS_SHARE
from model.stack import PROJECT, stack_file

_GIB = 2**30


def capacity_findings(environment: Environment) -> Iterator[Finding]:
    """Promises that the disk would break before the time is over, with the arithmetic."""
    expected, settings = volumes(environment), environment.settings.prometheus
    room = settings.blocks_bytes / _GIB
    if expected.metric_gib_kept > room:
        yield Finding(
            file=stack_file(environment.name),
            key=f"{PROJECT}:prometheus.storage",
            problem=(
                f"{expected.series} series every {settings.scrape_interval} for {settings.retention} at {BYTES_A_SAMPLE:g} bytes a sample "
                f"are {expected.metric_gib_kept:.1f} GiB, but {BLOCKS_SHARE:.0%} of '{settings.storage}' are {room:.1f} GiB"
            ),
            allowed=f"{_needed(expected.metric_gib_kept)}Gi or more, a shorter retention or a longer interval",
        )


def _needed(gib: float) -> int:
    return math.ceil(gib / BLOCKS_SHARE)
