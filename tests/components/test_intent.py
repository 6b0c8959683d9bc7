"""The facts for the guard are those of what is deployed: each volume, selector, bucket and image."""

import pytest

from components.intent import images, intent, labels
from guard.intent import Volume
from model.documents import each, mapping
from model.versions import image_version
from tests.components.environments import NAMES, environment, resources

FIXED = ("serviceName", "podManagementPolicy", "revisionHistoryLimit")


def objects(name: str, *kinds: str) -> dict[str, dict[str, object]]:
    """The objects of some kinds that an environment deploys, by kind and name."""
    found: dict[str, dict[str, object]] = {}
    for manifest in [one.manifest for one in resources(name) if one.type.startswith("kubernetes:")]:
        metadata = mapping(manifest["metadata"])
        if manifest["kind"] in kinds:
            found[f"{manifest['kind']} {metadata.get('namespace')}/{metadata['name']}"] = manifest
    return found


def volume(claim: dict[str, object], name: str = "") -> Volume:
    """The facts of a volume that is asked for."""
    spec = mapping(claim["spec"])
    [(_, size)] = each(spec, "resources", "requests", "storage")
    modes = ",".join(str(mode) for _, mode in each(spec, "accessModes", "*"))
    return Volume(size=str(size), storage_class=str(spec.get("storageClassName", "default")), template=f"{name} {modes}".strip())


def stateful_set(manifest: dict[str, object], *, shared: bool) -> Volume:
    """The facts of a StatefulSet, of whose replicas all hold the same or not."""
    spec = mapping(manifest["spec"])
    [(_, claim)] = each(spec, "volumeClaimTemplates", "*")
    one = volume(mapping(claim), str(mapping(mapping(claim)["metadata"])["name"]))
    replicas = 1 if shared else int(str(spec["replicas"]))
    return one.model_copy(update={"replicas": replicas, "fixed": {f"spec.{field}": str(spec[field]) for field in FIXED}})


@pytest.mark.parametrize("name", NAMES)
def test_every_volume_is_among_the_facts_as_it_is_deployed(name: str) -> None:
    facts = intent(environment(name)).volumes
    shared = ("observability/prometheus", "observability/alertmanager")
    sets = {key: stateful_set(one, shared=key.endswith(shared)) for key, one in objects(name, "StatefulSet").items()}
    claims = {key: volume(one) for key, one in objects(name, "PersistentVolumeClaim").items()}
    assert facts == {**sets, **claims}
    assert len(sets) > 3


@pytest.mark.parametrize("name", NAMES)
def test_every_selector_is_among_the_facts_as_it_is_deployed(name: str) -> None:
    facts = intent(environment(name)).selectors
    workloads = objects(name, "StatefulSet", "Deployment", "DaemonSet")
    for key, manifest in workloads.items():
        [(_, selector)] = each(manifest, "spec", "selector", "matchLabels")
        assert facts[key.partition(" ")[2]] == labels({label: str(value) for label, value in mapping(selector).items()})
    assert len(workloads) > 10


@pytest.mark.parametrize("name", NAMES)
def test_the_bucket_is_among_the_facts_as_it_is_deployed(name: str) -> None:
    facts = intent(environment(name)).places
    [bucket] = [one for one in resources(name) if one.type == "aws:s3/bucket:Bucket"]
    assert facts["logs.bucket.name"] == bucket.manifest["bucket"]
    assert ("logs.bucket.protect" in facts) is bucket.protected
    keys = [
        key
        for one in resources(name)
        for _, key in each(one.manifest, "rules", "*", "applyServerSideEncryptionByDefault", "kmsMasterKeyId")
    ]
    assert facts.get("logs.bucket.kmsKey") == (keys[0] if keys else None)


@pytest.mark.parametrize("name", NAMES)
def test_every_image_that_runs_is_looked_at_and_no_other(name: str) -> None:
    workloads = objects(name, "StatefulSet", "Deployment", "DaemonSet", "CronJob").values()
    specs = [
        spec
        for one in workloads
        for path in (("spec",), ("spec", "jobTemplate", "spec"))
        for _, spec in each(one, *path, "template", "spec")
    ]
    running = {str(image) for spec in specs for kind in ("containers", "initContainers") for _, image in each(spec, kind, "*", "image")}
    assert set(images(environment(name)).values()) == running
    assert set(intent(environment(name)).versions.values()) == {image_version(image) for image in running}


@pytest.mark.parametrize("name", NAMES)
def test_how_long_signals_are_kept_is_among_the_facts(name: str) -> None:
    given, facts = environment(name).settings, intent(environment(name)).retention
    assert given.logs
    assert given.traces
    expected = {"prometheus.retention": given.prometheus.retention, "logs.retention": given.logs.retention}
    classes = {f"logs.classes.{one}.retention": found.retention for one, found in given.logs.classes.items()}
    assert facts == {**expected, **classes, "traces.retention": given.traces.retention}
