"""Copies among independent work: planted ones come first, under every disguise."""

import ast
import random
import time
from collections import defaultdict

import pytest

from grader.authoring.corpus import build_source, load_expectations
from grader.authoring.release import render_skeleton
from grader.classroom.likeness import find_pairs, list_shared_mistakes
from grader.tests.support.course import load_assignment
from grader.tests.support.disguises import DISGUISES, read_work, rename_variables, write_in_own_style, write_loops

STUDENTS = 295
SECONDS = 30.0


def list_definitions(source: str) -> list[tuple[str, str]]:
    """Return the name and the text of each class and function of a module."""
    nodes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    return [(node.name, ast.get_source_segment(source, node) or "") for node in nodes]


Variants = dict[str, tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def variants() -> Variants:
    """Each definition of a2_rnn in the right ways, and in all ways, that its corpus and its solution write it."""
    assignment = load_assignment("a2_rnn")
    found: Variants = defaultdict(lambda: ([], []))
    for name, text in list_definitions(assignment.solution.read_text(encoding="utf-8")):
        found[name] = ([text], [text])
    for variant, expectation in sorted(load_expectations(assignment).items()):
        for name, text in list_definitions(build_source(assignment, variant, expectation)):
            right, every = found[name]
            if text not in every:
                every.append(text)
                right += [text] if variant.startswith("right_") else []
    return {name: texts for name, texts in found.items() if len(texts[1]) > 3}


def write_answer(variants: Variants, draw: random.Random, *, is_right: bool) -> str:
    """One student's module: each definition chosen alone, and all of it in the student's own style."""
    texts = [draw.choice(right if is_right or draw.random() < 0.5 else every) for right, every in variants.values()]
    return write_in_own_style("\n\n".join(texts), draw)


@pytest.mark.slow
def test_find_pairs_puts_planted_copies_first(variants: Variants) -> None:
    """Five copies in a class of 300, in time; 180 students wrote nothing but right answers, and are not near."""
    draw = random.Random(1)
    sources = [write_answer(variants, draw, is_right=number % 5 > 1) for number in range(STUDENTS)]
    works = [read_work(f"s{number}", source) for number, source in enumerate(sources)]
    unparsed = [ast.unparse(ast.parse(source)) for source in sources]
    with_comprehension = [number for number, source in enumerate(unparsed) if write_loops(source) != source]
    originals = [*range(0, 40, 10), with_comprehension[-1]]
    for number, disguise in zip(originals, DISGUISES, strict=True):
        works.append(read_work(f"copy of s{number}", disguise(sources[number])))
    solution = load_assignment("a2_rnn").solution.read_text(encoding="utf-8")
    started = time.process_time()
    pairs = find_pairs(works, skeleton=render_skeleton(solution), known=[solution])
    assert time.process_time() - started < SECONDS
    first = {pair.second.student: pair.first.student for pair in pairs[:5]}
    assert first == {f"copy of s{number}": f"s{number}" for number in originals}
    assert pairs[5].rank < pairs[4].rank / 2


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
    """A mistake of half of the class says nothing."""
    messages = {f"s{number}": ["common"] if number % 2 else [] for number in range(40)}
    messages["s1"] = ["odd", "common"]
    messages["s2"] = ["odd"]
    assert list_shared_mistakes(messages) == {"odd": ["s1", "s2"]}
