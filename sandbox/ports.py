"""Ports of this machine for programs that are told where to listen. The first part of a run that asks for one keeps it."""

import random
import socket

_PORTS = range(20_000, 30_000)
"""Outside the kernel's own choice (from 32768) and that of NodePorts (from 30000): no other socket gets one of them by chance, so it is
still free when a program listens later, or again after it was killed."""

_kept: list[socket.socket] = []


def free_port() -> int:
    """A port on which nothing listens, neither TCP nor UDP, and which no other process gets from here until this one ends.

    Raises RuntimeError when there is none.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        mark = _marked(port)
        if mark and _is_free(port):
            _kept.append(mark)
            return port
        if mark:
            mark.close()
    raise RuntimeError(f"no port from {_PORTS[0]} to {_PORTS[-1]} is free on this machine")


def _marked(port: int) -> socket.socket | None:
    """A name that one process of the machine can have at a time, and loses when it ends; None when another has it."""
    mark = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mark.bind(f"\0observability-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("", port))
    except OSError:
        return False
    return True
