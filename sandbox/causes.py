"""Why the engine stopped, in one line that a person can act on: found in what it said and by looking at what it needs."""

import os
import re
import shutil
import signal
from pathlib import Path

import yaml
from kubernetes.client.exceptions import ApiException

from sandbox.kube import Kube, KubeError

PASSPHRASE = "PULUMI_CONFIG_PASSPHRASE"  # noqa: S105 - the name of the variable
_FULL_BYTES = 2_000_000

_LOCKED = re.compile(r"created by (\S+) \(pid (\d+)\) at (\S+)")
_TIMED_OUT = re.compile(r"\S+ \"\S+\" is not ready after \d+ s.*|\S+ \"\S+\" still exists \d+ s after.*")
_KILLED = re.compile(r"^ code: -(\d+)$", re.MULTILINE)
_REFUSED = re.compile(r"\[mandatory\]\s+(\S+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ERROR = re.compile(r"^\s*error: (?!update failed|preview failed|resource registration|refresh failed|destroy failed)(.+)$", re.MULTILINE)


def cause(said: str, *, kubeconfig: Path, state: Path, environment: str) -> str:
    """The most probable cause of the engine's end. `said` is its output; `state` the directory where it keeps its state."""
    said = _COLOUR.sub("", said)
    if "incorrect passphrase" in said:
        return _passphrase(environment)
    if holder := _LOCKED.search(said):
        return f"another update of {environment} runs: {holder[1]}, process {holder[2]}, since {holder[3]}"
    if "no space left on device" in said or full(state):
        return f"the disk of {state} is full ({shutil.disk_usage(state).free / 1e6:.1f} MB free): free some room"
    return silent(kubeconfig) or _told(said) or "the engine stopped; its messages are above"


def _told(said: str) -> str:
    """What the engine itself said last, or what its exit code tells; empty when that is nothing."""
    if killed := _KILLED.search(said):
        return f"the engine was killed ({signal.Signals(int(killed[1])).name})"
    if refused := sorted(set(_REFUSED.findall(said))):
        return f"the policy pack refuses it: {', '.join(refused)}; what and where is above"
    found = _TIMED_OUT.search(said) or _ERROR.search(said)
    return found[0].strip().removeprefix("error: ") if found else ""


def full(directory: Path) -> bool:
    """Whether the disk of the directory has no room for one more checkpoint."""
    return shutil.disk_usage(directory).free < _FULL_BYTES


def silent(kubeconfig: Path) -> str:
    """Says so when the API server does not answer; empty when it does, be it by a refusal."""
    try:
        Kube(kubeconfig).get("/version")
    except KubeError as error:
        if not isinstance(error.__cause__, ApiException):
            address = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
            return f"the API server {address} does not answer: `make status` tells what runs"
    return ""


def _passphrase(environment: str) -> str:
    wrong = f"the secrets of Pulumi.{environment}.yaml cannot be decrypted: "
    given = next((name for name in (PASSPHRASE, f"{PASSPHRASE}_FILE") if os.environ.get(name)), None)
    if given:
        return (
            f"{wrong}the passphrase in {given} is not the one that they were encrypted with "
            f"(without it, {environment!r} is tried: that of the example values)"
        )
    return f"{wrong}set {PASSPHRASE} to the passphrase that they were encrypted with"
