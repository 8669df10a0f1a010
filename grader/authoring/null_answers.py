"""Grade null answers: the reference with the results of a TODO's functions replaced by values that tell nothing."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grader.authoring.graded_answers import list_killers
from grader.authoring.null_runtime import forget_first_results
from grader.model.assignment import Assignment
from grader.model.errors import BrokenSuite
from grader.model.report import CheckResult, GradeReport

# `first` is a constant: what the function returned when it was called first, in a grading before this one.
KINDS = ("zeros", "ones", "input", "noise", "permuted", "empty", "first")
# A null answer may pass a test by chance, but earns no more of a TODO than this share of its points.
MOST_NULL_SHARE = 0.05


@dataclass(frozen=True)
class NullAnswer:
    """The source of one null answer, and the TODOs that it answers."""

    name: str
    kind: str
    todos: frozenset[str]
    source: str


@dataclass(frozen=True)
class NullResult:
    """The points that a null answer earned of one TODO, the tests that it passed, and those that found it."""

    todo: str
    kind: str
    score: float
    max_score: float
    passed: tuple[CheckResult, ...]
    killed_by: tuple[str, ...] = ()

    @property
    def complaint(self) -> str:
        """Say what is wrong; empty where it earned no more than it may."""
        if self.score <= MOST_NULL_SHARE * self.max_score:
            return ""
        tests = ", ".join(f"{test.id} ({test.max_score:g})" for test in self.passed)
        return f"{self.todo}: a null answer ({self.kind}) earns {self.score:g} of {self.max_score:g}: {tests}"


def grade_null_answers(
    assignment: Assignment, grade: Callable[[str, str, frozenset[str]], GradeReport]
) -> Iterator[NullResult]:
    """Grade every kind of null answer to every TODO. `grade` is given a name, the source and the TODOs to judge."""
    for number, answer in enumerate(write_null_answers(assignment)):
        forget_first_results()
        if answer.kind == "first":
            # Another file, so another submission with other inputs: what it returns first is no right answer later.
            grade(f"null_{number}_before", f"{answer.source}\n\nWARMING_UP = True\n", answer.todos)
        report = grade(f"null_{number}", answer.source, answer.todos)
        for todo in report.todos:
            if todo.id in answer.todos:
                own = [test for test in report.tests if test.todo == todo.id]
                passed = tuple(test for test in own if test.score)
                killers = tuple(test.id for test in own if test.id in list_killers(report))
                yield NullResult(todo.id, answer.kind, todo.score, todo.max_score, passed, killers)


def write_null_answers(assignment: Assignment) -> Iterator[NullAnswer]:
    """Write every kind of null answer for every place that TODOs name. Raises BrokenSuite if one is missing."""
    solution = assignment.solution.read_text(encoding="utf-8")
    definitions = {
        node.name: node for node in ast.parse(solution).body if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    # TODOs that share a function share its result: no wrapper can tell them apart.
    groups: dict[tuple[str, ...], list[str]] = {}
    for todo in assignment.todos:
        groups.setdefault(todo.where, []).append(todo.id)
    for places, todos in groups.items():
        missing = [place for place in places if place.split(".")[0] not in definitions]
        if missing:
            raise BrokenSuite(f"{assignment.solution}: it defines no {', '.join(missing)}, which a TODO names")
        # Without inputs the right answer is a constant, such as a text: what it returned first is the answer itself.
        is_constant = all(_takes_nothing(definitions[place.split(".")[0]]) for place in places)
        for kind in KINDS:
            if kind == "first" and is_constant:
                continue
            wrappers = [line for place in places for line in _wrap(definitions, place, kind)]
            text = "\n\n".join([solution, "from grader.authoring.null_runtime import make_null", *wrappers])
            yield NullAnswer(f"{kind} for {', '.join(places)}", kind, frozenset(todos), f"{text}\n")


def _takes_nothing(node: ast.ClassDef | ast.FunctionDef) -> bool:
    return isinstance(node, ast.FunctionDef) and not ast.unparse(node.args)


def _wrap(definitions: dict[str, ast.ClassDef | ast.FunctionDef], place: str, kind: str) -> Iterator[str]:
    owner, _, method = place.partition(".")
    node = definitions[owner]
    if isinstance(node, ast.FunctionDef):
        # A definition, not an assignment: it is run again for every test, like the function that it replaces.
        yield (
            f"def {owner}(*args, _given={owner}, **kwargs):\n"
            f"    return make_null(_given, {kind!r}, {place!r})(*args, **kwargs)"
        )
        return
    for item in node.body:
        if not isinstance(item, ast.FunctionDef):
            continue
        is_public = item.name in ("__call__", "__len__") or not item.name.startswith("__")
        if item.name == method or (not method and is_public):
            yield f"{owner}.{item.name} = {_wrap_method(owner, item, kind)}"


def _wrap_method(owner: str, item: ast.FunctionDef, kind: str) -> str:
    given, name = f"{owner}.__dict__[{item.name!r}]", f"{owner}.{item.name}"
    decorators = {node.id for node in item.decorator_list if isinstance(node, ast.Name)}
    if "property" in decorators:
        return f"property(make_null({given}.fget, {kind!r}, {name!r}))"
    for decorator in sorted(decorators & {"staticmethod", "classmethod"}):
        return f"{decorator}(make_null({given}.__func__, {kind!r}, {name!r}))"
    return f"make_null({given}, {kind!r}, {name!r})"
