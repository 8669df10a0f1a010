"""Open stubs: which there are, and what becomes of the others while one is judged."""

from grader.examiner.stubs import fill_stubs, list_open_todos

SOURCE = """
def f(x):
    a = FIXME("one")
    b = FIXME("two") + FIXME("three")
    return a + b
"""
FILLS = {"one": "x", "two": "2 * x"}


def test_every_other_stub_is_filled():
    """The judged TODO stays open; the others become what the assignment says."""
    assert fill_stubs(SOURCE, keep="one", fills=FILLS) == SOURCE.replace('FIXME("two")', "2 * x")


def test_a_todo_without_a_fill_stays_open():
    """Nothing is invented."""
    filled = fill_stubs(SOURCE, keep="two", fills=FILLS)
    assert "a = x\n" in filled
    assert list_open_todos(filled) == {"two", "three"}


def test_a_line_of_korean_keeps_its_text():
    """Columns are counted in bytes, as the parser does."""
    source = 'a = "가나다" + FIXME("one")  # 점수'
    assert fill_stubs(source, keep="two", fills=FILLS) == 'a = "가나다" + x  # 점수'


def test_a_source_without_stubs_is_the_same_object():
    """A filled-in submission is not even parsed."""
    source = "this does not parse ("
    assert fill_stubs(source, keep="one", fills=FILLS) is source


def test_a_stub_in_text_or_comment_is_none():
    """Only calls count."""
    source = '"""FIXME("one")"""\n# FIXME("one")\n'
    assert fill_stubs(source, keep="two", fills=FILLS) == source
    assert list_open_todos(source) == frozenset()


def test_open_todos_are_listed():
    """Each stub that is still there names its TODO."""
    assert list_open_todos(SOURCE) == {"one", "two", "three"}
