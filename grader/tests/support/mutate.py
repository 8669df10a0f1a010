"""Mutants of the reference solutions, by cosmic-ray, which no lock asks for: how many do the hidden suites kill?

    pip install cosmic-ray
    python -m grader.tests.support.mutate a4_attention

Mutated is what stands between a TODO's marks, nothing else; annotations and docstrings are left alone. Each mutant is
graded like any submission. Prints every survivor: either it means the same, or a test is missing.
"""

import ast
import difflib
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from grader.grading.worker import Job, Worker
from grader.model.assignment import Assignment
from grader.tests.support.course import load_assignment

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# One wrong operator for each right one tells as much as ten do; what changes only spelling tells nothing.
CHOSEN = (
    "core/ReplaceBinaryOperator_Add_Sub",
    "core/ReplaceBinaryOperator_Sub_Add",
    "core/ReplaceBinaryOperator_Mul_Div",
    "core/ReplaceBinaryOperator_Div_Mul",
    "core/ReplaceBinaryOperator_FloorDiv_Mul",
    "core/ReplaceBinaryOperator_Mod_Add",
    "core/ReplaceBinaryOperator_Pow_Mul",
    "core/ReplaceBinaryOperator_BitAnd_BitOr",
    "core/ReplaceBinaryOperator_BitOr_BitAnd",
    "core/ReplaceComparisonOperator_Eq_NotEq",
    "core/ReplaceComparisonOperator_NotEq_Eq",
    "core/ReplaceComparisonOperator_Lt_LtE",
    "core/ReplaceComparisonOperator_LtE_Lt",
    "core/ReplaceComparisonOperator_Gt_GtE",
    "core/ReplaceComparisonOperator_GtE_Gt",
    "core/ReplaceComparisonOperator_Is_IsNot",
    "core/ReplaceComparisonOperator_IsNot_Is",
    "core/ReplaceUnaryOperator_USub_UAdd",
    "core/ReplaceUnaryOperator_Delete_Not",
    "core/ReplaceUnaryOperator_Delete_Invert",
    "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd",
    "core/ReplaceTrueWithFalse",
    "core/ReplaceFalseWithTrue",
    "core/ReplaceBreakWithContinue",
    "core/ReplaceContinueWithBreak",
    "core/AddNot",
    "core/NumberReplacer",
    "core/RemoveDecorator",
    "core/ZeroIterationForLoop",
    "core/ExceptionReplacer",
)


def main(name: str) -> int:
    """Grade every mutant and print the survivors. 1 where there are some."""
    assignment = load_assignment(name)
    description = assignment.description.model_copy(update={"gpu_policy": "virtual"})
    assignment = assignment.model_copy(update={"description": description})
    source = assignment.solution.read_text(encoding="utf-8")
    warnings.simplefilter("ignore")
    tried, survivors = 0, 0
    with Worker(assignment) as worker, tempfile.TemporaryDirectory() as folder:
        for number, mutant in enumerate(dict.fromkeys(list_mutants(source))):
            tried += 1
            if not is_killed(worker, assignment, Path(folder, str(number)), mutant):
                survivors += 1
                print(f"survived: {show_difference(source, mutant)}", flush=True)
    print(f"{name}: {tried - survivors} of {tried} mutants killed ({(tried - survivors) / tried:.1%})")
    return 1 if survivors else 0


def list_mutants(source: str) -> Iterator[str]:
    """Every source that differs from the reference in one place of a solution."""
    marked = set(list_marked_lines(source))
    for name in operator_names():
        if name not in CHOSEN:
            continue
        for occurrence in range(10_000):
            mutant = mutate_code(source, get_operator(name)(), occurrence)
            if mutant is None:
                break
            changed = {number for number, line in enumerate(source.splitlines(), 1) if _differs(mutant, number, line)}
            if changed and changed <= marked and _means_another(source, mutant):
                yield mutant


def list_marked_lines(source: str) -> Iterator[int]:
    """The lines between the marks, counted from 1."""
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or BEGIN in line) and END not in line
        if inside:
            yield number


def _differs(mutant: str, number: int, line: str) -> bool:
    lines = mutant.splitlines()
    return number > len(lines) or lines[number - 1] != line


def _means_another(source: str, mutant: str) -> bool:
    try:
        return ast.dump(_strip(source)) != ast.dump(_strip(mutant))
    except SyntaxError:
        return False


def _strip(source: str) -> ast.Module:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def is_killed(worker: Worker, assignment: Assignment, folder: Path, mutant: str) -> bool:
    """Tell whether a mutant loses a point."""
    folder.mkdir()
    path = folder / assignment.module
    path.write_text(mutant, encoding="utf-8")
    report = worker.grade(Job(path))
    return report.status == "graded" and report.score < report.max_score


def show_difference(source: str, mutant: str) -> str:
    """The lines that differ."""
    difference = difflib.unified_diff(source.splitlines(), mutant.splitlines(), lineterm="", n=0)
    return "\n    ".join(line for line in difference if not line.startswith(("---", "+++")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
