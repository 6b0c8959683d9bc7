"""Tests of one deployment of dev. Each leaves it as it was."""
