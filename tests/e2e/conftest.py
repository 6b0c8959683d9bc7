"""The order of the tests on the shared platform."""

import pytest

LAST = "test_config_arrives.py"
"""It deploys other configurations and secrets and leaves them: to put everything back would take minutes, for nobody."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that change the platform come last; all others keep their order."""
    items.sort(key=lambda item: item.path.name == LAST)
