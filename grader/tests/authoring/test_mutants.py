"""Mutants: which mistakes are made where, and what is said of those that a suite lets pass."""

import ast
from pathlib import Path

import pytest
import torch

from grader.authoring.corpus import load_expectations
from grader.authoring.mutants.model import Mutant
from grader.authoring.mutants.operators import OPERATORS, write_mutants
from grader.authoring.mutants.regions import find_regions
from grader.authoring.mutants.runtime import alter_value
from grader.authoring.mutants.survey import Survey, name_name
from grader.authoring.mutants.verification import MutantFindings, judge_todo, load_survivors, print_mutants
from grader.tests.support.toy import SOLUTION, open_project, write_variants

TENSORS = '''
import torch


def weigh(scores, mask=None):
    """Weights of scores."""
    ### BEGIN SOLUTION weigh
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
    rest = torch.tanh(scores) / 2 + 1
    return torch.softmax(scores, dim=-1), rest
    ### END SOLUTION


class Reader:
    def read(self, text):
        first = 1
        ### BEGIN SOLUTION read
        words = [self.table.get(word, 0) for word in sorted(set(text))]
        for word in words:
            if word == 1:
                break
        ### STUB
        # words = FIXME("read")
        ### END SOLUTION
        return words
'''


class SeeingAll(Survey):
    """A survey in which every mistake fits every value."""

    def fits(self, kind: str, site: str) -> bool:
        return True

    def is_alike(self, one: str, other: str) -> bool:
        return True


def list_texts(todo: str, operator: str) -> list[str]:
    """Return the texts that an operator writes into the lines of one TODO above."""
    return [mutant.text for mutant in write_mutants(TENSORS, SeeingAll(), todo) if mutant.operator == operator]


def test_every_operator_has_a_name_of_its_own_and_a_source() -> None:
    """And there are at least 25 besides the generic ones."""
    assert len({operator.name for operator in OPERATORS}) == len(OPERATORS)
    assert sum(not operator.seen.startswith("cosmic-ray") for operator in OPERATORS) >= 25


@pytest.mark.parametrize(
    ("todo", "operator", "text"),
    [
        ("weigh", "cut-graph", "return (_altered('cut-graph', torch.softmax(scores, dim=-1))), rest"),
        ("weigh", "other-axis", "return torch.softmax(scores, dim=(0)), rest"),
        ("weigh", "wrong-filling", 'scores = scores.masked_fill(mask == 0, (0.0))'),
        ("weigh", "wrong-mask", "scores = (scores.masked_fill(~(mask == 0), float('-inf')))"),
        ("weigh", "take-default", "mask = None"),
        ("weigh", "wrong-activation", "rest = (scores) / 2 + 1"),
        ("weigh", "drop-term", "rest = (torch.tanh(scores)) + 1"),
        ("weigh", "swap", "return (rest, torch.softmax(scores, dim=-1))"),
        ("weigh", "in-place", "scores = (scores.masked_fill_(mask == 0, float('-inf')))"),
        ("weigh", "truth-of-zero", "if (mask):"),
        ("weigh", "comparison", 'scores = scores.masked_fill((mask != 0), float("-inf"))'),
        ("read", "skip-unknown", "for word in sorted(set(text)) if word in self.table])"),
        ("read", "lose-order", "words = [self.table.get(word, 0) for word in (list(set(text)))]"),
        ("read", "no-default", "words = [(self.table[word]) for word in sorted(set(text))]"),
        ("read", "loop", "continue"),
        ("read", "remember-on-self", "words = (_altered('remember-on-self', [self.table.get("),
    ],
)  # fmt: skip
def test_an_operator_writes_its_mistake(todo: str, operator: str, text: str) -> None:
    """One example each."""
    assert any(text in found for found in list_texts(todo, operator)), list_texts(todo, operator)


def test_mutants_stay_inside_their_region() -> None:
    """Lines of other TODOs and of the given code are as they were."""
    original = TENSORS.split("\n")
    for mutant in write_mutants(TENSORS, SeeingAll(), "read"):
        assert mutant.source.split("\n")[:18] == original[:18]
        assert "return words" in mutant.source and "first = 1" in mutant.source


def test_mutants_are_programs_each_once() -> None:
    """None has the code of the reference or of another one, and ids differ."""
    mutants = [mutant for todo in ("weigh", "read") for mutant in write_mutants(TENSORS, SeeingAll(), todo)]
    assert all(ast.parse(mutant.source) for mutant in mutants)
    assert len({mutant.source for mutant in mutants}) == len(mutants) == len({mutant.id for mutant in mutants})


def test_a_constructor_is_watched_before_torch_has_set_it_up() -> None:
    """Its first line is watched, and nothing can be asked of the module there."""
    survey = Survey()
    survey.see_call("Stack.__init__", {"self": torch.nn.Module.__new__(torch.nn.Module)})


def test_a_mistake_is_made_only_where_it_fits() -> None:
    """A survey that has seen nothing allows no mistake of values."""
    kinds = {mutant.operator for mutant in write_mutants(TENSORS, Survey(), "weigh")}
    assert not kinds & {"cut-graph", "squeeze", "remember-in-module", "wrong-mode"}
    survey = Survey()
    region = find_regions(TENSORS)[0]
    survey.see_value(name_name(region, "scores"), torch.ones(2, 3))
    assert "guess-layout" in {mutant.operator for mutant in write_mutants(TENSORS, survey, "weigh")}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("squeeze", torch.ones(1, 2), torch.ones(2)),
        ("transpose", torch.ones(2, 3), torch.ones(3, 2)),
        ("drop-last-step", [1, 2, 3], [1, 2]),
        ("shift-steps", torch.tensor([1, 2, 3]), torch.tensor([3, 1, 2])),
        ("sort", ["b", "a"], ["a", "b"]),
        ("invert", torch.tensor([True, False]), torch.tensor([False, True])),
        ("zero-state", 7, 7),
    ],
)
def test_values_are_altered_where_they_can_be(kind: str, value: object, expected: object) -> None:
    """Others stay as they are; of a tuple each part is altered."""
    altered = alter_value(kind, (value, None), {})[0]
    assert torch.equal(altered, expected) if isinstance(expected, torch.Tensor) else altered == expected


def test_the_first_result_is_remembered_for_its_form() -> None:
    """Another form begins again, and so does another memory."""
    memory: dict = {}
    found = [
        alter_value("remember-in-module", value, memory) for value in (torch.ones(2), torch.zeros(2), torch.zeros(3))
    ]
    assert [value.tolist() for value in found] == [[1, 1], [1, 1], [0, 0, 0]]
    assert alter_value("remember-in-module", torch.zeros(2), {}).tolist() == [0, 0]


def test_a_suite_that_calls_once_lets_a_memory_pass(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The survivor says what a test must look at; a mutant that behaves like the reference is no survivor."""
    solution = SOLUTION.replace("result = number + number", "result = max(number + number, 0)")
    fates = judge_todo(open_project(monkeypatch, tmp_path, solution=solution), "double").fates
    by_text = {fate.mutant.text: fate for fate in fates}
    assert by_text["result = max((number - number), 0)"].tests == ("test_toy.py::test_double",)
    memory = by_text["result = (_altered('remember-in-module', max(number + number, 0)))"]
    assert (memory.status, memory.difference) == ("survived", "a second call with other values")
    one, less = by_text["result = max(number + number, (1))"], by_text["result = max(number + number, (-1))"]
    assert (one.status, one.difference, less.status) == ("survived", "a number that is 0", "equivalent")


@pytest.mark.parametrize("undefined", ["float('nan')", "__import__('torch').tensor(float('nan'))"])
def test_nan_where_the_reference_gives_nan_is_no_difference(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, undefined: str
) -> None:
    """A number in its place is one."""
    solution = SOLUTION.replace(
        "result = number + number", f"result = max(number + number, 0) if number else {undefined}"
    )
    fates = judge_todo(open_project(monkeypatch, tmp_path, solution=solution), "double").fates
    by_text = {fate.mutant.text: fate for fate in fates}
    same = by_text[f"result = max(number + number, (-1)) if number else {undefined}"]
    other = by_text["result = (max(number + number, 0))"]
    assert (same.status, other.status, other.difference) == ("equivalent", "survived", "a number that is 0")


def test_a_subclass_of_dict_is_no_difference(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It travels to the tests as a dict."""
    counts = "number + number if number else dict(__import__('collections').Counter('ab'))"
    solution = SOLUTION.replace("number + number", counts)
    fates = judge_todo(open_project(monkeypatch, tmp_path, solution=solution), "double").fates
    by_text = {fate.mutant.text: fate for fate in fates}
    counter = by_text["result = number + number if number else (__import__('collections').Counter('ab'))"]
    assert counter.status == "equivalent"


def test_an_endless_mutant_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The limit on its computing time ends it."""
    monkeypatch.setattr("grader.authoring.mutants.running.MOST_SECONDS", 0.2)
    solution = SOLUTION.replace(
        "result = number + number", "result = number\n    while result < 2 * number:\n        result += 1"
    )
    fates = judge_todo(open_project(monkeypatch, tmp_path, solution=solution), "double").fates
    deleted = next(fate for fate in fates if fate.mutant.text == "pass")
    assert deleted.status == "killed"


def make_findings(monkeypatch: pytest.MonkeyPatch, folder: Path, explained: str) -> MutantFindings:
    """Findings of the toy's second TODO, with a corpus that explains these survivors."""
    assignment = open_project(monkeypatch, folder)
    write_variants(folder, f"[survivors]\n{explained}\n")
    assert load_expectations(assignment) == {}
    return MutantFindings(assignment, load_survivors(assignment), list(judge_todo(assignment, "shout").fates))


def test_a_survivor_without_a_reason_is_a_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With its line, its text, and what would kill it; a reason for none is one, too."""
    findings = make_findings(monkeypatch, tmp_path, '"shout:gone:123456" = "it was harmless"')
    complaints = list(findings.list_complaints())
    assert any("'remember-in-module'" in text and "a test could kill it with" in text for text in complaints)
    assert "[survivors] names shout:gone:123456, which does not survive: remove the line" in complaints
    assert complaints[-1].endswith("of the mutants are killed, and at least 97% should be")


def test_an_explained_survivor_is_no_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """But it counts among those that were not killed."""
    findings = make_findings(monkeypatch, tmp_path, "")
    survivors: list[Mutant] = [fate.mutant for fate in findings.fates if fate.status == "survived"]
    findings.explained.update({mutant.id: "the toy calls once" for mutant in survivors})
    assert survivors and 0 < findings.share < 1
    assert not any("survives" in text for text in findings.list_complaints())


@pytest.mark.slow
def test_unexplained_survivors_end_with_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The figures of the assignment come after its complaints."""
    assignment = open_project(monkeypatch, tmp_path)
    assert not print_mutants([assignment])
    lines = capsys.readouterr().out.splitlines()
    assert any("survives" in line for line in lines)
    assert "mutants, " in " ".join(lines) and "killed, " in " ".join(lines)
