"""Copies among independent work: planted ones come first, whatever was done to hide them."""

import ast
import random
import time
from collections import defaultdict
from collections.abc import Callable

import pytest

from grader.authoring.release import render_skeleton
from grader.authoring.suite_check import build_source, load_expectations
from grader.classroom.likeness import Work, find_pairs, list_shared_mistakes
from grader.examiner.fragments import split_source
from grader.tests.support.course import load_assignment

STUDENTS = 295
SECONDS = 30.0


def read_work(student: str, source: str) -> Work:
    """A work with its fragments."""
    return Work(student, source, split_source(source))


def rename_variables(source: str) -> str:
    """Give every local variable another name."""
    tree = ast.parse(source)
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        names = {
            node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        names |= {argument.arg for argument in function.args.args if argument.arg != "self"}
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and node.id in names:
                node.id = f"my_{node.id}"
            if isinstance(node, ast.arg) and node.arg in names:
                node.arg = f"my_{node.arg}"
    return ast.unparse(tree)


def reorder(source: str) -> str:
    """Turn the order of the definitions round."""
    tree = ast.parse(source)
    tree.body.reverse()
    return ast.unparse(tree)


def change_comments(source: str) -> str:
    """Put a comment above every line that begins a definition."""
    return source.replace("class ", "# this is my own class\nclass ").replace("    def ", "    # my idea\n    def ")


def write_loops(source: str) -> str:
    """Write a comprehension that is assigned to a name as a loop."""

    class Loops(ast.NodeTransformer):
        def visit_Assign(self, node: ast.Assign) -> ast.AST | list[ast.stmt]:
            value, target = node.value, node.targets[0]
            if not (isinstance(value, ast.ListComp) and len(value.generators) == 1 and isinstance(target, ast.Name)):
                return node
            one = value.generators[0]
            call = ast.parse(f"{target.id}.append(0)").body[0]
            call.value.args = [value.elt]  # type: ignore[attr-defined]
            empty = ast.parse(f"{target.id} = []").body[0]
            return [empty, ast.For(one.target, one.iter, [call], [])]

    return ast.unparse(ast.fix_missing_locations(Loops().visit(ast.parse(source))))


def split_over_cells(source: str) -> str:
    """Spread the definitions: the intake joins the cells of a notebook with blank lines between them."""
    return "\n\n\n\n".join(ast.unparse(node) for node in ast.parse(source).body)


DISGUISES: list[Callable[[str], str]] = [rename_variables, reorder, change_comments, write_loops, split_over_cells]


def list_definitions(source: str) -> list[tuple[str, str]]:
    """Return the name and the text of each class and function of a module."""
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [(node.name, ast.get_source_segment(source, node) or "") for node in nodes]


@pytest.fixture(scope="module")
def variants() -> dict[str, list[str]]:
    """Each definition of a2_rnn in the ways that its corpus writes it."""
    assignment = load_assignment("a2_rnn")
    solution = set(list_definitions(assignment.solution.read_text(encoding="utf-8")))
    found: dict[str, list[str]] = defaultdict(list)
    for variant, expectation in sorted(load_expectations(assignment).items()):
        for name, text in list_definitions(build_source(assignment, variant, expectation)):
            if (name, text) not in solution:
                found[name].append(text)
    return {name: texts for name, texts in found.items() if len(texts) > 3}


def make_class(variants: dict[str, list[str]]) -> list[Work]:
    """Students who chose each definition independently, and five copies."""
    draw = random.Random(5)
    sources = ["\n\n".join(draw.choice(texts) for texts in variants.values()) for _ in range(STUDENTS)]
    works = [read_work(f"s{number}", source) for number, source in enumerate(sources)]
    return works + [
        read_work(f"copy of s{10 * number}", disguise(sources[10 * number]))
        for number, disguise in enumerate(DISGUISES)
    ]


@pytest.mark.slow
def test_find_pairs_puts_planted_copies_first(variants: dict[str, list[str]]) -> None:
    """Five copies in a class of 300, and in time."""
    assignment = load_assignment("a2_rnn")
    solution = assignment.solution.read_text(encoding="utf-8")
    works = make_class(variants)
    started = time.perf_counter()
    pairs = find_pairs(works, skeleton=render_skeleton(solution), known=[solution])
    assert time.perf_counter() - started < SECONDS
    first = {pair.second.student: pair.first.student for pair in pairs[:5]}
    assert first == {f"copy of s{10 * number}": f"s{10 * number}" for number in range(5)}
    assert pairs[5].rank < pairs[4].rank


def test_find_pairs_ignores_what_students_were_given() -> None:
    """A skeleton that everybody hands in is no evidence."""
    skeleton = "def f(items):\n    total = 0\n    for item in items:\n        total += item * item\n    return total"
    works = [read_work(f"s{number}", skeleton) for number in range(50)]
    assert find_pairs(works, skeleton=skeleton) == []
    assert find_pairs(works) == []  # nor is what the whole class wrote


def test_find_pairs_marks_the_shared_lines() -> None:
    """In each of the two sources."""
    rare = "def g(rows):\n    table = {row[0]: sum(row[1:]) / len(row) for row in rows if row[0] not in ('', '-')}\n"
    rare += "    return sorted(table.items(), key=lambda entry: (-entry[1], entry[0]))[: len(table) // 3]"
    others = [read_work(f"s{n}", f"def g(rows):\n    return [row[{n}] for row in rows if row]") for n in range(60)]
    works = [*others, read_work("ann", rare), read_work("bob", "import re\n\n" + rename_variables(rare))]
    [pair] = find_pairs(works)
    assert (pair.first.student, pair.second.student) == ("ann", "bob")
    assert 2 in pair.first_lines and 4 in pair.second_lines and 1 not in pair.first_lines


def test_shared_mistakes_are_the_rare_ones() -> None:
    """What half of the class got wrong says nothing."""
    messages = {f"s{number}": ["common"] if number % 2 else [] for number in range(40)}
    messages["s1"] = ["odd", "common"]
    messages["s2"] = ["odd"]
    assert list_shared_mistakes(messages) == {"odd": ["s1", "s2"]}
