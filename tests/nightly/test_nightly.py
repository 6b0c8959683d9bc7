"""The nightly run: a failing part stops no other, one that takes too long or is interrupted is ended whole, and the summary says it all."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nightly import keeper
from tests.nightly.parts import PARTS, ROOT, Part
from tests.waiting import until

DRIVER = """
import sys
from tests.nightly import running
from tests.nightly.__main__ import main
from tests.nightly.parts import Part
running.GRACE_SECONDS = 2.0
sys.exit(main(sys.argv[2:], eval(sys.argv[1], {"Part": Part})))
"""


def sleeper(number: int) -> tuple[str, list[str]]:
    """A script that does not listen to Ctrl-C and starts something that leaves its session and its parent; the command line of that."""
    orphan = ["sleep", f"4321{os.getpid()}", str(number)]
    return f"trap '' INT; setsid --fork {' '.join(orphan)}; echo begun; sleep 1234", orphan


def part(name: str, script: str, minutes: float = 1) -> str:
    """A part that runs a script, as Python text."""
    return f"Part(name={name!r}, proves='something', minutes={minutes}, programs=(('sh', '-c', {script!r}),))"


def start(out: Path, parts: list[str], *names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DRIVER, f"[{', '.join(parts)}]", "--out", str(out), *names]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def results(out: Path) -> dict[str, str]:
    return {one["part"]: one["result"] for one in json.loads((out / "summary.json").read_text())["parts"]}


def living(*words: str) -> list[str]:
    """Processes with just this command line."""
    lines = (entry / "cmdline" for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [str(line) for line in lines if _read(line) == "\0".join((*words, ""))]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def test_a_part_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    run = start(tmp_path, [part("first", "echo one; exit 3"), part("second", "echo two"), part("third", "no-such-program")])
    shown, _ = run.communicate()
    assert run.returncode == 1
    assert results(tmp_path) == {"first": "failed", "second": "passed", "third": "failed"}
    assert shown == (tmp_path / "summary.md").read_text()
    assert shown.startswith("# Nightly: 2 failed, 1 passed\n")
    assert "\n## first failed\n\nexit code 3. The end of `first.log`:\n\n    one\n" in shown
    assert (tmp_path / "second.log").read_text() == "two\n"


def test_the_summary_says_at_which_commit_on_what_machine_and_how_long(tmp_path: Path) -> None:
    burn = "python3 -c 'import time\nwhile time.process_time() < 0.3: pass'"
    run = start(tmp_path, [part("burns", burn), part("other", "exit 1")], "burns")
    shown, _ = run.communicate()
    assert run.returncode == 0
    told = json.loads((tmp_path / "summary.json").read_text())
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"
    assert told["commit"].startswith(head)
    assert told["machine"]["cores"] == len(os.sched_getaffinity(0))
    [burns, other] = told["parts"]
    assert burns["cpu_seconds"] >= 0.3
    assert burns["seconds"] >= burns["cpu_seconds"] / told["machine"]["cores"]
    assert other["result"] == "not run"
    for text in (head, f"{told['machine']['memory_gib']} GiB", f"OBSERVABILITY_TEST_SEED={told['random_seed']}", "| other | not run |"):
        assert text in shown


def test_one_that_takes_too_long_is_ended_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    script, orphan = sleeper(0)
    run = start(tmp_path, [part("endless", script, minutes=0.01), part("next", "true")])
    shown, _ = run.communicate()
    assert run.returncode == 1
    assert results(tmp_path) == {"endless": "timed out", "next": "passed"}
    assert "twice what it should take" in shown
    assert living(*orphan) == []


def test_what_a_part_leaves_is_ended_and_named(tmp_path: Path) -> None:
    orphan = ["sleep", f"4321{os.getpid()}", "2"]
    run = start(tmp_path, [part("untidy", f"setsid --fork {' '.join(orphan)}")])
    shown, _ = run.communicate()
    assert run.returncode == 0
    assert re.search(r"^untidy left behind, and it was taken away: (setsid|sleep)$", shown, re.MULTILINE)
    assert living(*orphan) == []


def test_without_the_keeper_something_would_be_left(tmp_path: Path) -> None:
    """The twin: the end of a process group is not the end of what it started."""
    script, orphan = sleeper(1)
    process = subprocess.Popen(["sh", "-c", script], cwd=tmp_path, start_new_session=True)
    until(lambda: living(*orphan), seconds=20)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    [left] = living(*orphan)
    os.kill(int(Path(left).parent.name), signal.SIGKILL)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_what_runs_and_still_writes_the_summary(number: signal.Signals, tmp_path: Path) -> None:
    script, orphan = sleeper(number)
    run = start(tmp_path, [part("done", "true"), part("runs", script), part("later", "true")])
    until(lambda: _read(tmp_path / "runs.log") == "begun\n", seconds=60)
    run.send_signal(number)
    shown, _ = run.communicate()
    assert run.returncode == 130
    assert results(tmp_path) == {"done": "passed", "runs": "interrupted", "later": "not run"}
    assert "## runs interrupted" in shown
    assert living(*orphan) == []


@pytest.mark.usefixtures("interruptible")
def test_what_ends_in_order_when_it_is_interrupted_may_do_so(tmp_path: Path) -> None:
    run = start(tmp_path, [part("orderly", "trap 'echo tidied up; exit 1' INT; echo begun; while :; do sleep 0.1; done")])
    until(lambda: _read(tmp_path / "orderly.log") == "begun\n", seconds=60)
    run.send_signal(signal.SIGINT)
    run.communicate()
    assert run.returncode == 130
    assert (tmp_path / "orderly.log").read_text() == "begun\ntidied up\n"


def test_a_part_has_a_directory_of_its_own_that_goes_with_all_that_is_mounted_there(tmp_path: Path) -> None:
    script = 'mkdir "$TMPDIR/disk"; mount -t tmpfs nightly-test "$TMPDIR/disk"; echo "$TMPDIR"; echo "$OBSERVABILITY_TEST_SANDBOX"'
    run = start(tmp_path, [part("mounts", script)])
    shown, _ = run.communicate()
    scratch, sandbox = (tmp_path / "mounts.log").read_text().split()
    assert sandbox == "night"
    assert f"mount {scratch}/disk" in shown
    assert not Path(scratch).exists()
    assert scratch not in Path("/proc/mounts").read_text()


def test_the_keeper_dies_with_who_started_it(tmp_path: Path) -> None:
    script, orphan = sleeper(9)
    run = start(tmp_path, [part("orphan", script)])
    until(lambda: living(*orphan), seconds=60)
    run.kill()
    run.wait()
    until(lambda: not living(*orphan), seconds=60)


def test_a_part_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    run = start(tmp_path, [part("incidents", "true")], "incident")
    _, told = run.communicate()
    assert run.returncode == 2
    assert told == "error: there is no part 'incident': did you mean 'incidents'?\n"


def test_the_list_says_what_each_part_proves() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.nightly", "--list"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in done.stdout.splitlines()] == [one.name for one in PARTS]


def test_all_parts_fit_into_two_hours() -> None:
    assert sum(one.minutes for one in PARTS) <= 120


def test_tests_of_a_part_are_those_with_the_marker_and_a_build_begins_with_nothing(tmp_path: Path) -> None:
    [build] = [one for one in PARTS if one.name == "build"]
    assert build.environment(tmp_path, Path("/scratch"))["XDG_CACHE_HOME"] == "/scratch/cache"
    some = Part(name="some", proves="", minutes=1, tests=("tests/guard",), programs=(("python", "-m", "bench"),))
    assert some.commands(tmp_path, tmp_path) == [
        [sys.executable, "-m", "pytest", "-m", "nightly", "-rf", "tests/guard"],
        [sys.executable, "-m", "bench"],
    ]


def test_the_keeper_reports_how_a_command_ended() -> None:
    """It has no other children only in a process of its own."""
    program = "import sys; from tests.nightly.keeper import keep; print(keep(sys.argv[1:]).exit_code)"
    for script, code in (("exit 5", 5), ("kill -9 $$", -9)):
        done = subprocess.run([sys.executable, "-c", program, "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == f"{code}\n", keeper.__doc__
