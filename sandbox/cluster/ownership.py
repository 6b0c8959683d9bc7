"""Who owns an instance: one lock while it is changed, one owner file while it exists, and how its init is found."""

import fcntl
import json
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from sandbox.cluster.errors import ClusterError
from sandbox.cluster.instance import LAST_NUMBER, Instance, state_root
from sandbox.progress import note

CHECKOUT = Path(__file__).resolve().parents[2]
MARK = "OBSERVABILITY_SANDBOX"  # in the environment of all that an instance's init starts
SESSION = "OBSERVABILITY_SESSION"
"""Names, in the environment, the process (by its id) with which the sandboxes end that are made meanwhile: a test session."""
_ENDED = 1 << 62  # later than any process begins
_PREFERRED = {"main": 0, "test": 1}


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The owner file's content."""

    checkout: str
    number: int
    since: str
    simulated: str = ""
    """The reason why the node is simulated, empty for a real one."""
    process: int = 0
    """The process with which the sandbox ends; 0: it stays until somebody ends it."""
    begun: int = 0
    """When that process began, in clock ticks since boot: ids are used again."""

    @property
    def gone(self) -> bool:
        """Whether nobody needs the sandbox any more: its checkout was deleted, or the test session that made it has ended."""
        return not Path(self.checkout).is_dir() or self.session_ended

    @property
    def session_ended(self) -> bool:
        """Whether the test session that made the sandbox has ended, perhaps already while it was claimed."""
        if not self.process:
            return False
        began = _start_time(self.process)
        return began == _ENDED or began != self.begun


@contextmanager
def locked(name: str, purpose: str) -> Generator[None]:
    """Hold the lock `name`; waits for whoever holds it, and says for whom.

    The file is removed at the end, so a lock is only held if the path still leads to the locked file.
    """
    path = state_root() / f"{name}.lock"
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("a+")
        except FileNotFoundError:  # the directory went away meanwhile
            continue
        with file:
            if not _try_lock(file.fileno()):
                if not told:
                    file.seek(0)
                    note(f"waiting for {file.read() or 'another command'}, which is changing the sandbox")
                    told = True
                time.sleep(0.1)
                continue
            if not _leads_to(path, file.fileno()):
                continue
            file.truncate(0)
            file.write(f"`{purpose}` (process {os.getpid()}, {CHECKOUT})")
            file.flush()
            try:
                yield
            finally:
                path.unlink()
                with suppress(OSError):  # not empty: other instances
                    path.parent.rmdir()
            return


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leads_to(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _owner_file(name: str) -> Path:
    return state_root() / name / "owner.json"


def read_owner(name: str) -> Owner | None:
    """The owner of `name`, or None when nobody has it. A damaged file counts as none: what is left is cleaned up."""
    try:
        written = json.loads(_owner_file(name).read_text())
        known = {field.name for field in fields(Owner)}  # a later version of the project may have written more
        return Owner(**{key: value for key, value in written.items() if key in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def claim(name: str, simulated: str) -> Instance:
    """Make this checkout the owner of `name` and return the instance; raises ClusterError when another checkout owns it."""
    owner = read_owner(name)
    refuse_foreign(name, owner)
    if owner is None or owner.checkout != str(CHECKOUT) or owner.simulated != simulated:
        with locked(".numbers", f"numbering of {name}"):
            process = int(os.environ.get(SESSION) or 0)
            owner = Owner(
                checkout=str(CHECKOUT),
                number=owner.number if owner else free_number(name),
                since=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
                simulated=simulated,
                process=process,
                begun=_start_time(process) if process else 0,
            )
            _owner_file(name).parent.mkdir(parents=True, exist_ok=True)
            _owner_file(name).write_text(json.dumps(asdict(owner), indent=1) + "\n")
    return Instance(name=name, number=owner.number, simulated=bool(owner.simulated))


def refuse_foreign(name: str, owner: Owner | None) -> None:
    """Raise ClusterError when `owner` is another checkout that still needs it."""
    if owner and owner.checkout != str(CHECKOUT) and not owner.gone:
        running = f"up since {owner.since}" if find_init(name) else "stopped, its data kept"
        raise ClusterError(
            f"the sandbox {name!r} belongs to {owner.checkout} ({running}): run `make down` there, or choose another with SANDBOX=name"
        )


def owners() -> dict[str, Owner]:
    """The owner of each instance that has one, by the instance's name."""
    root = state_root()
    names = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return {name: owner for name in names if (owner := read_owner(name))}


def free_number(name: str) -> int:
    """The number that `name` gets: main 0, test 1, others the lowest free one from 2 on."""
    taken = {owner.number for owner in owners().values()} | ({*_PREFERRED.values()} - {_PREFERRED.get(name)})
    candidates = ([_PREFERRED[name]] if name in _PREFERRED else []) + list(range(2, LAST_NUMBER + 1))
    for number in candidates:
        if number not in taken:
            return number
    raise ClusterError(f"all {LAST_NUMBER} sandbox numbers are taken; end one with `make down SANDBOX=name`: see {state_root()}")


def find_init(name: str) -> int | None:
    """The process id of the instance's init (supervisord), or None when the instance does not run.

    It is looked for by our configuration file on its command line, so that neither a reused process id nor a lost pid file misleads.
    """
    config = str(Instance(name=name, number=0).supervisor_config)
    found = [pid for pid in _processes() if _is_supervisor(_strings(pid, "cmdline"), config)]
    return min(found, key=_start_time, default=None)  # a program just forked still has its command line


def find_strays(name: str) -> list[int]:
    """Processes that carry the instance's mark in their environment: those that its init has started, even after its death."""
    mark = f"{MARK}={Instance(name=name, number=0).state}"
    return [pid for pid in _processes() if mark in _strings(pid, "environ")]


def _is_supervisor(line: list[str], config: str) -> bool:
    return config in line and "supervisor.supervisord" in line and Path(line[0]).name != "unshare"


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _strings(pid: int, file: str) -> list[str]:
    """The strings in one of the files of a process of ours."""
    try:
        if Path(f"/proc/{pid}").stat().st_uid != os.geteuid():
            return []
        return Path(f"/proc/{pid}/{file}").read_text(errors="replace").split("\0")
    except OSError:
        return []


def _start_time(pid: int) -> int:
    """Clock ticks since boot, `_ENDED` for a process that has ended. The command's name is in parentheses and may hold spaces."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return _ENDED
    return _ENDED if state == "Z" else int(numbers[18])
