"""Deliberate faults, and the tests that must catch them: whether the tests still prove what they proved."""
