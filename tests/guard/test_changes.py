"""Each change that could lose something is told with its reason and its way out; its harmless twin is not."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest

from components.intent import intent
from guard.change import Change
from guard.changes import changes
from guard.intent import Intent, Volume
from guard.verdict import judge
from tests.components.environments import NAMES, environment

TODAY = date(2026, 11, 30)
LOKI, PROMETHEUS, GRAFANA = (
    "StatefulSet observability/loki",
    "StatefulSet observability/prometheus",
    "PersistentVolumeClaim observability/grafana-data",
)
SIDES = "app.kubernetes.io/instance=loki,app.kubernetes.io/name=loki"

Edit = Callable[[Intent], Intent]


def prod() -> Intent:
    """What prod deployed, with a volume of Grafana beside it."""
    given = intent(environment("prod"))
    return given.model_copy(update={"volumes": {**given.volumes, GRAFANA: Volume(size="2Gi", storage_class="gp3")}})


def group(name: str, **values: str | None) -> Edit:
    """An intent with entries of a group set, or taken away; the names are written with _ for what no Python name may have."""

    def edit(given: Intent) -> Intent:
        entries: dict[str, str] = dict(getattr(given, name))
        for key, value in values.items():
            entries = {**{one: text for one, text in entries.items() if one != key}, **({key: value} if value else {})}
        return given.model_copy(update={name: entries})

    return edit


def volume(name: str, **fields: object) -> Edit:
    """An intent with fields of one volume set; the volume is gone when there are none."""

    def edit(given: Intent) -> Intent:
        rest = {one: found for one, found in given.volumes.items() if one != name}
        changed = {name: given.volumes[name].model_copy(update=fields)} if fields else {}
        return given.model_copy(update={"volumes": {**rest, **changed}})

    return edit


def fixed(name: str, field: str, value: str) -> Edit:
    """An intent with one of the fields changed that a StatefulSet keeps."""
    return lambda given: volume(name, fixed={**given.volumes[name].fixed, field: value})(given)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A change that is told, and a twin of it that is not."""

    edit: Edit
    line: str
    why: str
    way_out: str
    harmless: Edit


CASES: dict[str, Case] = {
    "the past of Loki's schema is edited": Case(
        edit=group("log_schema", **{"2026-01-01": "tsdb v13 other_ 24h"}),
        line="Loki schema from 2026-01-01: tsdb v13 index_ 24h -> tsdb v13 other_ 24h",
        why="unreadable",
        way_out="append a period",
        harmless=group("log_schema", **{"2027-01-01": "tsdb v13 other_ 24h"}),
    ),
    "a period of Loki's schema is taken away": Case(
        edit=group("log_schema", **{"2026-01-01": None, "2027-01-01": "tsdb v13 other_ 24h"}),
        line="Loki schema from 2026-01-01: tsdb v13 index_ 24h -> nothing",
        why="unreadable",
        way_out="restore configs/loki/schema.yaml",
        harmless=lambda given: given,
    ),
    "a period of Loki's schema is backdated": Case(
        edit=group("log_schema", **{"2026-11-30": "tsdb v13 other_ 24h"}),
        line="Loki schema from 2026-11-30: nothing -> tsdb v13 other_ 24h",
        why="unreadable",
        way_out="that is to come",
        harmless=group("log_schema", **{"2026-12-01": "tsdb v13 other_ 24h"}),
    ),
    "a volume of a StatefulSet shrinks": Case(
        edit=volume(PROMETHEUS, size="100Gi"),
        line=f"{PROMETHEUS} size: 200Gi -> 100Gi",
        why="cannot shrink",
        way_out="move replica by replica",
        harmless=volume(PROMETHEUS, size=f"{200 * 1024}Mi"),
    ),
    "a volume by itself shrinks": Case(
        edit=volume(GRAFANA, size="1Gi"),
        line=f"{GRAFANA} size: 2Gi -> 1Gi",
        why="cannot shrink",
        way_out="keep the size",
        harmless=volume(GRAFANA, size="3Gi"),
    ),
    "volumeClaimTemplates ask for more": Case(
        edit=volume(LOKI, size="80Gi"),
        line=f"{LOKI} size: 50Gi -> 80Gi",
        why="do not grow by this",
        way_out="docs/decisions/0005-volumes.md",
        harmless=volume(LOKI, size="51200Mi"),
    ),
    "volumeClaimTemplates have another class": Case(
        edit=volume(LOKI, storage_class="io2"),
        line=f"{LOKI} storage class: observability -> io2",
        why="only the setting says otherwise",
        way_out="another volume",
        harmless=volume(LOKI, storage_class="observability"),
    ),
    "a volume by itself has another class": Case(
        edit=volume(GRAFANA, storage_class="io2"),
        line=f"{GRAFANA} storage class: gp3 -> io2",
        why="deleted and made anew, empty",
        way_out="copy its content",
        harmless=volume(GRAFANA, storage_class="gp3"),
    ),
    "volumeClaimTemplates have another name": Case(
        edit=volume(LOKI, template="storage ReadWriteOnce"),
        line=f"{LOKI} volume: data ReadWriteOnce -> storage ReadWriteOnce",
        why="Kubernetes refuses",
        way_out="leave name",
        harmless=volume(LOKI, template="data ReadWriteOnce"),
    ),
    "replicas that hold what no other does go": Case(
        edit=volume(LOKI, replicas=1),
        line=f"{LOKI} replicas: 3 -> 1",
        why="out of reach",
        way_out="one by one",
        harmless=volume(LOKI, replicas=5),
    ),
    "a StatefulSet gets its names from another Service": Case(
        edit=fixed(LOKI, "spec.serviceName", "loki-peers"),
        line=f"{LOKI} spec.serviceName: loki-headless -> loki-peers",
        why="made anew",
        way_out="--cascade=orphan",
        harmless=fixed(LOKI, "spec.somethingNew", "new"),
    ),
    "a StatefulSet goes": Case(
        edit=volume(LOKI),
        line=f"{LOKI}: 50Gi -> nothing",
        why="its volumes stay",
        way_out="save what is still needed",
        harmless=lambda given: given.model_copy(update={"volumes": {**given.volumes, "StatefulSet a/b": Volume(size="1Gi")}}),
    ),
    "a volume by itself goes": Case(
        edit=volume(GRAFANA),
        line=f"{GRAFANA}: 2Gi -> nothing",
        why="deleted with its data",
        way_out="save what is still needed",
        harmless=lambda given: given,
    ),
    "the bucket is renamed": Case(
        edit=group("places", **{"logs.bucket.name": "logs"}),
        line="logs.bucket.name: dharma-observability-logs-prod -> logs",
        why="the old logs stay in the old one",
        way_out="aws s3 sync",
        harmless=group("places", **{"something.new": "new"}),
    ),
    "the bucket moves": Case(
        edit=group("places", **{"logs.bucket.region": "eu-west-1"}),
        line="logs.bucket.region: eu-central-1 -> eu-west-1",
        why="cannot move",
        way_out="keep the region",
        harmless=lambda given: given,
    ),
    "the key of the bucket is another": Case(
        edit=group("places", **{"logs.bucket.kmsKey": None}),
        line="logs.bucket.kmsKey: arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000 -> nothing",
        why="could not be read",
        way_out="encrypt the objects anew",
        harmless=lambda given: given,
    ),
    "the bucket is not protected any more": Case(
        edit=group("places", **{"logs.bucket.protect": None}),
        line="logs.bucket.protect: true -> nothing",
        why="could delete the bucket",
        way_out="leave it protected",
        harmless=lambda given: given,
    ),
    "volumes do not outlive the platform any more": Case(
        edit=group("places", **{"cluster.keepVolumes": None}),
        line="cluster.keepVolumes: true -> nothing",
        why="deletes the namespace",
        way_out="leave them kept",
        harmless=lambda given: given,
    ),
    "the cluster has another name": Case(
        edit=group("places", **{"cluster.name": "production"}),
        line="cluster.name: prod -> production",
        why="deleted and made anew",
        way_out="make new-env",
        harmless=lambda given: given,
    ),
    "a selector is changed": Case(
        edit=group("selectors", **{"observability/loki": "app=loki"}),
        line=f"selector of observability/loki: {SIDES} -> app=loki",
        why="made anew",
        way_out="--cascade=orphan",
        harmless=group("selectors", **{"observability/new": "app=new"}),
    ),
    "metrics are kept for less long": Case(
        edit=group("retention", **{"prometheus.retention": "7d"}),
        line="prometheus.retention: 30d -> 7d",
        why="older than 7d is deleted",
        way_out="export first",
        harmless=group("retention", **{"prometheus.retention": "720h"}),
    ),
    "logs are kept for less long": Case(
        edit=group("retention", **{"logs.retention": "7d"}),
        line="logs.retention: 30d -> 7d",
        why="older than 7d is deleted",
        way_out="keep the retention",
        harmless=group("retention", **{"logs.retention": "60d"}),
    ),
    "traces are kept for less long": Case(
        edit=group("retention", **{"traces.retention": "2d"}),
        line="traces.retention: 3d -> 2d",
        why="older than 2d is deleted",
        way_out="keep the retention",
        harmless=group("retention", **{"traces.retention": "4d"}),
    ),
    "a class of logs goes": Case(
        edit=lambda given: group("classes", audit=None)(group("retention", **{"logs.classes.audit.retention": None})(given)),
        line="logs.classes.audit.retention: 90d -> 30d",
        why="older than 30d is deleted",
        way_out="keep the retention",
        harmless=lambda given: group("classes", audit=None)(
            group("retention", **{"logs.classes.audit.retention": None, "logs.retention": "90d"})(given)
        ),
    ),
    "a class of logs comes that is kept for less long": Case(
        edit=lambda given: group("classes", debug='{level="debug"}')(group("retention", **{"logs.classes.debug.retention": "2d"})(given)),
        line="logs.classes.debug.retention: 30d -> 2d",
        why="older than 2d is deleted",
        way_out="keep the retention",
        harmless=lambda given: group("classes", debug='{level="debug"}')(
            group("retention", **{"logs.classes.debug.retention": "60d"})(given)
        ),
    ),
    "a class of logs has other streams": Case(
        edit=group("classes", audit='{service="payments"}'),
        line='logs.classes.audit.selector: {service="auth"} -> {service="payments"}',
        why="kept for 30d",
        way_out="add a class",
        harmless=lambda given: group("classes", audit='{service="payments"}')(group("retention", **{"logs.retention": "90d"})(given)),
    ),
    "a component goes back by a minor version": Case(
        edit=group("versions", loki="3.6.9"),
        line="version of loki: 3.7.8 -> 3.6.9",
        why="a downgrade",
        way_out="keep 3.7.8",
        harmless=group("versions", loki="3.7.1"),
    ),
    "Elasticsearch goes back by a patch": Case(
        edit=group("versions", elasticsearch="9.4.0"),
        line="version of elasticsearch: 9.4.1 -> 9.4.0",
        why="refuses to start",
        way_out="keep 9.4.1",
        harmless=group("versions", elasticsearch="9.4.2"),
    ),
    "a component jumps over a major version": Case(
        edit=group("versions", prometheus="v5.0.0"),
        line="version of prometheus: v3.15.0 -> v5.0.0",
        why="skips a major version: 4",
        way_out="the last 4.x first",
        harmless=group("versions", prometheus="v4.0.0"),
    ),
    "a component goes back by a major version": Case(
        edit=group("versions", **{"node-exporter": "v0.18.1"}),
        line="version of node-exporter: v1.12.1 -> v0.18.1",
        why="a downgrade",
        way_out="keep v1.12.1",
        harmless=group("versions", **{"node-exporter": "v1.13.0"}),
    ),
}
BEFORE: dict[str, Edit] = {"Elasticsearch goes back by a patch": group("versions", elasticsearch="9.4.1")}
"""What lies before a case, where it is not prod as it is."""


def found(name: str, edit: Edit) -> tuple[Change, ...]:
    """What the guard finds when prod is edited."""
    before = BEFORE.get(name, lambda given: given)(prod())
    return changes(before, edit(before), TODAY)


@pytest.mark.parametrize("name", CASES)
def test_a_change_that_could_lose_something_is_refused_with_the_way_out(name: str) -> None:
    case = CASES[name]
    change = next(change for change in found(name, case.edit) if change.line == case.line)
    assert case.why in change.why
    assert case.way_out in change.way_out
    verdict = judge([change], [])
    assert verdict.refused == (change,)
    assert str(change) in verdict.refusal("Pulumi.prod.yaml")


@pytest.mark.parametrize("name", CASES)
def test_it_is_accepted_by_its_line_alone(name: str) -> None:
    given = found(name, CASES[name].edit)
    assert judge(given, [change.line for change in given]).refused == ()
    for other in given:
        assert judge(given, [change.line for change in given if change != other]).refused == (other,)


@pytest.mark.parametrize("name", CASES)
def test_its_harmless_twin_passes(name: str) -> None:
    assert found(name, CASES[name].harmless) == ()


@pytest.mark.parametrize("name", NAMES)
def test_what_stays_as_it_is_passes(name: str) -> None:
    given = intent(environment(name))
    assert changes(given, given, TODAY) == ()
    assert changes(Intent(), given, TODAY) == ()


def test_a_part_that_is_not_wanted_any_more_is_told_with_all_that_goes() -> None:
    whole = environment("prod")
    without = replace(whole, settings=whole.settings.model_copy(update={"logs": None}))
    given = changes(intent(whole), intent(without), TODAY)
    assert f"{LOKI}: 50Gi -> nothing" in [change.line for change in given]
    assert "logs.bucket.name: dharma-observability-logs-prod -> nothing" in [change.line for change in given]
