"""Needs of the browser tests, in the ordinary suite: these start no browser."""

import shutil

import pytest

from grader.tests.support.browser import open_chromium
from grader.tools.load_server import find_percentile


def test_browser_that_is_missing_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never a skipped test."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(pytest.fail.Exception, match="apt install chromium"), open_chromium():
        pass


def test_percentile_is_a_value_that_was_measured() -> None:
    """The smallest that the share does not exceed."""
    values = [float(value) for value in range(100, 0, -1)]
    assert [find_percentile(values, share) for share in (50, 99, 100)] == [50, 99, 100]
