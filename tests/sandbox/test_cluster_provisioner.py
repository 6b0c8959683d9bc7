"""Claims, and the volumes that the provisioner makes, grows and removes for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from sandbox.cluster.provisioner import PROVISIONER, Provisioner
from sandbox.kube import Kube, Object

CLAIMS, VOLUMES = "/api/v1/persistentvolumeclaims", "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
KEPT: Object = {"metadata": {"name": "kept"}, "reclaimPolicy": "Retain"}


class _Kube(Kube):
    """Answers from lists and records what it is asked to change."""

    def __init__(self, claims: list[Object], volumes: list[Object]) -> None:
        self.calls: list[tuple[str, str, object]] = []
        self._answers = {CLAIMS: claims, VOLUMES: volumes, CLASSES: [KEPT]}

    def list(self, path: str) -> list[Object]:
        return self._answers[path]

    def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None, kind: str = "application/json"
    ) -> Object:
        assert query is None
        assert kind == ("application/merge-patch+json" if method == "PATCH" else "application/json")
        self.calls.append((method, path, body))
        return {}


def _claim(phase: str = "Pending", size: str = "1Gi", **spec: object) -> Object:
    bound = {"volumeName": "pvc-u1"} if phase == "Bound" else {}
    return {
        "metadata": {"name": "data", "namespace": "demo", "uid": "u1"},
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": size}},
            **bound,
            **spec,
        },
        "status": {"phase": phase, **({"capacity": {"storage": "1Gi"}} if phase == "Bound" else {})},
    }


def _volume(phase: str, policy: str = "Delete", by: str = PROVISIONER) -> Object:
    return {
        "metadata": {"name": "pvc-u1", "annotations": {"pv.kubernetes.io/provisioned-by": by}},
        "spec": {"storageClassName": "standard", "persistentVolumeReclaimPolicy": policy},
        "status": {"phase": phase},
    }


def _reconcile(directory: Path, claims: list[Object], volumes: list[Object]) -> list[tuple[str, str, object]]:
    kube = _Kube(claims, volumes)
    Provisioner(kube, directory).reconcile()
    return kube.calls


def test_a_claim_gets_a_directory_that_any_user_may_write(tmp_path: Path) -> None:
    [(method, path, body)] = _reconcile(tmp_path, [_claim()], [])
    assert (method, path) == ("POST", VOLUMES)
    assert (tmp_path / "pvc-u1").stat().st_mode & 0o777 == 0o777
    spec: Object = cast(Object, body)["spec"]
    assert spec["local"] == {"path": str(tmp_path / "pvc-u1")}
    assert spec["claimRef"]["uid"] == "u1"
    [term] = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [{"key": "kubernetes.io/hostname", "operator": "Exists"}], "a pod may go to any node"


@pytest.mark.parametrize(
    "claim",
    [_claim(storageClassName=""), _claim(volumeMode="Block"), _claim(volumeName="chosen"), _claim("Bound")],
    ids=["without a class", "a block device", "a volume of the user's", "bound"],
)
def test_other_claims_are_left_alone(tmp_path: Path, claim: Object) -> None:
    assert _reconcile(tmp_path, [claim], []) == []


@pytest.mark.parametrize(("name", "policy"), [("kept", "Retain"), ("standard", "Delete"), ("of another cluster", "Delete")])
def test_a_claim_of_any_class_gets_a_volume_that_outlives_it_if_the_class_says_so(name: str, policy: str, tmp_path: Path) -> None:
    [(_, _, body)] = _reconcile(tmp_path, [_claim(storageClassName=name)], [])
    spec: Object = cast(Object, body)["spec"]
    assert (spec["storageClassName"], spec["persistentVolumeReclaimPolicy"]) == (name, policy)


def test_a_volume_of_another_provisioner_is_left_alone(tmp_path: Path) -> None:
    assert _reconcile(tmp_path, [], [_volume("Released", by="ebs.csi.aws.com")]) == []


def test_a_volume_is_made_once(tmp_path: Path) -> None:
    assert _reconcile(tmp_path, [_claim()], [_volume("Available")]) == []


def test_a_claim_grows(tmp_path: Path) -> None:
    calls = _reconcile(tmp_path, [_claim("Bound", "2Gi")], [_volume("Bound")])
    assert calls == [
        ("PATCH", f"{VOLUMES}/pvc-u1", {"spec": {"capacity": {"storage": "2Gi"}}}),
        ("PATCH", "/api/v1/namespaces/demo/persistentvolumeclaims/data/status", {"status": {"capacity": {"storage": "2Gi"}}}),
    ]


def test_a_released_volume_goes_with_its_directory(tmp_path: Path) -> None:
    (tmp_path / "pvc-u1").mkdir()
    assert _reconcile(tmp_path, [], [_volume("Released")]) == [("DELETE", f"{VOLUMES}/pvc-u1", None)]
    assert not (tmp_path / "pvc-u1").exists()


def test_a_retained_volume_stays(tmp_path: Path) -> None:
    (tmp_path / "pvc-u1").mkdir()
    assert _reconcile(tmp_path, [], [_volume("Released", "Retain")]) == []
    assert (tmp_path / "pvc-u1").exists()
