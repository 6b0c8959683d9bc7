"""The supervisor of an instance: its configuration, and what it is asked to do."""

import configparser
import io
import shlex
import time
from collections.abc import Callable, Iterable
from http.client import HTTPException
from typing import cast
from xmlrpc.client import Fault, ServerProxy

from pydantic import BaseModel, TypeAdapter
from supervisor.xmlrpc import SupervisorTransport

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import Instance
from sandbox.cluster.programs import Program
from sandbox.cluster.settings import open_files

_RESTARTS = 3  # that a program may take while it is waited for


class Process(BaseModel):
    """A supervised program as supervisord reports it. `start` is in seconds since 1970."""

    name: str
    statename: str
    start: int


_PROCESSES = TypeAdapter(list[Process])


def configuration(instance: Instance, programs: Iterable[Program]) -> str:
    """supervisord.conf: nothing starts by itself, since `up` starts each program once what it needs is ready; all restart when they die."""
    parser = configparser.RawConfigParser()
    parser["supervisord"] = {
        "logfile": _escape(instance.logs / "supervisord.log"),
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "pidfile": _escape(instance.state / "supervisord.pid"),
        "childlogdir": _escape(instance.logs),
        "minfds": str(open_files()),
    }
    if not instance.simulated:
        parser["supervisord"]["user"] = "root"  # as it is anyway; saves a warning
    parser["unix_http_server"] = {"file": _escape(instance.supervisor_socket), "chmod": "0600"}
    parser["rpcinterface:supervisor"] = {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
    for priority, program in enumerate(programs, start=1):
        parser[f"program:{program.name}"] = {
            "command": _escape(shlex.join(program.command)),
            "environment": _escape(",".join(f'{key}="{value}"' for key, value in program.environment.items())),
            "directory": "/",
            "autostart": "false",
            "autorestart": "true",
            "startretries": "1000000",
            "priority": str(priority),
            "stopwaitsecs": "5",
            "redirect_stderr": "true",
            "stdout_logfile": _escape(instance.logs / f"{program.name}.log"),
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "1",
        }
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _escape(value: object) -> str:
    return str(value).replace("%", "%%")


class Supervisor:
    """Talks to an instance's supervisord."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        transport = SupervisorTransport(None, None, serverurl=f"unix://{instance.supervisor_socket}")
        self._server = ServerProxy("http://localhost", transport=transport)

    def processes(self) -> dict[str, Process]:
        """All programs by name; empty when supervisord does not answer."""
        try:
            found = _PROCESSES.validate_python(self._server.supervisor.getAllProcessInfo())
        except (OSError, HTTPException):
            return {}
        return {process.name: process for process in found}

    def all_run(self) -> bool:
        """Whether every program runs."""
        return all(process.statename == "RUNNING" for process in self.processes().values())

    def start(self, names: Iterable[str]) -> None:
        """Start those of the programs that do not run, without waiting for them to be ready."""
        deadline = time.monotonic() + 10
        while not (processes := self.processes()):
            if time.monotonic() > deadline:
                raise ClusterError("the sandbox's supervisor does not answer: `make down` and `make up` start it anew")
            time.sleep(0.05)
        for name in names:
            if processes[name].statename not in {"RUNNING", "STARTING", "BACKOFF"}:
                self._call(self._server.supervisor.startProcess, name)

    def _call(self, method: object, name: str) -> None:
        try:
            cast(Callable[[str, bool], object], method)(name, False)
        except Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise ClusterError(f"{name} cannot be started: {fault.faultString}") from fault

    def wait(self, ready: Callable[[], bool], needs: Iterable[str], seconds: float) -> None:
        """Wait until `ready` says so. Raises ClusterError with a log's end when a program in `needs` keeps failing, or after `seconds`."""
        deadline = time.monotonic() + seconds
        starts: dict[str, set[int]] = {name: set() for name in needs}
        while not ready():
            now = self.processes()
            for name, seen in starts.items():
                if name not in now:
                    raise ClusterError(f"the supervisor does not answer for {name}")
                seen.add(now[name].start)
                if len(seen) > _RESTARTS or now[name].statename == "FATAL":
                    raise ClusterError(f"{name} keeps failing{self._last_words(name)}")
            if time.monotonic() > deadline:
                suspects = [name for name in starts if now[name].statename != "RUNNING"] or list(starts)
                raise ClusterError(f"not ready after {seconds:.0f} s{''.join(map(self._last_words, suspects))}")
            time.sleep(0.1)

    def _last_words(self, name: str, lines: int = 8) -> str:
        log = self._instance.logs / f"{name}.log"
        try:
            with log.open("rb") as file:
                file.seek(max(0, log.stat().st_size - 16_384))
                tail = file.read().decode(errors="replace").splitlines()[-lines:]
        except OSError:
            tail = []
        return "\n".join([f"\nthe last of {log}:", *(f"    {line[:300]}" for line in tail)])
