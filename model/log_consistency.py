"""What must fit together among the settings of logs: promises that Loki or S3 would not keep are refused before they lose anything."""

from collections.abc import Iterator

from model.documents import Document, each, mapping
from model.errors import Finding
from model.logs import SHORTEST_RETENTION, region_of, shortest_expiration_days
from model.quantities import Duration, Size

_DAY = 86400
_CACHE_SHARE = 0.5
"""The rest of the memory is for lines that are not on S3 yet, and for queries."""

_VOUCHERS = ("oidcProvider", "eksCluster")
"""Who may vouch for the service account that uses the bucket."""


def check_logs(settings: Document) -> Iterator[Finding]:
    """Retention, lifecycle, region, access, replicas and memory of the settings' ``logs``."""
    logs = mapping(settings.content.get("logs"))
    yield from _check_retention(settings.file, logs)
    yield from _check_region(settings.file, mapping(logs.get("bucket")))
    yield from _check_voucher(settings.file, mapping(logs.get("bucket")))
    if logs.get("replicas") == 2:
        problem = "2 was given: with two copies, the loss of one server stops all writing"
        yield Finding(file=settings.file, key="logs.replicas", problem=problem, allowed="1, or 3 and more")
    memory, cache = Size.of(mapping(logs.get("resources")).get("memory")), Size.of(logs.get("resultCache"))
    if memory and cache and cache.bytes > memory.bytes * _CACHE_SHARE:
        yield Finding(
            file=settings.file,
            key="logs.resultCache",
            problem=f"'{cache}' was given",
            allowed=f"at most half of resources.memory ({memory})",
        )


def _check_retention(file: str, logs: dict[str, object]) -> Iterator[Finding]:
    """Every retention as long as Loki can keep, and none longer than the bucket's."""
    retentions: list[Duration] = []
    for key, value in [("retention", logs.get("retention")), *each(logs, "classes", "*", "retention")]:
        retention = Duration.of(value)
        if retention is None:
            continue
        retentions.append(retention)
        if retention.seconds < SHORTEST_RETENTION.seconds:
            allowed = f"{SHORTEST_RETENTION} or longer: the index of Loki has a period of one day"
            yield Finding(file=file, key=f"logs.{key}", problem=f"'{retention}' was given", allowed=allowed)
    expiration = Duration.of(mapping(logs.get("bucket")).get("expiration"))
    if retentions and expiration:
        longest = max(retentions, key=lambda duration: duration.seconds)
        shortest = shortest_expiration_days(longest)
        if expiration.seconds < shortest * _DAY:
            problem = f"'{expiration}' was given: S3 would delete logs that are kept for {longest}"
            allowed = f"{shortest}d or longer, or nothing, and it is derived"
            yield Finding(file=file, key="logs.bucket.expiration", problem=problem, allowed=allowed)


def _check_region(file: str, bucket: dict[str, object]) -> Iterator[Finding]:
    """One region in the settings, in the address of S3 and in the key."""
    region = bucket.get("region")
    if not isinstance(region, str):
        return
    endpoint, key = bucket.get("endpoint"), bucket.get("kmsKey")
    named = region_of(endpoint) if isinstance(endpoint, str) else None
    if named and named != region:
        yield Finding(
            file=file, key="logs.bucket.endpoint", problem=f"'{endpoint}' is in {named}, the bucket in {region}", allowed="one region"
        )
    parts = key.split(":") if isinstance(key, str) else []
    if len(parts) > 3 and parts[3] != region:
        yield Finding(
            file=file, key="logs.bucket.kmsKey", problem=f"'{key}' is in {parts[3]}, the bucket in {region}", allowed="a key of its region"
        )


def _check_voucher(file: str, bucket: dict[str, object]) -> Iterator[Finding]:
    """Just one who vouches for Loki's service account."""
    given = [name for name in _VOUCHERS if bucket.get(name) is not None]
    if bucket and len(given) != 1:
        problem = "both were given" if given else "nobody vouches for Loki's service account"
        yield Finding(file=file, key=f"logs.bucket.{_VOUCHERS[0]}", problem=problem, allowed=f"either {' or '.join(_VOUCHERS)}")
