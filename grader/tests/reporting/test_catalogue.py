"""Translations: how a text finds its sentence, and that every sentence has one."""

import sys
import time
from pathlib import Path

import pytest

from grader.reporting.catalogue import (
    COURSE_LOCALE,
    LABEL,
    LOCALE,
    SENTENCE,
    Catalogue,
    dump_catalogue,
    list_catalogues,
    read_translations,
    translate,
    translate_label,
)
from grader.student.kit import PUBLIC_TESTS
from grader.tests.support.course import COURSE
from grader.tools.message_catalogue import extract_course_messages, extract_labels, extract_messages, read_sentences

CATALOGUE = Catalogue(
    {
        "{0}: the shape is {1}, expected {2}": "{0}: 모양 {1}, 필요 {2}",
        "{0}; found {1}": "{1}이(가) 있고 {0}",
        "it is transposed": "전치됨",
        "{0} of {1} values differ": "{1}개 중 {0}개",
        "cell {0}": "{0}번째 셀",
        ", line {0}": " {0}행",
        "{0} (in {1}, {2}: `{3}`)": "{0} ({1}, {2}: `{3}`)",
    }
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("it is transposed", "전치됨"),
        ("scores: the shape is [2, 3], expected [3, 2]", "scores: 모양 [2, 3], 필요 [3, 2]"),
        ("it is transposed; found 3", "3이(가) 있고 전치됨"),
        ("oops (in f, cell 3, line 4: `x = 1  # cell 3, line 4`)", "oops (f, 3번째 셀 4행: `x = 1  # cell 3, line 4`)"),
        ("scores: it is transposed", "scores: 전치됨"),
        ("scores: 3 of 4 values differ", "scores: 4개 중 3개"),
        ("logits of the first step: 3 of 4 values differ", "logits of the first step: 4개 중 3개"),
        ("something that no sentence fits", "something that no sentence fits"),
        ("", ""),
    ],
)
def test_translate_finds_the_sentence_that_a_text_fits(text: str, expected: str) -> None:
    """Values move to their places, parts are translated too, quoted code and unknown texts stay."""
    assert CATALOGUE.translate(text) == expected


def test_translate_takes_little_time_for_hostile_text() -> None:
    """A student can put any text into a message."""
    translate("", "ko")  # it reads the catalogue once
    began = time.process_time()
    translate(": the shape is , expected ; " * 70 + "(in `" * 20, "ko")
    assert time.process_time() - began < 0.5


def test_every_sentence_is_translated_and_none_is_unused() -> None:
    """`python -m grader.tools.message_catalogue` brings a catalogue up to date."""
    for context, texts in ((SENTENCE, extract_messages()), (LABEL, extract_labels())):
        for path in list_catalogues(LOCALE):
            translations = read_translations(path, context)
            assert [text for text in texts if text not in translations] == [], path.name
            assert [text for text in translations if text not in texts] == [], path.name


def test_a_label_translates_no_value_of_a_sentence() -> None:
    """A student's variable may be called `score`, as a column of the page is."""
    assert translate_label("score", "ko") == "점수"
    assert translate("score: the value differs", "ko").startswith("score")
    assert translate_label("no label at all", "ko") == "no label at all"


def test_a_translation_has_the_places_of_its_sentence() -> None:
    """A place that is left out would hide a value; one too many would break the page."""
    import re

    for path in list_catalogues(LOCALE):
        for source, target in (read_translations(path) | read_translations(path, LABEL)).items():
            places = [sorted(set(re.findall(r"\{[\w:+]+\}", text))) for text in (source, target)]
            assert places[0] == places[1], source


def test_read_sentences_leaves_out_what_students_do_not_read() -> None:
    """Docstrings, errors for the staff, and words without a sentence."""
    source = (
        '"""A module."""\ndef f(x):\n    raise GraderFault(f"for staff {x}")\n    return f"{x} is {y!r} here", "one"\n'
    )
    assert list(read_sentences(source)) == ["{0} is {1} here"]


def test_a_catalogue_is_read_from_a_file(tmp_path: Path) -> None:
    """In gettext's format."""
    path = tmp_path / "fr.po"
    path.write_text('msgid "passed"\nmsgstr "réussi"\n\nmsgid "failed"\nmsgstr ""\n', encoding="utf-8")
    assert read_translations(path) == {"passed": "réussi"}


def test_a_packed_catalogue_needs_no_babel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student's machine has the packed form only."""
    path = tmp_path / "fr.po"
    path.write_text(
        'msgid "passed"\nmsgstr "réussi"\n\nmsgctxt "label"\nmsgid "score"\nmsgstr "note"\n', encoding="utf-8"
    )
    packed = path.with_suffix(".json")
    packed.write_text(dump_catalogue(path), encoding="utf-8")
    monkeypatch.setitem(sys.modules, "babel.messages.pofile", None)
    assert (read_translations(packed), read_translations(packed, LABEL)) == ({"passed": "réussi"}, {"score": "note"})


@pytest.mark.parametrize("name", COURSE.list_assignments())
def test_the_course_is_translated(name: str) -> None:
    """Each test's sentence and each of its messages, hidden and public; nothing that is gone."""
    assignment = COURSE.load_assignment(name)
    for tests in (assignment.hidden_tests, assignment.folder / PUBLIC_TESTS):
        translations = read_translations(tests / COURSE_LOCALE / "ko.po")
        assert translations.keys() == extract_course_messages(tests).keys() - {""}
