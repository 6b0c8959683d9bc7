"""The order of the tests on the shared platform."""

import pytest

LAST = ("test_log_storage.py", "test_config_arrives.py")
"""These disturb others. The first restarts Loki, and for a while the agent sends lines late. The second leaves the platform with other
configurations and secrets than those of the stack file: to put everything back would take minutes, for nobody."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those come last, in that order; all others keep theirs."""
    items.sort(key=lambda item: LAST.index(item.path.name) + 1 if item.path.name in LAST else 0)
