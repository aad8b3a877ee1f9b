"""Warnings as errors, for methods that may give none."""

import pytest

NO_WARNING = pytest.mark.filterwarnings(
    "error",
    # of what an earlier test left open and the collector finds only now: no word on the method
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
