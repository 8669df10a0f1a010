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


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "ko_KR"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "ko_KR", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": ""}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8", "LANGUAGE": "ko"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:ko:en"}, "ko"),
        ({"LANG": "de_DE@euro"}, "en"),
    ],
)
def test_variables_of_a_system_are_read_as_gettext_does(variables: dict[str, str], language: str) -> None:
    """The first that is set decides; without one, or for the locale C, it is English."""
    assert choose_language(environment=variables) == language
    assert choose_language("en", environment=variables) == "en"


@pytest.mark.parametrize("text", ["", "deutsch", "k", "korea", "en" * 3])
def test_other_words_are_no_language(text: str) -> None:
    """A guess would show a page that its reader does not understand."""
    assert find_language(text) is None
