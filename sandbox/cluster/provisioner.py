"""Volumes for the claims of every storage class, as nothing else here makes any: directories, as `local` volumes, which honour fsGroup.

Run as `python -m sandbox.cluster.provisioner KUBECONFIG DIRECTORY`. A directory has no quota: a claim's size is a label, grown or not.
"""

import shutil
import sys
import time
from pathlib import Path

from pydantic import BaseModel, Field

from sandbox.kube import Kube, KubeError

PROVISIONER = "observability.local/directory"
_PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
_CLAIMS = "/api/v1/persistentvolumeclaims"
_VOLUMES = "/api/v1/persistentvolumes"
_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
_MERGE = "application/merge-patch+json"


class _Metadata(BaseModel):
    name: str
    namespace: str = ""
    uid: str = ""
    annotations: dict[str, str] = {}


class _Resources(BaseModel):
    requests: dict[str, str]


class _ClaimSpec(BaseModel):
    storage_class: str = Field("", alias="storageClassName")
    access_modes: list[str] = Field(alias="accessModes")
    volume_name: str = Field("", alias="volumeName")
    volume_mode: str = Field("Filesystem", alias="volumeMode")
    resources: _Resources


class _Status(BaseModel):
    phase: str = ""
    capacity: dict[str, str] = {}


class Claim(BaseModel):
    """The part of a PersistentVolumeClaim that matters here."""

    metadata: _Metadata
    spec: _ClaimSpec
    status: _Status = _Status()


class _VolumeSpec(BaseModel):
    reclaim_policy: str = Field("", alias="persistentVolumeReclaimPolicy")


class Volume(BaseModel):
    """The part of a PersistentVolume that matters here."""

    metadata: _Metadata
    spec: _VolumeSpec
    status: _Status = _Status()


class Provisioner:
    """Brings volumes in line with claims."""

    def __init__(self, kube: Kube, directory: Path) -> None:
        self._kube = kube
        self._directory = directory

    def reconcile(self) -> None:
        """One pass over all claims and volumes."""
        claims = [Claim.model_validate(claim) for claim in self._kube.list(_CLAIMS)]
        volumes = {volume.metadata.name: volume for volume in map(Volume.model_validate, self._kube.list(_VOLUMES))}
        policies = {str(kind["metadata"]["name"]): str(kind.get("reclaimPolicy", "Delete")) for kind in self._kube.list(_CLASSES)}
        for claim in claims:
            if not claim.spec.storage_class or claim.spec.volume_mode != "Filesystem":
                continue
            if claim.status.phase == "Pending" and not claim.spec.volume_name and _name(claim) not in volumes:
                self._provide(claim, policies.get(claim.spec.storage_class, "Delete"))
            elif claim.status.phase == "Bound" and claim.status.capacity != claim.spec.resources.requests:
                self._resize(claim)
        for volume in volumes.values():
            ours = volume.metadata.annotations.get(_PROVISIONED_BY) == PROVISIONER
            if ours and volume.spec.reclaim_policy == "Delete" and volume.status.phase == "Released":
                self._remove(volume.metadata.name)

    def _provide(self, claim: Claim, policy: str) -> None:
        directory = self._directory / _name(claim)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o777)  # a pod without fsGroup may run as any user
        self._kube.call("POST", _VOLUMES, body=volume_for(claim, directory, policy))
        print(f"{directory.name}: made for {claim.metadata.namespace}/{claim.metadata.name}")

    def _resize(self, claim: Claim) -> None:
        capacity = claim.spec.resources.requests
        self._kube.call("PATCH", f"{_VOLUMES}/{claim.spec.volume_name}", body={"spec": {"capacity": capacity}}, kind=_MERGE)
        status = f"/api/v1/namespaces/{claim.metadata.namespace}/persistentvolumeclaims/{claim.metadata.name}/status"
        self._kube.call("PATCH", status, body={"status": {"capacity": capacity}}, kind=_MERGE)
        print(f"{claim.spec.volume_name}: capacity now {capacity['storage']}")

    def _remove(self, name: str) -> None:
        if (self._directory / name).is_dir():
            shutil.rmtree(self._directory / name)
        self._kube.call("DELETE", f"{_VOLUMES}/{name}")
        print(f"{name}: removed")


def volume_for(claim: Claim, directory: Path, policy: str) -> dict[str, object]:
    """The PersistentVolume that serves a claim from a directory of this machine: of any node, as the only real one is here."""
    here = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": directory.name, "annotations": {_PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "storageClassName": claim.spec.storage_class,
            "capacity": claim.spec.resources.requests,
            "accessModes": claim.spec.access_modes,
            "persistentVolumeReclaimPolicy": policy,
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **claim.metadata.model_dump(exclude={"annotations"})},
            "local": {"path": str(directory)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }


def _name(claim: Claim) -> str:
    return f"pvc-{claim.metadata.uid}"


def main() -> None:
    """Reconcile once a second, for ever."""
    kubeconfig, directory = sys.argv[1:]
    provisioner = Provisioner(Kube(Path(kubeconfig)), Path(directory))
    while True:
        try:
            provisioner.reconcile()
        except (KubeError, OSError) as error:
            print(error)
        time.sleep(1)


if __name__ == "__main__":
    main()
