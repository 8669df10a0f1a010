"""A suite's outline: what a change of the tests touches, read from their text alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.grading.suite_fingerprint import (
    FingerprintedTest,
    SuiteFingerprint,
    find_function,
    fingerprint_suite,
    load_fingerprint,
)
from grader.tests.support.fake_worker import ENVIRONMENT
from grader.tests.support.toy import SOLUTION, TESTS, TOML, open_project

DOUBLE, SHOUT = "test_toy.py::test_double", "test_toy.py::test_shout"
PARAMETRIZED = """

@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.todo("double", weight=0)
@pytest.mark.shape
def test_more(student, n):
    pass
"""


@pytest.fixture
def outline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Outlines the toy's suite, with other texts where given."""

    def make(environment=ENVIRONMENT, commitment: str = "c", helper: str = "", **texts: str) -> SuiteFingerprint:
        assignment = open_project(monkeypatch, tmp_path, **texts)
        (assignment.hidden_tests / "cases.py").write_text(helper)
        return fingerprint_suite(assignment, environment, commitment)

    return make


def test_an_outline_says_what_a_report_says_of_a_test(outline):
    """As the collected test does."""
    double, shout = outline().tests
    assert replace(double, digest="") == FingerprintedTest(
        DOUBLE, "", "double", 60.0, "parity", "after_due", "A number is doubled."
    )
    assert (shout.visibility, shout.name) == ("visible", "A word is shouted.")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("weight=60", "weight=50"),
        ('@pytest.mark.visibility("visible")', '@pytest.mark.visibility("hidden")'),
        ("A number is doubled.", "A number becomes twice as much."),
        ("@pytest.mark.parity", "@pytest.mark.shape"),
        ("    number = draw", "    # a comment\n    number = draw"),
    ],
    ids=["weight", "visibility", "sentence", "category", "comment"],
)
def test_what_no_verdict_depends_on_changes_no_test(outline, before, after):
    """The same tests: nothing has to run."""
    assert outline(tests=TESTS.replace(before, after)).has_same_tests(outline())


def test_a_changed_test_leaves_its_neighbours(outline):
    """Only its own digest is another one."""
    changed = outline(tests=TESTS.replace("draw.integer(3, 1000)", "7"))
    assert changed.find_unchanged(outline()) == {SHOUT}
    assert not changed.has_same_tests(outline())


def test_a_changed_gate_changes_the_tests_of_its_todo(outline):
    """It decides whether they count; a test without the mark decides nothing."""
    gated = TESTS.replace("@pytest.mark.parity", "@pytest.mark.parity\n@pytest.mark.gate") + PARAMETRIZED
    more = "test_toy.py::test_more"
    before, after = (outline(tests=text) for text in (gated, gated.replace("draw.integer(3, 1000)", "7")))
    assert after.find_unchanged(before) == {SHOUT}
    assert outline(tests=TESTS + PARAMETRIZED).find_unchanged(before) == {SHOUT}
    plain = (TESTS + PARAMETRIZED).replace("draw.integer(3, 1000)", "7")
    assert outline(tests=plain).find_unchanged(outline(tests=TESTS + PARAMETRIZED)) == {SHOUT, more}


def test_another_todo_is_another_test(outline):
    """Other stubs are filled in while it runs."""
    assert outline(tests=TESTS.replace('"double", w', '"shout", w')).find_unchanged(outline()) == {SHOUT}


@pytest.mark.parametrize(
    "texts",
    [
        {"tests": TESTS.replace("import pytest", "import pytest\nLIMIT = 3")},
        {"helper": "LIMIT = 3"},
        {"solution": SOLUTION.replace("number + number", "2 * number")},
        {"commitment": "another secret"},
        {"toml": TOML.replace('where = ["double"]', 'where = ["double"]\nfill = "None"')},
    ],
    ids=["around the tests", "a helper", "the solution", "the secret", "a fill"],
)
def test_what_every_test_may_depend_on_changes_all(outline, texts):
    """None is kept; the replies still count."""
    changed = outline(**texts)
    assert changed.find_unchanged(outline()) == set()
    assert changed.conditions == outline().conditions


@pytest.mark.parametrize(
    "texts",
    [
        {"environment": ENVIRONMENT.model_copy(update={"torch": "3"})},
        {"toml": TOML + "\n[limits]\ncpu_seconds = 9"},
        {"toml": TOML.replace('where = ["double"]', 'where = ["double", "triple"]')},
    ],
    ids=["the environment", "the limits", "where the TODOs are"],
)
def test_what_replies_depend_on_makes_them_void(outline, texts):
    """Answers under other conditions say nothing."""
    assert outline(**texts).conditions != outline().conditions


def test_a_policy_is_told_apart(outline):
    """No test is touched by a name that is forbidden."""
    strict = outline(toml=TOML.replace('where = ["double"]', 'where = ["double"]\nforbid = ["math.prod"]'))
    assert strict.policy != outline().policy
    assert strict.has_same_tests(outline())


@pytest.mark.parametrize(
    "addition",
    [
        "\n\nclass TestMore:\n    pass\n",
        "\npytestmark = pytest.mark.shape\n",
        "\nfrom cases import *\n",
        "\ntest_again = test_double\n",
        "\n\ndef pytest_generate_tests(metafunc):\n    pass\n",
        "\n\n@pytest.mark.todo('double', weight=WEIGHT)\n@pytest.mark.shape\ndef test_more(student):\n    pass\n",
        "\n\ndef test_double(student):\n    pass\n",
    ],
    ids=["a class", "a mark for all", "a star", "another name", "a hook", "computed weight", "twice"],
)
def test_where_a_text_does_not_show_every_test_it_is_not_whole(outline, addition):
    """Then no test of that file is taken for unchanged."""
    changed = outline(tests=TESTS + addition)
    assert not changed.is_whole
    assert changed.tests == ()
    assert not changed.has_same_tests(changed)


def test_a_conftest_may_change_any_test(monkeypatch, tmp_path):
    """It could add marks, or tests."""
    assignment = open_project(monkeypatch, tmp_path)
    (assignment.hidden_tests / "conftest.py").write_text("")
    assert not fingerprint_suite(assignment, ENVIRONMENT, "c").is_whole


def test_parameters_belong_to_the_function(outline):
    """One outlined test for all of its parameters; another list of them is another test."""
    outlined = outline(tests=TESTS + PARAMETRIZED)
    assert outlined.is_whole and outlined.tests[-1].id == find_function("test_toy.py::test_more[1]")
    other = outline(tests=TESTS + PARAMETRIZED.replace("[1, 2]", "[1, 3]"))
    assert other.find_unchanged(outlined) == {DOUBLE, SHOUT}


def test_an_outline_is_read_back(outline):
    """As the gradebook keeps it."""
    assert load_fingerprint(outline().dump()) == outline()


@pytest.mark.parametrize("name", ["a1_tokenization", "a4_attention"])
def test_the_courses_own_suites_are_whole(name):
    """Each of their tests can be read from the text."""
    from grader.tests.support.course import load_assignment

    outlined = fingerprint_suite(load_assignment(name), ENVIRONMENT, "c")
    assert outlined.is_whole and len(outlined.tests) > 10
