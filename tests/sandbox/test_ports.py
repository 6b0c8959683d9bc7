"""A port is free for TCP and UDP, and is given to nobody else."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import ports
from sandbox.ports import free_port


def only(monkeypatch: pytest.MonkeyPatch, allowed: Sequence[int]) -> None:
    """Let these ports be all that there are."""
    monkeypatch.setattr(ports, "_PORTS", allowed)


def test_no_two_are_the_same() -> None:
    assert len({free_port() for _ in range(50)}) == 50


def test_the_kernel_gives_none_of_them_to_others() -> None:
    first, last = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    assert not first <= free_port() <= last


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_one_that_is_in_use_is_passed_over(kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch) -> None:
    used, free = free_port(), free_port()

    def unmarked(_: int) -> socket.socket:
        """As if nobody had asked for it."""
        return socket.socket()

    monkeypatch.setattr(ports, "_marked", unmarked)
    only(monkeypatch, [used, free])
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", used))
        assert {free_port() for _ in range(10)} == {free}
        only(monkeypatch, [used])
        with pytest.raises(RuntimeError, match=f"no port from {used} to {used} is free"):
            free_port()


def test_another_process_does_not_get_it_until_this_one_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asking = "import sys; from sandbox import ports; ports._PORTS = [int(sys.argv[1])]; print(ports.free_port())"

    def elsewhere(port: int) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-c", asking, str(port)], capture_output=True, text=True, check=False)

    port = free_port()
    assert "RuntimeError" in elsewhere(port).stderr
    kept: list[socket.socket] = []
    monkeypatch.setattr(ports, "_kept", kept)
    ours = free_port()
    kept.clear()  # which closes them, as the end of this process does
    assert elsewhere(ours).stdout == elsewhere(ours).stdout == f"{ours}\n"
