"""What a container gets: shared by the settings of all parts."""

from model.base import Model
from model.quantities import Cpu, Size


class Resources(Model):
    """What a container gets. Memory is request and limit at once, so that a node never runs out by surprise."""

    cpu: Cpu
    """Requested processor time; there is no limit, as a limit throttles even on an idle node."""

    memory: Size
    """Requested and greatest memory."""
