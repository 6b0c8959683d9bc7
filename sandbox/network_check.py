"""Which hosts on the internet can be reached from here, found out within a second for all of them together."""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, wait

PATIENCE = 1.0
"""Seconds after which a host that has not answered counts as out of reach."""


def reachable(hosts: Iterable[str]) -> dict[str, bool]:
    """For each host (`name` or `name:port`, port 443 if none is given) whether it takes a TCP connection."""
    wanted = list(dict.fromkeys(hosts))
    if not wanted:
        return {}
    pool = ThreadPoolExecutor(max_workers=len(wanted), thread_name_prefix="reachable")
    attempts = {host: pool.submit(_connects, host) for host in wanted}
    wait(attempts.values(), timeout=PATIENCE)
    # A name server that does not answer cannot be interrupted: its thread is left behind and ends by itself.
    pool.shutdown(wait=False, cancel_futures=True)
    return {host: attempt.done() and not attempt.cancelled() and attempt.result() for host, attempt in attempts.items()}


def _connects(host: str) -> bool:
    name, _, port = host.partition(":")
    try:
        with socket.create_connection((name, int(port or 443)), timeout=PATIENCE):
            return True
    except OSError:
        return False
