"""A student may hand in anything: each gets a report that says what was expected and what was found."""

import ast
from pathlib import Path

import pytest

from grader.grading.job import Job
from grader.model.errors import SubmissionNotFound
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.tests.support.a4 import (
    LUONG,
    grade_here,
    grade_with,
    list_losing,
    list_messages,
    list_verdicts,
    open_shared_worker,
    overlay,
    read_solution,
)


def assert_refused(report: GradeReport, *said: str) -> None:
    """Graded with no point, and every test says why."""
    assert (report.status, report.score) == ("graded", 0)
    assert {test.status for test in report.tests} == {Verdict.FAILED}
    (message,) = {test.message for test in report.tests}
    for part in said:
        assert part in message
    assert message in report.submission.notes


def remove(name: str) -> str:
    """The reference without one of its classes or functions."""
    source = read_solution()
    (node,) = [item for item in ast.parse(source).body if getattr(item, "name", "") == name]
    lines = source.split("\n")
    lines[node.lineno - 1 : node.end_lineno] = []
    return "\n".join(lines)


def test_a_path_with_nothing_there_is_no_submission(tmp_path: Path):
    """The caller's mistake, not the student's: no report is made."""
    with pytest.raises(SubmissionNotFound, match="nothing at"):
        open_shared_worker().grade(Job(tmp_path / "attention.py"))


def test_an_empty_folder(tmp_path: Path):
    """Nothing was handed in."""
    report = open_shared_worker().grade(Job(tmp_path))
    assert_refused(report, "is empty", "attention.py or its notebook")


def test_a_folder_without_the_module(tmp_path: Path):
    """The report says what was asked for, and which files were found instead."""
    (tmp_path / "notes.txt").write_text("I did it.")
    report = open_shared_worker().grade(Job(tmp_path))
    assert_refused(report, "no attention.py in", "found notes.txt", "hand in attention.py or its notebook")


def test_a_module_of_another_assignment(tmp_path: Path):
    """The report says which names were expected, and which file was found."""
    (tmp_path / "rnn.py").write_text("class RNN:\n    pass\n")
    report = open_shared_worker().grade(Job(tmp_path))
    assert_refused(report, "AttentionDecoder", "rnn.py", "RNN", "hand in attention.py")


def test_a_syntax_error():
    """The file and the line."""
    report = grade_here("import torch\n\n\nclass LuongAttention(:\n    pass\n")
    assert_refused(report, "attention.py", "line 4")


def test_an_encoding_that_nobody_reads():
    """Bytes that are no text."""
    report = grade_with(open_shared_worker(), b"# \x00\xff\xfe\x00 \xc3\x28 \x80\x80\n")
    assert_refused(report, "attention.py is no text that can be read", "save it as UTF-8")


def test_an_empty_file():
    """No definitions at all: each TODO says which name it misses."""
    report = grade_here("")
    assert (report.status, report.score) == ("graded", 0)
    assert Verdict.PASSED not in {test.status for test in report.tests}
    assert all(test.message for test in report.tests)


def test_a_statement_that_raises_costs_nothing_that_does_not_need_it():
    """A driver is not run, and a constant that cannot be made is no one's but its user's."""
    report = grade_here(overlay("raise RuntimeError('boom')\nUNUSED = 1 / 0\nexit()\n"))
    assert report.score == 100
    assert any("`raise`" in note for note in report.submission.notes)


def test_a_constant_that_raises_costs_its_user():
    """The message names the statement that failed, not only the name that is missing."""
    text = "SCALE = 1 / 0\n\n\ndef masked_weights(scores, lengths):\n    return scores * SCALE\n"
    report = grade_here(overlay(text))
    assert list_losing(report) == {"masking"}
    assert list_verdicts(report, "masking") == {Verdict.RAISED}
    assert "'SCALE' could not be defined: ZeroDivisionError: division by zero (attention.py, line" in list_messages(
        report, "masking"
    )


def test_a_class_that_cannot_be_made_costs_its_own_todo():
    """The decoder that uses it is judged with a stand-in."""
    report = grade_here(overlay("class BahdanauAttention(nn.Module):\n    size = 1 / 0\n"))
    assert list_losing(report) == {"bahdanau"}
    assert "'BahdanauAttention' could not be defined: ZeroDivisionError" in list_messages(report, "bahdanau")


def test_a_package_that_is_not_there_costs_its_user():
    """The report names the package, the line and the user of it."""
    text = "import no_such_package\n\n\ndef masked_weights(scores, lengths):\n    return no_such_package.mask(scores)\n"
    report = grade_here(overlay(text))
    assert list_losing(report) == {"masking"}
    assert "No module named 'no_such_package'" in list_messages(report, "masking")


def test_a_missing_class_costs_its_own_todo():
    """The message says what was expected, and names no class of another name that is right."""
    report = grade_here(remove("AttentionSeq2Seq"))
    assert list_losing(report) == {"attention.seq2seq"}
    message = list_messages(report, "attention.seq2seq")
    assert "no 'AttentionSeq2Seq' was handed in: is its cell in the file" in message
    assert "'LuongAttention'" not in message


def test_a_renamed_class_is_found_out():
    """The name that was expected and the one that was found."""
    report = grade_here(read_solution().replace("LuongAttention", "Luong"))
    assert list_losing(report) >= LUONG
    assert list_losing(report) <= LUONG | {"decoder.attentional"}
    for todo in LUONG:
        message = list_messages(report, todo)
        assert "no 'LuongAttention' was handed in; the nearest is 'Luong'" in message
        assert "'Luong' (attention.py, line " in message


def test_a_constructor_with_another_signature_is_compared():
    """The message says how it is called and how it was declared."""
    text = """
class BahdanauAttention(BahdanauAttention):
    def __init__(self, size: int, heads: int, *, bias: bool = True):
        super().__init__(size)
"""
    report = grade_here(overlay(text))
    message = list_messages(report, "bahdanau")
    assert list_losing(report) == {"bahdanau"}
    assert "missing 1 required positional argument: 'heads'" in message
    expected, found = "BahdanauAttention(hidden_size)", "BahdanauAttention(size, heads, *, bias=True)"
    assert f"expected {expected}, found {found}" in message


def test_a_method_with_another_signature_is_compared():
    """Methods, too."""
    text = "class BahdanauAttention(BahdanauAttention):\n    def forward(self, query):\n        return query\n"
    report = grade_here(overlay(text))
    expected = "expected BahdanauAttention.forward(query, keys), found BahdanauAttention.forward(query)"
    assert expected in list_messages(report, "bahdanau")


def test_a_function_with_another_signature_is_compared():
    """Functions, too."""
    report = grade_here(overlay("def masked_weights(scores):\n    return scores\n"))
    expected = "expected masked_weights(scores, lengths), found masked_weights(scores)"
    assert expected in list_messages(report, "masking")
    assert list_losing(report) == {"masking"}
