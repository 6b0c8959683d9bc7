"""Versions of programs: which way a change of one goes, and by how much."""

import re
from collections.abc import Iterator

from guard.change import Change

_ANY_DOWNGRADE = ("elasticsearch",)
"""Programs that do not start on the data of any later version, be it a patch."""

_STATE = {
    "prometheus": "its blocks and its write-ahead log may be of a form that the older one does not read",
    "alertmanager": "silences and the log of what was told may be of a form that the older one does not read",
    "grafana": "its database was migrated when the newer one started, and no migration goes back",
    "loki": "index and chunks on S3 may be of a form that the older one does not read",
    "elasticsearch": "a node refuses to start on data that a newer one has written",
    "opentelemetry-collector": "spans that wait on its volumes may be of a form that the older one does not read",
}
"""What the programs keep for their successors."""


def parsed(version: str) -> tuple[int, int, int] | None:
    """Major, minor and patch of a tag such as ``v3.15.0``; None for what has no numbers."""
    found = re.match(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    return (int(found[1]), int(found[2] or 0), int(found[3] or 0)) if found else None


def version_changes(before: dict[str, str], after: dict[str, str]) -> Iterator[Change]:
    """Downgrades, and steps over a major version, of programs that run on both sides."""
    for program in sorted(before.keys() & after.keys()):
        old, new = parsed(before[program]), parsed(after[program])
        if old is None or new is None or old == new:
            continue
        parts = 3 if program in _ANY_DOWNGRADE else 2
        if new[:parts] < old[:parts]:
            yield Change(
                what=f"version of {program}",
                before=before[program],
                after=after[program],
                why=f"a downgrade: {_STATE.get(program, 'what relies on the newer one (its options, its metrics) may not work any more')}",
                way_out=f"keep {before[program]} in configs/versions.yaml and fix forward"
                + ("; to go back all the same, first restore its data from before the upgrade" if program in _STATE else ""),
            )
        elif new[0] > old[0] + 1:
            yield Change(
                what=f"version of {program}",
                before=before[program],
                after=after[program],
                why=f"skips a major version: {old[0] + 1} migrates what {old[0]} stored and was configured with, {new[0]} need not know it",
                way_out=f"deploy the last {old[0] + 1}.x first, let it run until its data is migrated, then {after[program]}",
            )
