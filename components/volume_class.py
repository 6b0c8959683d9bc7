"""What the platform's volumes are, where it has a storage class of its own: encrypted, able to grow, in the zone of their pod."""

from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.storage.v1 import StorageClass

from components.base import OWNER, Component, Identity
from model.settings import EBS_CLASS, Ebs

PROVISIONER = "ebs.csi.aws.com"
"""The EBS CSI driver, which must run in the cluster."""


@dataclass(frozen=True, kw_only=True)
class VolumeClassArgs:
    """What the storage class is made from."""

    settings: Ebs
    """How volumes are encrypted."""

    retain: bool
    """Whether a volume outlives its claim."""


class VolumeClass(Component):
    """The storage class. Kubernetes changes none: another one takes its name, and the volumes that there are stay what they are."""

    def __init__(self, name: str, args: VolumeClassArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:VolumeClass", name, opts)
        identity = Identity(name=EBS_CLASS, namespace="", program=OWNER, role="storage")
        replaced = ResourceOptions(replace_on_changes=["reclaimPolicy"], delete_before_replace=True)
        StorageClass(
            name,
            metadata=identity.metadata(),
            provisioner=PROVISIONER,
            parameters=parameters(args.settings),
            # Not before a pod needs it: so it is made in the pod's zone, and not the pod bound to a zone that was drawn by lot.
            volume_binding_mode="WaitForFirstConsumer",
            allow_volume_expansion=True,
            reclaim_policy="Retain" if args.retain else "Delete",
            opts=ResourceOptions.merge(self.child(), replaced),
        )
        self.register_outputs({"storageClass": EBS_CLASS})


def parameters(settings: Ebs) -> dict[str, str]:
    """What the driver asks AWS for."""
    key = {"kmsKeyId": settings.kms_key} if settings.kms_key else {}
    return {"type": "gp3", "encrypted": "true", **key}
