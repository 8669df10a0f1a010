"""An author's mistakes: each gets a sentence with file and line, and none a traceback."""

import shutil
from pathlib import Path

import pytest

from grader.authoring.author_mistakes import list_mistakes
from grader.authoring.new_course import TEMPLATES
from grader.model.course import Course
from grader.model.errors import BrokenSuite, UnknownAssignment

TOML = "assignments/example/assignment.toml"
SOLUTION = "solutions/example/ledger.py"
PARITY = "tests_hidden/example/test_parity.py"
BEHAVIOUR = "tests_hidden/example/test_behaviour.py"
PUBLIC = "assignments/example/tests_public/test_public.py"
CORPUS = "tests_hidden/example/corpus/expected.toml"
TOTALS = '@pytest.mark.todo("totals", weight=4)'
STUB = '    ### STUB\n    # FIXME("totals")\n    ### END SOLUTION\n'
WHERE = 'where = ["find_leaders"]'

# The file, a text of it, what stands there instead (None: the file is removed), and what is said.
MISTAKES = [
    (TOML, 'title = "', 'titel = "', f"{TOML}:2: unknown key 'titel' in the file: did you mean 'title'?"),
    (TOML, 'title = "', 'titel = "', f"{TOML}:1: the key 'title' is missing in the file"),
    (TOML, "points = 50", "mark = 50", f"{TOML}:10: the key 'points' is missing in [[todo]] number 1"),
    (TOML, "points = 50", 'points = "many"', f"{TOML}:14: todo.points: Input should be a valid number"),
    (TOML, "points = 50", "points = -50", f"{TOML}:14: todo.points: Input should be greater than 0"),
    (TOML, "points = 50", "points = 60", f"{TOML}:22: the points add up to 110, not 100: 60 + 50"),
    (TOML, '"leaders"', '"totals"', f"{TOML}:19: there are two TODOs 'totals': give each an id of its own"),
    (TOML, "imports = []", "imports = [", f"{TOML}:10: this is no TOML: "),
    (TOML, "imports = []", "imports = []\n\n[limits]\ncpu = 1", f"{TOML}:10: unknown key 'cpu' in [limits]"),
    (TOML, '"ledger.py"', '"leger.py"', f"{TOML}:5: there is no solution 'solutions/example/leger.py', as"),
    (TOML, '"find_leaders"', '"leaders"', f"{TOML}:23: the solution defines no 'leaders', where the TODO"),
    (TOML, '"find_leaders"', '"find_leader"', "did you mean 'find_leaders'?"),
    (TOML, WHERE, WHERE + '\nfill = "x = 1"', f"{TOML}:24: `fill` of 'leaders' is no expression: 'x = 1'"),
    (TOML, WHERE, WHERE + '\nforbid = ["math.sine"]', f"{TOML}:24: `forbid` of 'leaders' names nothing that is"),
    (SOLUTION, "SOLUTION leaders", "SOLUTION leader", f"{SOLUTION}:37: assignment.toml has no TODO 'leader': did"),
    (SOLUTION, "### BEGIN SOLUTION leaders", "# a", f"{SOLUTION}:1: no region '### BEGIN SOLUTION leaders': students"),
    (SOLUTION, STUB, "", "' begins inside the solution of 'totals', which began on line 24: add '### END SOLUTION'"),
    (SOLUTION, "### BEGIN SOLUTION totals", "", f"{SOLUTION}:29: '### END SOLUTION' without a '### BEGIN SOLUTION'"),
    (SOLUTION, '# FIXME("totals")', 'FIXME("totals")', f"{SOLUTION}:28: a line of the stub of 'totals' is no comment"),
    (SOLUTION, "### STUB", "## STUB", f"{SOLUTION}:27: '## STUB' is no marker: write '### BEGIN SOLUTION' with"),
    (SOLUTION, "def FIXME(todo", "def FIX(todo", f"{SOLUTION}:1: the solution lacks the function FIXME"),
    (SOLUTION, "def find_leaders(", "def find_leaders((", f"{SOLUTION}:34: the solution does not parse: "),
    (SOLUTION, "def FIXME(", "import pandsa\n\n\ndef FIXME(", f"{SOLUTION}:14: the package 'pandsa' is not installed"),
    (SOLUTION, "def FIXME(", "import torch\n\n\ndef FIXME(", f"{SOLUTION}:14: the solution imports torch, which"),
    (SOLUTION, "= sum_by_name(", "= sum_by_names(", f"{SOLUTION}:38: nothing defines 'sum_by_names', which this uses"),
    (PARITY, "replace(sum_by", "replace(sum_of", f"{PARITY}:26: the solution defines no 'sum_of_name', which this"),
    (PARITY, '"totals"', '"total"', f"{PARITY}:12: assignment.toml has no TODO 'total': did you mean 'totals'?"),
    (PARITY, TOTALS + "\n", "", f"{PARITY}:14: test_totals_match_the_reference names no TODO: mark it with"),
    (PARITY, TOTALS, f"{TOTALS}\n{TOTALS}", f"{PARITY}:13: test_totals_match_the_reference names two TODOs"),
    (PARITY, ", weight=4", "", f"{PARITY}:12: test_totals_match_the_reference: its todo mark needs weight=N"),
    (PARITY, "mark.parity", "mark.partiy", ": there is no mark 'partiy': did you mean 'parity'?"),
    (PARITY, "@pytest.mark.parity\n", "", f"{PARITY}:14: test_totals_match_the_reference has no category: mark it"),
    (PARITY, "mark.parity\n", "mark.parity\n@pytest.mark.shape\n", "has two categories, parity and shape: keep one"),
    (PARITY, "student.sum_by_name", "student.sum_by", f"{PARITY}:18: the solution defines no 'sum_by', which this"),
    (PARITY, "import standins", "import standin", f"{PARITY}:5: there is no module 'standin', neither in this folder"),
    (BEHAVIOUR, '"""Without entries there is a ValueError."""', "pass", "has no docstring: write one sentence, which"),
    (BEHAVIOUR, "import cases", "import cases cases", f"{BEHAVIOUR}:3: this does not parse: "),
    (PUBLIC, "(student):", "(student, reference):", ": test_totals_of_three_entries asks for `reference`, which"),
    (PUBLIC, None, "", "assignments/example/tests_public:1: there are no public tests: students check their work"),
    ("assignments/example/handout.md", None, "", "assignments/example/handout.md:1: there is no handout: write what"),
    (CORPUS, None, "", f"{CORPUS}:1: there is no corpus: write right and wrong answers, and here what each must lose"),
    (CORPUS, "[right_sorting]\n", "", "corpus/right_sorting.py:1: expected.toml says nothing of this: add [right"),
    (CORPUS, "[right_sorting]", "[right_sort]", f"{CORPUS}:7: right_sort: there is no right_sort.py beside this file"),
    (CORPUS, 'loses = ["totals"]', 'loses = ["total"]', f"{CORPUS}:9: wrong_last_amount: assignment.toml has no TODO"),
    (CORPUS, 'loses = ["totals"]', 'lose = ["totals"]', f"{CORPUS}:9: wrong_last_amount: unknown key 'lose': did you"),
    (CORPUS, "[right_counter]", "[good_counter]", f"{CORPUS}:5: good_counter: a variant's name begins with right_"),
]


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """The template's own course."""
    shutil.copytree(TEMPLATES / "python", tmp_path / "course")
    return Course(tmp_path / "course")


def read_mistakes(course: Course) -> list[str]:
    """Return the lines that an author is shown."""
    try:
        assignment = course.load_assignment("example")
    except BrokenSuite as error:
        return str(error).splitlines()
    return [found.describe(course.root) for found in list_mistakes(assignment)]


@pytest.mark.parametrize(("file", "old", "new", "sentence"), MISTAKES)
def test_mistake_is_said_with_file_and_line(
    course: Course, file: str, old: str | None, new: str, sentence: str
) -> None:
    """And with what was probably meant, where something is near."""
    path = course.root / file
    text = path.read_text(encoding="utf-8")
    if old is None:
        path.unlink()
    else:
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
    said = read_mistakes(course)
    assert [line for line in said if sentence in line], said


@pytest.mark.parametrize("kind", ["python", "numpy", pytest.param("torch", marks=pytest.mark.slow), "text"])
def test_template_has_no_mistake(kind: str) -> None:
    """Nothing is said of what is right."""
    course = Course(TEMPLATES / kind)
    assert [found.describe(course.root) for found in list_mistakes(course.load_assignment("example"))] == []


def test_draft_is_taken_where_it_is_asked_for(course: Course) -> None:
    """Its author's commands take a draft, grading a class does not, and no list has it."""
    (course.root / TOML).rename(course.root / "assignments/example/assignment.draft.toml")
    assert course.list_assignments() == []
    assert list_mistakes(course.load_assignment("example", draft=True)) == []
    with pytest.raises(
        UnknownAssignment, match=r"it is a draft, so rename its assignment\.draft\.toml to assignment\."
    ):
        course.load_assignment("example")
