"""Is a suite worth trusting: what `grader verify` complains about, and what not."""

import re
from pathlib import Path

import pytest

from grader.authoring.corpus import VariantExpectation, build_source, load_expectations
from grader.authoring.suite_check import verify_suite
from grader.authoring.trial_mistakes import find_public_mistakes
from grader.model.errors import BrokenSuite
from grader.tests.support.toy import SOLUTION, TESTS, TOML, open_project, write_variants

RIGHT_DOUBLE = "def double(number):\n    return 2 * number\n"
RIGHT_SHOUT = "def shout(word):\n    return ''.join(letter.upper() for letter in word)\n"
WRONG_DOUBLE = "def double(number):\n    return number ** 2\n"
WRONG_SHOUT = "def shout(word):\n    return word.title()\n"

SOUND = {
    "right_times": RIGHT_DOUBLE,
    "right_shift": "def double(number):\n    return number << 1\n",
    "right_letters": RIGHT_SHOUT,
    "right_map": "def shout(word):\n    return ''.join(map(str.upper, word))\n",
    "wrong_square": WRONG_DOUBLE,
    "wrong_zero": "def double(number):\n    return 0\n",
    "wrong_title": WRONG_SHOUT,
    "wrong_quiet": "def shout(word):\n    return word\n",
}
SOUND_EXPECTED = """
[right_times]
[right_shift]
[right_letters]
[right_map]
[wrong_square]
loses = ["double"]
[wrong_zero]
loses = ["double"]
[wrong_title]
loses = ["shout"]
[wrong_quiet]
loses = ["shout"]
"""


def test_a_sound_suite_has_no_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Right variants keep every point, wrong ones lose their TODO, and each test kills one."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, SOUND_EXPECTED, **SOUND)
    found = verify_suite(assignment)
    assert found.complaints == []
    assert (len(found.tests), len(found.right), len(found.wrong)) == (2, 4, 4)
    assert found.killers == {"test_toy.py::test_double", "test_toy.py::test_shout"}


def test_everything_wrong_with_a_suite_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A right variant that loses, a wrong one that does not, a TODO with too few variants."""
    loses = 'loses = ["double"]\n'
    expected = f"[right_square]\n[wrong_times]\n{loses}[wrong_alone]\nstandalone = true\n{loses}"
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, expected, right_square=WRONG_DOUBLE, wrong_times=RIGHT_DOUBLE, wrong_alone=RIGHT_SHOUT)
    complaints = "\n".join(verify_suite(assignment).complaints)
    assert "right_square must lose [] and loses ['double']" in complaints
    assert "wrong_times must lose ['double'] and loses []" in complaints
    assert "double: 1 right variants, at least 2 are needed" in complaints
    assert "shout: 0 wrong variants, at least 2 are needed" in complaints
    # a variant that stands alone has nothing of the solution's
    assert "wrong_alone" not in complaints


def test_solution_that_fails_its_own_suite_is_all_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Every variant would only say it again."""
    assignment = open_project(monkeypatch, tmp_path, solution=SOLUTION.replace("word.upper()", 'str(FIXME("shout"))'))
    write_variants(tmp_path, "[right_square]\n", right_square=WRONG_DOUBLE)
    (complaint,) = verify_suite(assignment).complaints
    assert complaint.startswith("the reference scores 60 of 100: test_toy.py::test_shout unfilled")


@pytest.mark.slow
def test_test_that_depends_on_chance_is_named_as_flaky(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The solution is graded with the same inputs and with others before any variant."""
    tests = TESTS.replace("import pytest\n", "import itertools\nimport pytest\n\nCOUNT = itertools.count()\n", 1)
    tests = tests.replace("== reference.double(number), ", "== reference.double(number) and next(COUNT) != 2, ")
    assignment = open_project(monkeypatch, tmp_path, tests=tests)
    write_variants(tmp_path, SOUND_EXPECTED, **SOUND)
    assert any(said.startswith("test_toy.py::test_double is flaky") for said in verify_suite(assignment).complaints)


@pytest.mark.slow
def test_public_test_that_the_solution_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Students would look for a mistake that is not theirs."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, SOUND_EXPECTED, **SOUND)
    public = assignment.folder / "tests_public" / "test_public.py"
    public.parent.mkdir()
    public.write_text(
        "import pytest\n\n@pytest.mark.todo('double')\n@pytest.mark.behaviour\ndef test_three(student):\n"
        '    """Three."""\n    assert student.double(3) == 7\n'
    )
    assert verify_suite(assignment).complaints == ["the solution fails the public test 'Three.': found 6, expected 7"]


def test_solution_is_tried_before_its_outline_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Its own text says what is given."""
    toml = TOML.replace('where = ["double"]', 'where = ["double"]\nforbid = ["math.fsum"]')
    assignment = open_project(monkeypatch, tmp_path, toml=toml)
    public = assignment.folder / "tests_public" / "test_public.py"
    public.parent.mkdir()
    public.write_text(
        "import pytest\n\n@pytest.mark.todo('double')\n@pytest.mark.behaviour\ndef test_three(student):\n"
        '    """Three."""\n    assert student.double(3) == 6\n'
    )
    assert list(find_public_mistakes(assignment)) == []


def test_right_variant_counts_only_for_what_it_defines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A comment or a call that names a function is no other way to write it."""
    assignment = open_project(monkeypatch, tmp_path)
    files = SOUND | {"right_map": RIGHT_DOUBLE + "# unlike shout\n"}
    write_variants(tmp_path, SOUND_EXPECTED, **files)
    assert verify_suite(assignment).complaints == [
        "shout: 1 right variants, at least 2 are needed: files that define shout"
    ]


def test_a_test_that_kills_nothing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Without a wrong variant no test has earned its place."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, "[right_times]\n", right_times=RIGHT_DOUBLE)
    complaints = verify_suite(assignment).complaints
    assert "test_toy.py::test_double kills no wrong variant" in complaints
    assert "test_toy.py::test_shout kills no wrong variant" in complaints


@pytest.mark.slow
def test_a_skeleton_with_an_answer_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A stub that happens to be right gives points for nothing."""
    solution = SOLUTION.replace('# result = FIXME("double")', "# result = 2 * number")
    assignment = open_project(monkeypatch, tmp_path, solution=solution)
    write_variants(tmp_path, "")
    complaints = "\n".join(verify_suite(assignment).complaints)
    assert "the skeleton scores 60, not unfilled: test_toy.py::test_double passed" in complaints


def test_expectations_name_every_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A variant that no one expects anything of, or the other way round, is a mistake of the suite."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, "[right_times]\n[wrong_gone]\n", right_times=RIGHT_DOUBLE)
    with pytest.raises(BrokenSuite, match=r"differ in \['wrong_gone'\]"):
        load_expectations(assignment)


def test_expectations_have_defaults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """An empty entry loses nothing."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, "[right_times]\n", right_times=RIGHT_DOUBLE)
    assert load_expectations(assignment) == {"right_times": VariantExpectation()}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keeps", "complaints"),
    [
        ("[0, 0.5]", []),
        ("{ shout = [0.0, 0.0] }", []),
        ("[0.4, 0.8]", ["wrong_title must keep 0.4 to 0.8 of shout and keeps 0.00"]),
    ],
)
def test_what_a_wrong_variant_keeps_is_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keeps: str, complaints: list[str]
):
    """A pair for every TODO that loses, or one for each."""
    assignment = open_project(monkeypatch, tmp_path)
    expected = SOUND_EXPECTED.replace("[wrong_title]\n", f"[wrong_title]\nkeeps = {keeps}\n")
    write_variants(tmp_path, expected, **SOUND)
    assert verify_suite(assignment).complaints == complaints


@pytest.mark.parametrize(
    ("keeps", "reason"),
    [("{ double = [0.1, 0.2] }", "not among what it loses"), ("[0.8, 0.4]", "two shares"), ("[0, 1]", "two shares")],
)
def test_keeps_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keeps: str, reason: str):
    """A TODO that loses nothing, a range the wrong way round, all points."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, f'[wrong_title]\nloses = ["shout"]\nkeeps = {keeps}\n', wrong_title=WRONG_SHOUT)
    with pytest.raises(BrokenSuite, match=rf"expected.toml: wrong_title: .*{reason}"):
        load_expectations(assignment)


@pytest.mark.slow
def test_verify_suite_grades_variants_that_replace_a_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """They need no file, and kill tests as a file would."""
    assignment = open_project(monkeypatch, tmp_path)
    replaced = {
        "wrong_square": "replace = ['result = number + number', 'result = number ** 2']",
        "wrong_title": 'replace = ["""\n    return word.upper()\n""", """\n    return word.title()\n"""]',
        "wrong_quiet": "replace = ['return word.upper()', 'return word']",
    }
    expected = SOUND_EXPECTED
    for name, line in replaced.items():
        expected = expected.replace(f"[{name}]\n", f"[{name}]\n{line}\n")
    write_variants(tmp_path, expected, **{name: text for name, text in SOUND.items() if name not in replaced})
    found = verify_suite(assignment)
    assert found.complaints == []
    assert {answer.name for answer in found.wrong} == {*replaced, "wrong_zero"}
    assert found.killers == {"test_toy.py::test_double", "test_toy.py::test_shout"}


def test_build_source_replaces_a_text_of_the_solution(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """All else of the solution stays as it is; a file comes after the solution, or stands alone."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, "[wrong_title]\n", wrong_title=WRONG_SHOUT)
    replaced = VariantExpectation(replace=("return word.upper()", "return word"))
    assert build_source(assignment, "wrong_quiet", replaced) == SOLUTION.replace("word.upper()", "word")
    assert build_source(assignment, "wrong_title", VariantExpectation()) == f"{SOLUTION}\n\n{WRONG_SHOUT}"
    assert build_source(assignment, "wrong_title", VariantExpectation(standalone=True)) == WRONG_SHOUT


@pytest.mark.parametrize(("old", "count"), [("word.lower()", 0), ("number", SOLUTION.count("number")), ("", 0)])
def test_build_source_needs_the_text_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, old: str, count: int):
    """The message has the file, the variant and how often the text is there."""
    assignment = open_project(monkeypatch, tmp_path)
    with pytest.raises(
        BrokenSuite, match=rf"expected\.toml: wrong_x replaces {re.escape(repr(old))}.*in toy\.py.* there {count} times"
    ):
        build_source(assignment, "wrong_x", VariantExpectation(replace=(old, "0")))


def test_verify_suite_stops_at_a_text_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Also with `quick`, where the variant itself would not be graded."""
    assignment = open_project(monkeypatch, tmp_path)
    gone = '[wrong_gone]\nloses = ["shout"]\nreplace = ["word.lower()", "word"]\n'
    write_variants(tmp_path, SOUND_EXPECTED + gone, **SOUND)
    with pytest.raises(BrokenSuite, match="wrong_gone replaces"):
        verify_suite(assignment, quick=True)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("[wrong_title]\nreplace = ['word', 'x']\n", r"differ in \['wrong_title'\]"),
        (
            "[wrong_title]\n[right_x]\nreplace = ['word', 'x']\n",
            "right_x uses `replace`; write a right variant as a file",
        ),
        ("[wrong_title]\n[wrong_x]\nstandalone = true\nreplace = ['a', 'b']\n", "use one of them"),
        ("[wrong_title]\n[wrong_x]\nreplace = ['a']\n", "wrong_x.replace"),
    ],
)
def test_load_expectations_refuses_replace_where_it_cannot_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, entry: str, reason: str
):
    """Beside a file of that name, in a right variant, alone, or without the new text."""
    assignment = open_project(monkeypatch, tmp_path)
    write_variants(tmp_path, entry, wrong_title=WRONG_SHOUT)
    with pytest.raises((BrokenSuite, ValueError), match=reason):
        load_expectations(assignment)
