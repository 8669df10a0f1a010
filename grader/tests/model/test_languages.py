"""The one decision on the language of what students read."""

import pytest

from grader.model.languages import choose_language, find_language


@pytest.mark.parametrize(
    ("asked", "roster", "browser", "language"),
    [
        ("", "", "", "en"),
        ("ko", "en", "en", "ko"),
        ("", "ko-KR", "en", "ko"),
        ("", "한국어", "en", "ko"),
        ("", "", "ko-KR,en;q=0.5", "ko"),
        ("", "", "de, en;q=0.4, ko;q=0.8", "ko"),
        ("", "", "ko;q=0, en;q=0.1", "en"),
        ("", "", "ko;q=much", "en"),
        ("de", "fr", "it", "en"),
        ("kok", "", "", "en"),
    ],
)
def test_who_asked_decides_then_roster_then_browser(asked: str, roster: str, browser: str, language: str) -> None:
    """A language that there is not counts as none."""
    assert choose_language(asked, roster=roster, browser=browser) == language


@pytest.mark.parametrize("text", ["", "deutsch", "k", "korea", "en" * 3])
def test_other_words_are_no_language(text: str) -> None:
    """A guess would show a page that its reader does not understand."""
    assert find_language(text) is None
