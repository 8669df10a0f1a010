"""Fingerprint a hidden suite: for each test a digest of everything that its verdict depends on, besides the submission.

The fingerprint is read from the syntax trees, so that no test, no helper and no torch has to be imported. It is coarse
where a finer one would be fragile: the rest of a test's file, the helpers beside it, the solution and the grader itself
count for every test. Only the bodies of other tests do not.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from pydantic import TypeAdapter, ValidationError

from grader.grading.software import PACKAGE, digest_answering, digest_files, digest_judging, digest_sources
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.digests import digest_environment, identify
from grader.model.errors import BrokenSuite
from grader.model.marks import GATE, NAMES, Category, Mark, TestMarks, Visibility, read_marks
from grader.model.report import Environment

FORBIDDING = tuple(
    f"examiner/{name}.py"
    for name in ("forbidden_names", "bindings", "calls", "canonical", "meanings", "module_names", "scopes")
)
# Names that may give a module more tests than its functions, or other ones.
COLLECTED = ("test", "Test", "pytest", "*")


@dataclass(frozen=True)
class FingerprintedTest:
    """One test function. `id` is the id of its tests without parameters, `name` its docstring where it has one.

    Weight, category, visibility and name are not part of `digest`.
    """

    id: str
    digest: str
    todo: str
    weight: float
    category: Category
    visibility: Visibility
    name: str
    is_gate: bool = False


@dataclass(frozen=True)
class SuiteFingerprint:
    """A suite's tests, and the digests of the rest: `conditions` of replies, `policy` of the forbidden names.

    `is_whole` says that no test can be missing.
    """

    conditions: str
    policy: str
    tests: tuple[FingerprintedTest, ...]
    is_whole: bool = True

    def dump(self) -> str:
        """Return the fingerprint as text, for `load_fingerprint`."""
        return _FINGERPRINT.dump_json(self).decode()

    def find_unchanged(self, former: "SuiteFingerprint") -> frozenset[str]:
        """Return the ids of the tests whose verdicts still hold, if they were made under `former`."""
        if self.conditions != former.conditions:
            return frozenset()
        before = {test.id: test.digest for test in former.tests}
        return frozenset(test.id for test in self.tests if before.get(test.id) == test.digest)

    def has_same_tests(self, former: "SuiteFingerprint") -> bool:
        """Tell whether both have the same tests in the same order, and none can be missing."""
        same = [test.id for test in self.tests] == [test.id for test in former.tests]
        return same and self.is_whole and former.is_whole and len(self.find_unchanged(former)) == len(self.tests)


_FINGERPRINT = TypeAdapter(SuiteFingerprint)


def fingerprint_suite(assignment: Assignment, environment: Environment, commitment: str) -> SuiteFingerprint:
    """Return the suite's fingerprint as it is now, under an environment and a secret."""
    conditions = identify(
        digest_environment(environment),
        digest_answering(Course(assignment.root).datasets),
        assignment.limits.model_dump_json(),
        "\n".join(assignment.description.imports),
        assignment.module,
        "\n".join(f"{todo.id} {todo.where}" for todo in assignment.todos),
    )
    files = sorted(assignment.hidden_tests.glob("*.py"))
    helpers = [path for path in files if not _is_test_file(path)]
    fills = "\n".join(f"{todo.id} {todo.fill!r}" for todo in assignment.todos)
    beside = digest_files([assignment.solution, *helpers], assignment.folder)
    draws = str(assignment.description.draws)
    base = identify(conditions, commitment, digest_judging(), beside, fills, draws)
    fingerprints = [_fingerprint_file(path, base) for path in files if _is_test_file(path)]
    tests = [test for found in fingerprints for test in found or ()]
    # Every test of a TODO depends on the TODO's gates: they decide whether it counts.
    gates: dict[str, list[str]] = {}
    for test in tests:
        gates.setdefault(test.todo, []).extend([test.digest] if test.is_gate else [])
    return SuiteFingerprint(
        conditions=conditions,
        policy=identify(
            "policy",
            digest_sources(PACKAGE, FORBIDDING),
            *(f"{todo.id} {todo.forbid} {todo.forbid_unclear}" for todo in assignment.todos),
        ),
        tests=tuple(replace(test, digest=identify(test.digest, *gates[test.todo])) for test in tests),
        is_whole=None not in fingerprints and all(path.stem != "conftest" for path in helpers),
    )


def load_fingerprint(text: str) -> SuiteFingerprint | None:
    """Return the fingerprint in a text of `SuiteFingerprint.dump`; None where another version of the grader wrote it:
    no verdict of such a version is taken over."""
    try:
        return _FINGERPRINT.validate_json(text)
    except ValidationError:
        return None


def find_function(test_id: str) -> str:
    """Return the id of a test without its parameters: its id in a fingerprint."""
    return test_id.partition("[")[0]


def _is_test_file(path: Path) -> bool:
    return path.name.startswith("test_") or path.stem.endswith("_test")


def _fingerprint_file(path: Path, base: str) -> list[FingerprintedTest] | None:
    """Return a file's test functions; None where the syntax tree may not show all of them."""
    tree = ast.parse(path.read_bytes())
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    marks = [_read_test_marks(node) for node in tests]
    others = [node for node in tree.body if node not in tests]
    names = [node.name for node in tests]
    # A statement outside of the test functions may add tests, or marks to all of them.
    may_collect = any(name.startswith(COLLECTED) for node in others for name in _list_bound(node))
    if None in marks or len(set(names)) < len(names) or may_collect:
        return None
    around = identify(base, path.name, *map(ast.dump, others))
    return [
        _fingerprint_test(path, node, cast(TestMarks, mark), around) for node, mark in zip(tests, marks, strict=True)
    ]


def _fingerprint_test(path: Path, node: ast.FunctionDef, marks: TestMarks, around: str) -> FingerprintedTest:
    test_id = f"{path.name}::{node.name}"
    sentence = ast.get_docstring(node, clean=False)
    body = node.body[1:] if sentence is not None else node.body
    rest = [item for item in node.decorator_list if _name_mark(item) not in NAMES]
    own = [ast.dump(item) for item in (node.args, *rest, *body)]
    return FingerprintedTest(
        id=test_id,
        digest=identify(around, node.name, marks.todo, str(len(rest)), *own),
        todo=marks.todo,
        weight=marks.weight,
        category=marks.category,
        visibility=marks.visibility,
        name=" ".join((sentence or "").split()),
        is_gate=marks.is_gate,
    )


def _read_test_marks(node: ast.FunctionDef) -> TestMarks | None:
    """Return what its marks say; None where some are computed, repeated or missing."""
    decorators = [item for item in node.decorator_list if _name_mark(item) in NAMES | {GATE}]
    if len({_name_mark(item) for item in decorators}) < len(decorators):
        return None
    try:
        return read_marks([_read_mark(item) for item in decorators], where=node.name)
    except (ValueError, BrokenSuite):
        return None


def _read_mark(node: ast.expr) -> Mark:
    """Return a mark whose arguments are written out. Raises ValueError where one is computed."""
    if not isinstance(node, ast.Call):
        return Mark(_name_mark(node))
    if not all(word.arg for word in node.keywords):
        raise ValueError("arguments that are unpacked from a dict")
    return Mark(
        _name_mark(node),
        [ast.literal_eval(item) for item in node.args],
        {str(word.arg): ast.literal_eval(word.value) for word in node.keywords},
    )


def _name_mark(node: ast.expr) -> str:
    """Return the name of `pytest.mark.<name>`, called or not; empty for any other decorator."""
    match node.func if isinstance(node, ast.Call) else node:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark"), attr=name):
            return name
    return ""


def _list_bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import():
            # `import pytest` itself binds a name that pytest looks at in vain.
            yield from (alias.asname or alias.name for alias in node.names if alias.name != "pytest")
        case ast.ImportFrom():
            yield from (alias.asname or alias.name for alias in node.names)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case _:
            yield from (
                item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store)
            )
            yield from (item.name for item in ast.walk(node) if isinstance(item, ast.FunctionDef | ast.ClassDef))
