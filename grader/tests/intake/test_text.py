"""Encodings, line ends, tabs, and text that is none."""

import json
import unicodedata
from pathlib import Path

import pytest

from grader.intake import read_submission
from grader.tests.support.intake_samples import hand_in, hand_in_cells, load

HANGUL = "def 인사():\n    # 한글 주석\n    return '안녕하세요'\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949", "euc-kr"]
)
@pytest.mark.parametrize("form", ["py", "ipynb"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str, form: str) -> None:
    """A module or notebook reads the same in every encoding that Korean and Windows machines write."""
    text = HANGUL if form == "py" else make_hangul_notebook()
    submission = hand_in(tmp_path, text.encode(encoding), f"a.{form}")
    assert load(submission).인사() == "안녕하세요"


def make_hangul_notebook() -> str:
    """A notebook whose Hangul is written as it is, not as escapes."""
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": HANGUL}]}, ensure_ascii=False)


def test_coding_line_is_obeyed(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are read as their coding line says."""
    text = "# -*- coding: latin-1 -*-\ndef f(): return 'café'\n"
    assert load(hand_in(tmp_path, text.encode("latin-1"))).f() == "café"


def test_coding_line_that_lies_does_no_harm(tmp_path: Path) -> None:
    """A file that says UTF-8 and is cp949 is read as cp949; an unknown encoding is passed over."""
    for cookie in ("utf-8", "no-such-encoding", "punycode"):
        text = f"# coding: {cookie}\n{HANGUL}"
        assert load(hand_in(tmp_path, text.encode("cp949"))).인사() == "안녕하세요"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_do_not_matter(tmp_path: Path, end: str) -> None:
    """Windows and old Macintosh line ends give the same source and the same line numbers."""
    submission = hand_in(tmp_path, "print(1)\n\ndef f():\n    return 1\n".replace("\n", end))
    assert submission.source == "\n\ndef f():\n    return 1\n"


def test_tabs_that_agree_with_python_are_left_alone(tmp_path: Path) -> None:
    """A file indented with tabs comes through as it is."""
    text = "def f():\n\tif True:\n\t\treturn 1\n"
    assert hand_in(tmp_path, text).source == text


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("class A:\n    def f(self):\n        x = 1\n\treturn x\n", 8),
        ("class A:\n    def f(self):\n        x = 1\n\t\treturn x\n", 4),
    ],
)
def test_mixed_tabs_are_read_where_only_one_reading_exists(tmp_path: Path, text: str, width: int) -> None:
    """Tabs and spaces that Python refuses are read in the one way that makes sense, and that is said."""
    submission = hand_in(tmp_path, text)
    assert load(submission).A().f() == 1
    assert submission.left_out == (f"attention.py: tabs and spaces are mixed; a tab was read as {width} columns",)
    assert hand_in_cells(tmp_path, text).left_out[0].startswith("cell 1: tabs and spaces are mixed")


def test_mixed_tabs_with_two_readings_are_refused(tmp_path: Path) -> None:
    """Nothing is guessed if a tab of four and one of eight columns give different programs."""
    text = "class A:\n    def f(self):\n        x = 1\n\tdef g(self):\n\t\treturn 1\n"
    assert "inconsistent use of tabs and spaces" in hand_in(tmp_path, text).refused


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_hangul_file_names_are_found_however_composed(tmp_path: Path, form: str, typed: str) -> None:
    """A name that macOS decomposed is found under the name that was typed, and reported composed."""
    (tmp_path / unicodedata.normalize(form, "어텐션 과제.py")).write_text(HANGUL, encoding="utf-8")
    submission = read_submission(tmp_path / unicodedata.normalize(typed, "어텐션 과제.py"), module="attention.py")
    assert submission.files[0].path == "어텐션 과제.py"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "attention.py is empty: save it and hand it in again"),
        (b" \n\n", "attention.py is empty"),
        (b"\xff\xfe\x00\xd8\x00\x00", "attention.py is no text that can be read: save it as UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "attention.py is a picture: hand in the .py or .ipynb file itself"),
        (b"x = 1\x00\n", "attention.py is no text that can be read"),
        (b"<!DOCTYPE html>\n<html>", "attention.py is a web page, not Python"),
        (b"x = " + b"(" * 1000, "attention.py does not parse: too many nested parentheses"),
        (b"x = " + b"-" * 100_000 + b"1", "attention.py does not parse: is nested too deeply to be read"),
        (b"x = " + b"1+" * 50_000 + b"1", "attention.py does not parse: is nested too deeply to be read"),
        (b"x = " + b"lambda:" * 900 + b"1", "attention.py is nested too deeply to be read"),
        (b"x\n" * 250_001, "attention.py does not parse: is too long to be read"),
        (b"# x\n" * 600_000, "attention.py holds more than 2 MB of code"),
        (b"#" * (9 * 2**20), "attention.py holds more than 2 MB of code"),
        (b"x = 1" + b"0" * 5000, "attention.py does not parse: Exceeds the limit"),
    ],
)
def test_what_cannot_be_read_is_refused_without_a_traceback(tmp_path: Path, content: bytes, reason: str) -> None:
    """Null bytes, pictures, endless nesting and endless length are refused with a reason."""
    submission = hand_in(tmp_path, content)
    assert submission.refused.startswith(reason)
    assert (submission.source, submission.definitions) == ("", {})
    assert len(submission.id) == 64


def test_cell_with_a_null_character_is_skipped(tmp_path: Path) -> None:
    """JSON can hold characters that Python cannot; the other cells are read."""
    submission = hand_in_cells(tmp_path, "x = '\0'", "y = '\ud800'", HANGUL)
    assert load(submission).인사() == "안녕하세요"
    assert submission.left_out[0] == "cell 1 does not parse: source code string cannot contain null bytes"
