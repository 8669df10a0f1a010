"""Null answers: how they are written, and what verification says of a suite that pays for them."""

from pathlib import Path

import pytest
import torch

from grader.authoring.null_answers import KINDS, write_null_answers
from grader.authoring.null_runtime import NullObject, forget_first_results, make_null, replace_value
from grader.authoring.suite_check import verify_suite
from grader.model.errors import BrokenSuite
from grader.tests.authoring.test_suite_check import SOUND, SOUND_EXPECTED
from grader.tests.support.toy import SOLUTION, TESTS, TOML, open_project, write_variants

PROPERTY_ONLY = TESTS.replace("student.shout(word) == word.upper()", "isinstance(student.shout(word), str)")
METHODS = '''

class Toy:
    """Functions of every form."""

    size = 3

    def double(self, number):
        return 2 * number

    @staticmethod
    def triple(number):
        return 3 * number

    @classmethod
    def count(cls, number):
        return cls.size * number

    @property
    def name(self):
        return "toy"

    def __len__(self):
        return 5
'''


def load(source: str) -> dict:
    """The names that a source defines."""
    names: dict = {"__name__": "null_answer"}
    exec(compile(source, "null_answer", "exec"), names)
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_keep_shape_and_type_and_lose_their_graph(kind: str):
    """Every kind of null answer keeps shape and type, and has other values without a graph."""
    value = (torch.arange(1.0, 13).reshape(3, 4).requires_grad_() * 2, torch.arange(4))
    for part, given in zip(replace_value(value, kind, [torch.ones(2)]), value, strict=True):
        assert (part.shape, part.dtype, part.requires_grad) == (given.shape, given.dtype, False)
        assert not torch.equal(part, given)


def test_a_permuted_answer_holds_the_same_values():
    """In another order."""
    value = torch.arange(50.0)
    permuted = replace_value(value, "permuted", [])
    assert torch.equal(permuted.sort().values, value)
    assert sorted(replace_value(["a", "b", "c"], "permuted", [])) == ["a", "b", "c"]


def test_an_input_is_taken_where_it_fits():
    """Of the same size or type; zeros otherwise."""
    fitting, value = torch.rand(2, 3), torch.rand(3, 2)
    assert torch.equal(replace_value(value, "input", [torch.rand(5), fitting]), fitting.reshape(3, 2))
    assert torch.equal(replace_value(value, "input", [torch.rand(5)]), torch.zeros(3, 2))
    assert replace_value(["x"], "input", ["y", ["z", "z"]]) == ["z", "z"]


@pytest.mark.parametrize(
    ("value", "zero", "one"),
    [(True, False, True), (7, 0, 1), (2.5, 0.0, 1.0), ("abc", "", "aaa"), ([4, 5], [0, 0], [1, 1]), (None, None, None)],
)
def test_plain_values_become_constants_of_their_type(value, zero, one):
    """Numbers, texts and lists of them; nothing stays nothing."""
    for kind, expected in (("zeros", zero), ("ones", one)):
        replaced = replace_value(value, kind, [])
        assert replaced == expected and type(replaced) is type(value)


def test_objects_answer_with_null_answers():
    """Attributes and methods of an object that is no plain value."""

    class Speaker:
        words = ("a", "b")

        def speak(self, word):
            return word.upper()

    replaced = replace_value(Speaker(), "zeros", [])
    assert isinstance(replaced, NullObject)
    assert (replaced.words, replaced.speak("x")) == (("", ""), "")


def test_what_a_function_writes_is_lost():
    """Writing into an argument is an answer, too."""
    given = [1, 2]
    assert make_null(lambda items: items.append(3) or items, "ones", "f")(given) == [1, 1, 1]
    assert given == [1, 2]


@pytest.mark.parametrize(("name", "neighbours"), [("data.txt", 0), ("case/data.txt", 1)])
def test_a_file_is_copied_with_the_neighbours_of_its_own_folder_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, neighbours: int
):
    """What lies beside it in the folder of temporary files belongs to other programs."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("a", encoding="utf-8")
    path.with_name("other.txt").write_text("b", encoding="utf-8")
    seen: list[Path] = []
    make_null(lambda given: seen.append(Path(given)), "zeros", "read")(str(path))
    assert seen[0] != path
    assert seen[0].read_text(encoding="utf-8") == "a"
    assert len(list(seen[0].parent.iterdir())) == 1 + neighbours


def test_the_first_result_comes_back_for_everything():
    """Until it is forgotten."""
    forget_first_results()
    double = make_null(lambda number: 2 * number, "first", "double")
    assert [double(1), double(5)] == [2, 2]
    forget_first_results()
    assert double(5) == 10


@pytest.mark.parametrize("kind", ["zeros", "ones"])
def test_functions_of_every_form_are_replaced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str):
    """Functions, methods, static and class methods, properties; what is not the TODO's stays."""
    toml = TOML.replace('where = ["double"]', 'where = ["double", "Toy"]')
    assignment = open_project(monkeypatch, tmp_path, toml=toml, solution=SOLUTION + METHODS)
    answer = next(a for a in write_null_answers(assignment) if a.kind == kind and "double" in a.todos)
    names = load(answer.source)
    toy, number = names["Toy"](), int(kind == "ones")
    assert [names["double"](4), toy.double(4), toy.triple(4), toy.count(4), len(toy)] == [number] * 5
    assert toy.name == ("ttt" if number else "")
    assert names["shout"]("a") == "A"


def test_a_method_is_replaced_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A TODO that names one method leaves the other methods of the class as they are."""
    toml = TOML.replace('where = ["double"]', 'where = ["Toy.double"]')
    assignment = open_project(monkeypatch, tmp_path, toml=toml, solution=SOLUTION + METHODS)
    toy = load(next(write_null_answers(assignment)).source)["Toy"]()
    assert (toy.double(4), toy.triple(4)) == (0, 12)


def test_a_place_that_is_not_there_is_a_broken_suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The complaint names it."""
    assignment = open_project(monkeypatch, tmp_path, toml=TOML.replace('where = ["shout"]', 'where = ["whisper"]'))
    with pytest.raises(BrokenSuite, match="defines no whisper"):
        list(write_null_answers(assignment))


def test_a_suite_that_pays_for_nothing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """With the null answer, what it earns, and the test that passed."""
    assignment = open_project(monkeypatch, tmp_path, tests=PROPERTY_ONLY)
    write_variants(tmp_path, SOUND_EXPECTED, **SOUND)
    found = verify_suite(assignment)
    expected = [f"shout: a null answer ({kind}) earns 40 of 40: test_toy.py::test_shout (40)" for kind in KINDS]
    assert [null.complaint for null in found.nulls if null.complaint] == expected
    assert set(expected) <= set(found.complaints)
    assert len(found.nulls) == 2 * len(KINDS)


@pytest.mark.parametrize("value", [0, 1, 2, 6, -1, -5])
def test_noise_is_never_the_right_integer(value: int) -> None:
    """A suite would be blamed for an answer that is right by chance."""
    assert all(replace_value(value, "noise", []) != value for _ in range(200))
