"""All operators, and the mutants that they make of an assignment's solution."""

import ast
from collections.abc import Iterator

from grader.authoring.mutants import devices, formula, generic, graph, shape, state, steps, text
from grader.authoring.mutants.model import ALTER, Mutant, Region, Rewrite
from grader.authoring.mutants.regions import find_regions, write_change
from grader.authoring.mutants.survey import Survey, name_name, name_value

TOPICS = (graph, shape, steps, state, devices, text, formula, generic)
OPERATORS = tuple(operator for topic in TOPICS for operator in topic.OPERATORS)
# Behind each mutant's source. A definition, which is made again for every test: so is what it remembers.
_TAIL = f"""


def {ALTER}(kind, value, *more):
    from grader.authoring.mutants.runtime import alter_value
    return alter_value(kind, value, {ALTER}.__dict__, *more)
"""


def write_mutants(source: str, survey: Survey, todo: str) -> Iterator[Mutant]:
    """Write every mutant of one TODO of a solution, each once. One whose code is that of the reference is left out."""
    seen = {_read_code(source)}
    for region in find_regions(source):
        for operator in OPERATORS if region.todo == todo else ():
            for change in operator.list_changes(region):
                if not _is_possible(region, change, survey):
                    continue
                mutated = write_change(source, region, change)
                try:
                    code = _read_code(mutated)
                except (SyntaxError, ValueError):
                    continue  # such a text cannot be handed in as a program
                if code not in seen:
                    seen.add(code)
                    yield _describe(region, operator.name, change, source, mutated)


def _is_possible(region: Region, change: Rewrite, survey: Survey) -> bool:
    if change.alike:
        return survey.is_alike(*(name_name(region, name) for name in change.alike))
    if not change.kind:
        return True
    of = change.of
    return survey.fits(change.kind, name_name(region, of) if isinstance(of, str) else name_value(region, of))


def _describe(region: Region, operator: str, change: Rewrite, source: str, mutated: str) -> Mutant:
    begin, end = change.node.lineno - 1, change.node.end_lineno or change.node.lineno
    original = "\n".join(line.strip() for line in source.split("\n")[begin:end])
    added = 1 if change.before else 0
    text = change.before
    if change.text:
        lines = mutated.split("\n")[begin + added : end + added]
        text = "; ".join(filter(None, [text, *(line.strip() for line in lines if line.strip())]))
    return Mutant(region.todo, operator, begin + 1, original, text, mutated + _TAIL)


def _read_code(source: str) -> str:
    """Return the syntax tree of a source, as text: equal trees behave the same, however they are written."""
    return ast.dump(ast.parse(source))
