"""Open stubs: which there are, and what becomes of the others while one is judged."""

import ast

from grader.examiner.stubs import fill_stubs, list_stubs

SOURCE = """
def f(x):
    a = FIXME("one")
    b = FIXME("two") + FIXME("three")
    return a + b
"""
FILLS = {"one": "x", "two": "2 * x"}


def fill(source: str, keep: str) -> str:
    """Fill the stubs that are in a source."""
    return fill_stubs(source, list_stubs(ast.parse(source)), keep=keep, fills=FILLS)


def list_open_todos(source: str) -> set[str]:
    """The TODOs whose stub is in a source."""
    return {stub.todo for stub in list_stubs(ast.parse(source))}


def test_every_other_stub_is_filled():
    """The judged TODO stays open; the others become what the assignment says."""
    assert fill(SOURCE, "one") == SOURCE.replace('FIXME("two")', "2 * x")


def test_a_todo_without_a_fill_stays_open():
    """Nothing is invented."""
    filled = fill(SOURCE, "two")
    assert "a = x\n" in filled
    assert list_open_todos(filled) == {"two", "three"}


def test_a_line_of_korean_keeps_its_text():
    """Columns are counted in bytes, as the parser does."""
    source = 'a = "가나다" + FIXME("one")  # 점수'
    assert fill(source, "two") == 'a = "가나다" + x  # 점수'


def test_a_source_without_stubs_is_the_same_object():
    """Nothing is copied for a submission that is filled in."""
    source = "a = 1"
    assert fill(source, "one") is source


def test_a_stub_in_text_or_comment_is_none():
    """Only calls count."""
    source = '"""FIXME("one")"""\n# FIXME("one")\n'
    assert fill(source, "two") == source
    assert list_open_todos(source) == set()


def test_open_todos_are_listed():
    """Each stub that is still there names its TODO."""
    assert list_open_todos(SOURCE) == {"one", "two", "three"}
