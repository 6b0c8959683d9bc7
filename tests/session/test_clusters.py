"""A cluster ends when the tests of its stream have ended, and is started anew for those who come later."""

import subprocess
import sys
from pathlib import Path

CONFTEST = """
import pytest
from tests.session import clusters

def pytest_configure(config):
    config.pluginmanager.register(clusters)

@pytest.fixture(scope="session")
def cluster_instance():
    print("cluster starts")
    yield
    print("cluster ends")

@pytest.fixture(scope="session")
def platform(cluster_instance):
    print("platform is deployed")
    yield
    print("platform is given up")
"""
USES = "def test_it(platform): print('used by', __name__)\n"
SPARES = "def test_it(): print('not used by', __name__)\n"


def said(directory: Path, **files: str) -> list[str]:
    """What is printed by a run of these test files, in the order in which they are given. They are below the root, as those here are."""
    (directory / "tests").mkdir()
    (directory / "tests/conftest.py").write_text(CONFTEST)
    for name, text in files.items():
        (directory / f"tests/test_{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", f"--rootdir={directory}", "-s", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *(f"tests/test_{name}.py" for name in files)],
        check=True,
        capture_output=True,
        text=True,
        cwd=directory,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )
    return [line.lstrip(".") for line in done.stdout.splitlines() if line.lstrip(".").startswith(("cluster", "platform", "used", "not"))]


def test_a_cluster_ends_before_another_stream_begins(tmp_path: Path) -> None:
    assert said(tmp_path, a=USES + USES.replace("it", "again"), b=SPARES) == [
        "cluster starts",
        "platform is deployed",
        "used by test_a",
        "used by test_a",
        "platform is given up",
        "cluster ends",
        "not used by test_b",
    ]


def test_it_stays_between_tests_of_one_stream(tmp_path: Path) -> None:
    lines = said(tmp_path, a=USES + SPARES.replace("it", "between") + USES.replace("it", "again"))
    assert lines[-3:] == ["used by test_a", "platform is given up", "cluster ends"]
    assert lines.count("cluster starts") == 1


def test_it_is_started_again_for_another_stream(tmp_path: Path) -> None:
    lines = said(tmp_path, a=USES, b=SPARES, c=USES)
    assert [line for line in lines if line.startswith("cluster")] == ["cluster starts", "cluster ends"] * 2
