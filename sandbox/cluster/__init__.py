"""A real single-node Kubernetes in namespaces of its own, or simulated nodes where the machine allows no more.

`up`, `down`, `running` and `status` are all that others need, and `load` for images of their own.
"""

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.images import load
from sandbox.cluster.instance import Instance
from sandbox.cluster.lifecycle import down, running, up
from sandbox.cluster.status import Status, status

__all__ = ["ClusterError", "Instance", "Status", "down", "load", "running", "status", "up"]
