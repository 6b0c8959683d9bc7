"""The namespaces of an instance: a process tree, mounts and a network of its own, which end with its init."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import MARK, find_init, find_strays

_INIT = Path(__file__).with_name("init.sh")
_SUPERVISOR = (sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--configuration")


def start(instance: Instance) -> int:
    """Start the instance's supervisord, which survives this command, and return its process id; raises ClusterError with its last words."""
    supervisor = [*_SUPERVISOR, str(instance.supervisor_config)]
    namespaces = ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--propagation", "private", "--net"]
    command = supervisor if instance.simulated else [*namespaces, "sh", str(_INIT), str(instance.state), *supervisor]
    log = instance.logs / "init.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True, cwd="/", env=_environment(instance)
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        pid = find_init(instance.name)
        if pid and instance.supervisor_socket.exists():
            return pid
        time.sleep(0.05)
    raise ClusterError(f"the sandbox's init did not start: {log.read_text().strip() or 'no output'} (log: {log})")


def _environment(instance: Instance) -> dict[str, str]:
    """A small environment: what the user's shell holds (tokens, proxies) is no business of the cluster."""
    path = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    return {"PATH": path, "HOME": str(Path.home()), "TMPDIR": str(instance.state / "tmp"), MARK: str(instance.state)}


def stop(instance: Instance, *, graceful: bool, timeout: float = 60) -> None:
    """End the instance's init and with it every process, mount and interface in its namespaces. Waits until all are gone.

    `graceful` lets supervisord stop its programs in order first; `timeout` is in seconds.
    """
    while pid := find_init(instance.name):
        _end(pid, signal.SIGTERM if graceful else signal.SIGKILL)
        if not _wait_gone(pid, timeout):
            if not graceful:
                raise ClusterError(f"process {pid} (init of sandbox {instance.name!r}) does not end")
            graceful = False
    while strays := find_strays(instance.name):  # without namespaces the programs outlive their init
        for pid in strays:
            _end(pid, signal.SIGKILL)
        time.sleep(0.05)


def _end(pid: int, how: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, how)


def _wait_gone(pid: int, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pid}/exe").is_symlink() or _is_zombie(pid):
            return True
        time.sleep(0.05)
    return False


def _is_zombie(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def unable() -> str:
    """Why a node cannot run on this machine, in one line; empty when it can."""
    if not sys.platform.startswith("linux"):
        return f"a node needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "a node needs root, this is an ordinary user"
    probe = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount", "--mount-proc", "--propagation", "private", "--net", "true"],
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode:
        return f"the machine refuses new namespaces ({probe.stderr.strip()})"
    return ""
