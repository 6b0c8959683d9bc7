"""A copy of the project's data that a test may change."""

from tests.model.conftest import project

__all__ = ["project"]
