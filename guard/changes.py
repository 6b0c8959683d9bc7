"""What lies between two intents that could lose something: each with the reason and the way out."""

from collections.abc import Iterator
from datetime import date

from guard.change import NOTHING, Change
from guard.intent import CLAIM, STATEFUL_SET, Intent, Volume, class_key
from guard.versions import version_changes
from model.quantities import Duration, Size

_PLACES: dict[str, tuple[str, str]] = {
    "cluster.name": (
        "the provider takes it for another cluster: every object would be deleted and made anew, with all volumes of StatefulSets orphaned",
        "keep the name; for a new cluster make a new environment (`make new-env`) and move its users there",
    ),
    "cluster.keepVolumes": (
        "`pulumi destroy` deletes the namespace, and all volumes in it, from then on",
        "leave them kept; accept only where metrics, logs and traces may be lost at any time",
    ),
    "logs.bucket.name": (
        "another bucket: the old logs stay in the old one, or go with it where it is not protected, and no query finds them any more",
        "keep the name; or copy all objects to the new bucket first (`aws s3 sync`), then accept",
    ),
    "logs.bucket.region": (
        "a bucket cannot move: it would be made anew in the other region, and the old logs could not be queried",
        "keep the region; or make another bucket there under another name and copy all objects first",
    ),
    "logs.bucket.endpoint": (
        "another S3: the old logs stay on the old one and cannot be queried",
        "copy all objects to a bucket of the same name on the new S3 first, then accept",
    ),
    "logs.bucket.kmsKey": (
        "Loki may then use the new key alone: all logs so far, and the index, are encrypted with the old one and could not be read",
        "encrypt the objects anew with the new key first (`aws s3 cp --recursive --sse aws:kms --sse-kms-key-id ... s3://B s3://B`)",
    ),
    "logs.bucket.protect": (
        "a later change, or `pulumi destroy`, could delete the bucket with all logs",
        "leave it protected; accept only where the logs may be lost at any time",
    ),
    "traces.external.url": (
        "another storage: the traces so far stay in the old one and are not found any more",
        "wait until their retention is over, or copy the indices `jaeger-*` first, then accept",
    ),
    "grafana.database": (
        "another database: users, stars, annotations and dashboards made by hand stay in the old one",
        "dump the old database and restore it into the new one first, then accept",
    ),
}
"""By place: what a change of it does, and the way out."""


def changes(previous: Intent, new: Intent, today: date) -> tuple[Change, ...]:
    """Everything that must be meant, on ``today`` (UTC). Facts that the previous deployment did not have cannot be changed."""
    return (
        *_places(previous, new),
        *_volumes(previous, new),
        *_selectors(previous, new),
        *_retention(previous, new),
        *_classes(previous, new),
        *_log_schema(previous, new, today),
        *version_changes(previous.versions, new.versions),
    )


def _places(previous: Intent, new: Intent) -> Iterator[Change]:
    for key, before in previous.places.items():
        after = new.places.get(key, NOTHING)
        if after != before and key in _PLACES:
            why, way_out = _PLACES[key]
            yield Change(what=key, before=before, after=after, why=why, way_out=way_out)


def _volumes(previous: Intent, new: Intent) -> Iterator[Change]:
    for name, before in previous.volumes.items():
        if name in new.volumes:
            yield from _volume(name, before, new.volumes[name])
        else:
            keeps = "its volumes stay, but nothing uses them" if name.startswith(STATEFUL_SET) else "its volume is deleted with its data"
            yield Change(
                what=name,
                before=before.size,
                after=NOTHING,
                why=f"it is deleted: {keeps}",
                way_out="save what is still needed first; what is only switched off for a while is better left running",
            )


def _volume(name: str, before: Volume, after: Volume) -> Iterator[Change]:
    yield from _size(name, before, after)
    if before.storage_class != after.storage_class:
        if name.startswith(CLAIM):
            why, way_out = "the volume is deleted and made anew, empty", "copy its content to a volume of the new class first"
        else:
            why = "volumes that exist stay as they are, and new ones come in the old class too: only the setting says otherwise"
            way_out = "move replica by replica (docs/decisions/0013-change-guard.md, another volume), then accept"
        yield Change(what=f"{name} storage class", before=before.storage_class, after=after.storage_class, why=why, way_out=way_out)
    if before.template and before.template != after.template:
        yield Change(
            what=f"{name} volume",
            before=before.template,
            after=after.template,
            why="Kubernetes refuses another volumeClaimTemplate, and the pods would look for volumes that are not there",
            way_out="leave name and access mode as they are",
        )
    if after.replicas < before.replicas:
        yield Change(
            what=f"{name} replicas",
            before=str(before.replicas),
            after=str(after.replicas),
            why="what is only on the volumes of those that go (shards, lines not yet on S3, spans that wait) is out of reach",
            way_out="take them away one by one and let each hand over what it has first (Elasticsearch: exclude the node from allocation)",
        )
    for field in sorted(before.fixed.keys() & after.fixed.keys()):
        if before.fixed[field] != after.fixed[field]:
            yield _replaced(f"{name} {field}", before.fixed[field], after.fixed[field])


def _size(name: str, before: Volume, after: Volume) -> Iterator[Change]:
    old, new = Size.of(before.size), Size.of(after.size)
    if old is None or new is None or old.bytes == new.bytes:
        return
    what = f"{name} size"
    if new.bytes < old.bytes:
        why = "a volume cannot shrink: it stays as large as it is, and what is reckoned from the setting is wrong"
        way_out = "keep the size; or move replica by replica (docs/decisions/0013-change-guard.md, another volume), then accept"
        yield Change(what=what, before=before.size, after=after.size, why=why, way_out=way_out)
    elif name.startswith(STATEFUL_SET):
        why = "volumes that exist do not grow by this, but the program reckons with the new size and fills the old one"
        way_out = "make the volumes larger first, in three steps: docs/decisions/0005-volumes.md; then accept"
        yield Change(what=what, before=before.size, after=after.size, why=why, way_out=way_out)


def _selectors(previous: Intent, new: Intent) -> Iterator[Change]:
    for name in sorted(previous.selectors.keys() & new.selectors.keys()):
        if previous.selectors[name] != new.selectors[name]:
            yield _replaced(f"selector of {name}", previous.selectors[name], new.selectors[name])


def _replaced(what: str, before: str, after: str) -> Change:
    return Change(
        what=what,
        before=before,
        after=after,
        why="it cannot change in place: the workload is deleted with all its pods at once, and made anew",
        way_out="leave it; where it must be, delete the workload with `kubectl delete --cascade=orphan` while nobody works, then accept",
    )


def _retention(previous: Intent, new: Intent) -> Iterator[Change]:
    """A class that is not there is kept as all other logs are."""
    others = (previous.retention.get("logs.retention"), new.retention.get("logs.retention"))
    for key in dict.fromkeys([*previous.retention, *new.retention]):
        is_class = key in {class_key(name) for name in {*previous.classes, *new.classes}}
        before, after = (side.retention.get(key, other if is_class else None) for side, other in zip((previous, new), others, strict=True))
        old, late = Duration.of(before), Duration.of(after)
        if old is not None and late is not None and late.seconds < old.seconds:
            yield Change(
                what=key,
                before=old,
                after=late,
                why=f"what is older than {late} is deleted within hours of the deployment, and cannot be had back",
                way_out="keep the retention; or export first what must stay, then accept",
            )


def _classes(previous: Intent, new: Intent) -> Iterator[Change]:
    """A class with other streams: those that leave it are kept as all other logs are."""
    for name in sorted(previous.classes.keys() & new.classes.keys()):
        kept, others = (Duration.of(new.retention.get(key)) for key in (class_key(name), "logs.retention"))
        if previous.classes[name] != new.classes[name] and kept and others and kept.seconds != others.seconds:
            yield Change(
                what=f"logs.classes.{name}.selector",
                before=previous.classes[name],
                after=new.classes[name],
                why=f"streams that change sides are kept for {min(kept, others, key=lambda one: one.seconds)}: what is older is deleted",
                way_out="add a class for the new streams beside this one, and take this one away when its retention is over",
            )


def _log_schema(previous: Intent, new: Intent, today: date) -> Iterator[Change]:
    """Periods that have begun: what was stored under them is read as they say."""
    for start in sorted({*previous.log_schema, *new.log_schema} if previous.log_schema and new.log_schema else ()):
        before, after = previous.log_schema.get(start, NOTHING), new.log_schema.get(start, NOTHING)
        if before != after and date.fromisoformat(start) <= today:
            yield Change(
                what=f"Loki schema from {start}",
                before=before,
                after=after,
                why="logs since that day are stored as it was, and Loki would look for them as it is: they would be unreadable",
                way_out="restore configs/loki/schema.yaml, append a period that is to come (docs/decisions/0007-loki-schema.md)",
            )
