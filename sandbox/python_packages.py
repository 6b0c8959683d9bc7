"""The project's virtual environment: `python3 -m sandbox.python_packages DIRECTORY PINS...`, with nothing but the standard library."""

import fcntl
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

from sandbox import registries

_SILENCE = 20.0


def make(directory: Path, pins: Sequence[str]) -> str:
    """Install the hash-pinned packages into `directory`, whose file `.done` says that it is whole; returns what went wrong, or nothing.

    One is made at a time, so that no checkout takes away what another one is making. When it fails it is taken away.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    with (directory.parent / f"{directory.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, log = directory / ".done", directory.parent / "log/python-packages.log"
        if done.exists():
            return ""
        _say(f"setting up Python packages in {directory} (once, about a minute)")
        shutil.rmtree(directory, ignore_errors=True)
        try:
            venv.create(directory, with_pip=True)
            if install(directory, pins, log):
                done.touch()
                return ""
        except (OSError, subprocess.CalledProcessError) as error:
            return f"Python packages cannot be put into {directory}: {error}"
        finally:
            if not done.exists():
                shutil.rmtree(directory, ignore_errors=True)
        written = log.read_text(errors="replace")
        why = registries.problem(registries.PYPI, written) or "\n  ".join(["pip failed", *written.splitlines()[-5:]])
        return f"Python packages cannot be installed: {why} (log: {log})"


def install(directory: Path, pins: Sequence[str], log: Path) -> bool:
    """Have pip install the pinned packages into a virtual environment, with its output in the file `log`; whether it could."""
    log.parent.mkdir(exist_ok=True)
    options = ["--disable-pip-version-check", "install", "--progress-bar=off", "--no-compile", "--require-hashes", "--no-deps"]
    command = [str(directory / "bin/python"), "-m", "pip", *options, *(f"--requirement={pin}" for pin in pins)]
    begin = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            while process.poll() is None:
                try:
                    process.wait(_SILENCE)
                except subprocess.TimeoutExpired:
                    _say(f"Python packages: {time.monotonic() - begin:.0f} s so far")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return process.returncode == 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """The command line; 1 when the packages cannot be had, with the reason on stderr."""
    # As for Ctrl-C: pip must not go on alone, without the lock.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        problem = make(Path(arguments[0]), arguments[1:])
    except KeyboardInterrupt:
        problem = "interrupted: the same command begins it anew"
    if problem:
        _say(f"error: {problem}")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
