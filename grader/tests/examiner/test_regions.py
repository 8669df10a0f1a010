"""TODOs that share a function: which lines are whose, and which of them are filled."""

import ast
from pathlib import Path

import pytest

from grader.examiner.regions import SharedTodo, find_costly_regions, list_shared_todos, read_functions
from grader.model.verdict import SubmissionError, Verdict
from grader.tests.support.toy import open_project

TODOS = [
    SharedTodo("one", "Box.f", ("a",), "x"),
    SharedTodo("two", "Box.f", ("b", "c"), "(x, x)"),
    SharedTodo("three", "Box.f", ("d",), "0"),
]
COMMENTED = """class Box:
    def f(self, x):
        '''Return something.'''
        # TODO one: the first
        helper = x
        a = helper + 1

        # TODO two: the second
        b, c = (
            a, a)

        # TODO three: the third
        d = b + c
        return a + d

    def g(self, x):
        return self.f(x)
"""
PLAIN = "\n".join("" if "TODO" in line else line for line in COMMENTED.split("\n"))
WITHOUT_FIRST = COMMENTED.replace("        helper = x\n        a = helper + 1\n", "\n\n")


def find(source: str, *lines: int, judged: str, verdict: Verdict = Verdict.RAISED, message: str = "") -> dict:
    """The lines to fill, by TODO."""
    raised = SubmissionError(verdict, message, lines=lines)
    regions = find_costly_regions(
        source, read_functions(source, ast.parse(source), TODOS), raised, TODOS, judged=judged
    )
    return {region.todo.id: (region.first, region.last) for region in regions}


@pytest.mark.parametrize("source", [COMMENTED, PLAIN], ids=["comments", "no-comments"])
@pytest.mark.parametrize(
    ("line", "judged", "expected"),
    [
        (5, "two", {"one": (5, 6)}),
        (6, "three", {"one": (5, 6)}),
        (10, "one", {"two": (9, 10)}),
        (13, "two", {"three": (13, 13)}),
        (6, "one", {}),
        (14, "one", {}),
    ],
)
def test_the_lines_that_raised_are_filled(source: str, line: int, judged: str, expected: dict):
    """Another TODO's, and never those of the TODO that is judged nor the function's own."""
    assert find(source, 17, line, judged=judged) == expected


@pytest.mark.parametrize("source", [COMMENTED, PLAIN], ids=["comments", "no-comments"])
def test_an_answer_that_binds_nothing_is_found(source: str):
    """A `raise` in place of the first TODO."""
    source = source.replace("a = helper + 1", "raise ValueError")
    assert find(source, 6, judged="two") == {"one": (5, 6)}


def test_a_todo_that_was_deleted_is_filled_at_its_comment():
    """Its neighbours stumble over the name that it should have bound."""
    message = "NameError: name 'a' is not defined (in f, box.py, line 9: `a, a)`)"
    assert find(WITHOUT_FIRST, 9, judged="two", message=message) == {"one": (4, 4)}


def test_lines_within_a_with_belong_to_their_todos():
    """One `with` around all of them."""
    lines = PLAIN.split("\n")
    body = [f"    {line}" if line else line for line in lines[4:14]]
    source = "\n".join([*lines[:3], "        with torch.no_grad():", *body, *lines[14:]])
    assert find(source, 6, judged="two") == {"one": (5, 6)}


def test_after_a_time_out_all_others_are_filled():
    """No line is known."""
    assert find(COMMENTED, judged="two", verdict=Verdict.TIMED_OUT) == {"one": (5, 6), "three": (13, 13)}


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.UNFILLED, Verdict.MALFORMED_REPLY])
def test_other_ends_fill_nothing(verdict: Verdict):
    """Only what raises or does not end comes before the neighbours' own lines."""
    assert find(COMMENTED, 5, judged="two", verdict=verdict) == {}


def test_a_fill_takes_as_many_lines():
    """So that a message still names the student's line."""
    raised = SubmissionError(Verdict.RAISED, "", lines=(10,))
    functions = read_functions(COMMENTED, ast.parse(COMMENTED), TODOS)
    [region] = find_costly_regions(COMMENTED, functions, raised, TODOS, judged="one")
    filled = region.fill(COMMENTED)
    assert filled.split("\n")[8:10] == ["        b, c = (x, x)", ""]
    assert filled.count("\n") == COMMENTED.count("\n")


def test_only_todos_that_share_a_function_are_shared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The toy's have one each, filled or not."""
    toy = open_project(monkeypatch, tmp_path)
    assert list_shared_todos(toy.todos, toy.solution.read_text()) == []
