"""The report on a suite: what each test finds, what is redundant, and what to do next."""

import json
from pathlib import Path

import pytest

from grader.authoring.graded_answers import GradedAnswer
from grader.authoring.mutants.verification import print_mutants
from grader.authoring.suite_check import print_verification
from grader.authoring.suite_report import (
    CorpusPart,
    JudgedTest,
    MutantPart,
    SuiteReport,
    find_redundant,
    judge_tests,
    list_next_steps,
    write_report,
)
from grader.model.errors import UsageError
from grader.tests.authoring.test_suite_check import SOUND, SOUND_EXPECTED
from grader.tests.support.toy import open_project, write_variants


def make_test(name: str, *, is_gate: bool = False) -> JudgedTest:
    """A test of the TODO `double`."""
    return JudgedTest(id=name, name=name, todo="double", category="parity", points=1, is_gate=is_gate)


def make_answer(name: str, *killed_by: str, keeps: float = 0.0) -> GradedAnswer:
    """A wrong answer to `double` that these tests find."""
    return GradedAnswer(name=name, kind="wrong", todos=("double",), killed_by=killed_by, keeps={"double": keeps})


ANSWERS = [make_answer("wrong_a", "x", "y"), make_answer("wrong_b", "y", "z", keeps=0.9), make_answer("wrong_c", "x")]
COSTS = {"x": 0.1, "y": 0.3, "z": 0.2}


def judge(*, gate: str = "") -> dict[str, JudgedTest]:
    """Four tests, of which one kills nothing."""
    tests = [make_test(name, is_gate=name == gate) for name in ("x", "y", "z", "idle")]
    return {test.id: test for test in judge_tests(tests, ANSWERS, COSTS)}


def make_part(*answers: GradedAnswer) -> CorpusPart:
    """The part of a whole corpus without a complaint."""
    return CorpusPart(is_whole=True, answers=answers, cpu_seconds=COSTS, complaints=())


def test_each_test_is_given_what_it_kills_and_what_it_kills_alone() -> None:
    """And its cost; right answers count for nothing."""
    tests = judge()
    assert tests["x"].kills == ("wrong_a", "wrong_c")
    assert tests["x"].kills_alone == ("wrong_c",)
    assert tests["y"].kills_alone == ()
    assert tests["idle"].kills == ()
    assert (tests["y"].cpu_seconds, tests["idle"].cpu_seconds) == (0.3, None)


def test_a_test_that_kills_nothing_alone_is_covered_by_others() -> None:
    """By as few as are needed; one that kills something alone is covered by none."""
    tests = judge()
    assert tests["z"].covered_by == ("y",)
    assert set(tests["y"].covered_by) == {"x", "z"}
    assert tests["x"].covered_by == ()


def test_redundant_tests_can_go_together() -> None:
    """The slowest goes first; what then is the only one to find an answer stays, and so does a gate."""
    assert find_redundant(judge().values()) == ("y",)
    assert find_redundant(judge(gate="y").values()) == ("z",)


def test_next_steps_name_what_is_missing() -> None:
    """Complaints first, then idle tests, weak ones, redundant ones, and mistakes that were not tried."""
    corpus = make_part(*ANSWERS, make_answer("wrong_d", "z", keeps=0.8)).model_copy(update={"complaints": ("first",)})
    steps = list(list_next_steps("toy", list(judge().values()), corpus, None))
    assert steps[0] == "first"
    assert steps[1] == "idle kills nothing: add a wrong answer that it finds, or remove it"
    assert steps[2].startswith("wrong_d keeps 80% of double, because only z finds it")
    assert steps[3].startswith("y finds nothing that x and z would miss")
    assert steps[4].endswith("grader verify --mutants --report DIR -a toy")
    assert len(steps) == 5


@pytest.mark.parametrize("quick", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_verify_writes_a_page_and_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, quick: bool) -> None:
    """With variants, null answers and CPU time of each test."""
    assignment = open_project(monkeypatch, tmp_path / "course")
    write_variants(tmp_path / "course", SOUND_EXPECTED, **SOUND)
    monkeypatch.setattr("grader.authoring.suite_check.list_mistakes", lambda _: [])
    assert print_verification(assignment, "none", quick=quick, report=tmp_path / "report")
    report = SuiteReport.model_validate_json((tmp_path / "report" / "toy.json").read_text())
    double = report.tests[0]
    assert double.id == "test_toy.py::test_double"
    assert {"wrong_square", "wrong_zero"} | (set() if quick else {"zeros for double"}) <= set(double.kills_alone)
    assert all(test.cpu_seconds and 0 < test.cpu_seconds < 1 for test in report.tests)
    page = (tmp_path / "report" / "toy.html").read_text()
    assert "wrong_square fails test_toy.py::test_double" in page
    assert "A number is doubled." in page


def test_a_part_stays_as_long_as_the_suite_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Mutants are added to what the corpus gave; once a test has changed, neither holds any more."""
    assignment = open_project(monkeypatch, tmp_path)
    tests = [make_test("x")]
    write_report(tmp_path, assignment, tests, corpus=make_part(make_answer("wrong_a", "x")))
    mutants = MutantPart(
        answers=(GradedAnswer(name="double:swap:1", kind="mutant", todos=("double",), killed_by=("x",)),),
        survivors={"double": ("double:drop:2 survives <here>",)},
        equivalent=3,
        complaints=(),
    )
    page, path = write_report(tmp_path, assignment, tests, mutants=mutants)
    assert json.loads(path.read_text())["tests"][0]["kills"] == ["double:swap:1", "wrong_a"]
    assert "double:drop:2 survives &lt;here&gt;" in page.read_text()
    test_file = assignment.hidden_tests / "test_toy.py"
    test_file.write_text(test_file.read_text() + "\n# changed\n")
    write_report(tmp_path, assignment, tests, mutants=mutants)
    assert json.loads(path.read_text())["corpus"] is None


def test_a_file_of_something_else_is_not_overwritten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such as a student's report of that name."""
    assignment = open_project(monkeypatch, tmp_path)
    (tmp_path / "toy.json").write_text("{}")
    with pytest.raises(UsageError, match=r"toy.json' was not written by `grader verify`"):
        write_report(tmp_path, assignment, [make_test("x")], corpus=make_part())


@pytest.mark.slow
def test_mutants_are_reported_with_all_tests_that_kill_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In fresh processes, one for each TODO."""
    assignment = open_project(monkeypatch, tmp_path)
    print_mutants([assignment], tmp_path / "report")
    report = SuiteReport.model_validate_json((tmp_path / "report" / "toy.json").read_text())
    assert report.mutants and report.mutants.survivors["shout"]
    assert {test.id for test in report.tests if test.kills} == {"test_toy.py::test_double", "test_toy.py::test_shout"}
