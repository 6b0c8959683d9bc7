"""What images must be whatever was deployed before: pinned by their content, and of a version that still gets fixes."""

from collections.abc import Iterator, Mapping
from datetime import date

from guard.change import Change
from model.end_of_life import EndsOfLife
from model.versions import image_version

DIGEST = "@sha256:"


def standing(images: Mapping[str, str], ends: EndsOfLife, today: date, *, production: bool) -> tuple[Change, ...]:
    """What a production environment is refused for; for others nothing is, as what they run may be lost."""
    return (*unpinned(images), *ended(images, ends, today)) if production else ()


def unpinned(images: Mapping[str, str]) -> Iterator[Change]:
    """Images by program of which another content could come under the same tag; one change for all, as one command pins all."""
    if names := [program for program, image in sorted(images.items()) if DIGEST not in image]:
        yield Change(
            what="images",
            after="without a digest",
            why=f"whoever can write to their registries changes what runs here, under the same tag: {', '.join(names)}",
            way_out="`make digests` writes the digest of each tag into configs/versions.yaml; it needs the registries",
        )


def ended(images: Mapping[str, str], ends: EndsOfLife, today: date) -> Iterator[Change]:
    """Images by program of a series that gets no more fixes."""
    for program, image in sorted(images.items()):
        known = ends.programs.get(program)
        found = known.end_of(image_version(image)) if known else None
        if known and found and found[1] < today:
            series, day = found
            yield Change(
                what=f"{program} {series}",
                after=f"past its end of life on {day}",
                why=f"it gets no more fixes, also not of what attackers know ({known.source})",
                way_out=f"run {known.instead}",
            )
