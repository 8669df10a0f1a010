"""A hidden suite without running it: for each test a digest of what its verdict depends on, besides the submission.

Read from the sources' syntax trees, so that no test, no helper and no torch has to be imported. Coarse where finer
would be fragile: whatever a test's file, the helpers beside it, the solution or the grader itself may have to do with a
verdict counts for every test; only what stands inside another test does not.
"""

import ast
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast, get_args

from pydantic import TypeAdapter

from grader.model.assignment import Assignment
from grader.model.digests import digest_environment, identify
from grader.model.report import Category, Environment, Visibility

PACKAGE = Path(__file__).resolve().parents[1]
# What reads a submission, runs it and carries its replies; and what judges them.
ANSWERING = (
    "intake/**/*.py",
    "jail/*.py",
    "wire/*.py",
    "sandbox/*.py",
)
JUDGING = ("examiner/*.py", "model/verdict.py")
CATEGORIES = frozenset(get_args(Category))
# What makes of a module more tests than its functions, or other ones.
COLLECTED = ("test", "Test", "pytest", "*")
LABELS = CATEGORIES | {"todo", "visibility"}


@dataclass(frozen=True)
class FingerprintedTest:
    """One test function. `id` is that of its tests up to the parameters, `name` its sentence where it has one. Points,
    category, visibility and name are no part of `digest`."""

    id: str
    digest: str
    todo: str
    points: float
    category: Category
    visibility: Visibility
    name: str
    is_gate: bool = False


@dataclass(frozen=True)
class SuiteFingerprint:
    """`conditions`: what replies depend on. `policy`: what forbids names. `is_whole` where no test can be missing."""

    conditions: str
    policy: str
    tests: tuple[FingerprintedTest, ...]
    is_whole: bool = True

    def dump(self) -> str:
        """As text, from which `load_fingerprint` makes it again."""
        return _FINGERPRINT.dump_json(self).decode()

    def find_unchanged(self, former: "SuiteFingerprint") -> frozenset[str]:
        """The ids of the tests whose verdicts still hold where `former` is what they were made under."""
        if self.conditions != former.conditions:
            return frozenset()
        before = {test.id: test.digest for test in former.tests}
        return frozenset(test.id for test in self.tests if before.get(test.id) == test.digest)

    def has_same_tests(self, former: "SuiteFingerprint") -> bool:
        """Whether these are the same tests in the same order, and all of them."""
        same = [test.id for test in self.tests] == [test.id for test in former.tests]
        return same and self.is_whole and former.is_whole and len(self.find_unchanged(former)) == len(self.tests)


_FINGERPRINT = TypeAdapter(SuiteFingerprint)


@dataclass(frozen=True)
class _Labels:
    """The marks of a test function that its verdict does not depend on, but for the TODO."""

    todo: str
    points: float
    category: str
    visibility: str


def fingerprint_suite(assignment: Assignment, environment: Environment, commitment: str) -> SuiteFingerprint:
    """What the suite consists of at present, under this environment and this secret."""
    limits, imports = assignment.limits.model_dump_json(), "\n".join(assignment.description.imports)
    where = "\n".join(f"{todo.id} {todo.where}" for todo in assignment.todos)
    conditions = identify(
        digest_environment(environment), _digest_own(ANSWERING), limits, imports, assignment.module, where
    )
    files = sorted(assignment.hidden_tests.glob("*.py"))
    helpers = [path for path in files if not _is_test_file(path)]
    fills = "\n".join(f"{todo.id} {todo.fill!r}" for todo in assignment.todos)
    beside = _digest_files([assignment.solution, *helpers], assignment.folder)
    base = identify(conditions, commitment, _digest_own(JUDGING), beside, fills)
    outlines = [_fingerprint_file(path, base) for path in files if _is_test_file(path)]
    return SuiteFingerprint(
        conditions=conditions,
        policy=identify(
            "policy",
            _digest_own(("examiner/forbidden_names.py",)),
            *(f"{todo.id} {todo.forbid}" for todo in assignment.todos),
        ),
        tests=_add_gates([test for tests in outlines for test in tests or ()]),
        is_whole=None not in outlines and all(path.stem != "conftest" for path in helpers),
    )


def _add_gates(tests: list[FingerprintedTest]) -> tuple[FingerprintedTest, ...]:
    """Let every test of a TODO depend on the TODO's gates: they decide whether it counts."""
    gates: dict[str, list[str]] = {}
    for test in tests:
        gates.setdefault(test.todo, []).extend([test.digest] if test.is_gate else [])
    return tuple(replace(test, digest=identify(test.digest, *gates[test.todo])) for test in tests)


def load_fingerprint(text: str) -> SuiteFingerprint:
    """The outline in a text that `Outline.dump` gave."""
    return _FINGERPRINT.validate_json(text)


def find_function(test_id: str) -> str:
    """The id of a test without its parameters: what it is called in an outline."""
    return test_id.partition("[")[0]


def _is_test_file(path: Path) -> bool:
    return path.name.startswith("test_") or path.stem.endswith("_test")


def _digest_own(patterns: Sequence[str]) -> str:
    return _digest_files([path for pattern in patterns for path in sorted(PACKAGE.glob(pattern))], PACKAGE)


def _digest_files(paths: Sequence[Path], root: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        name = path.relative_to(root) if path.is_relative_to(root) else path.name
        digest.update(f"{name}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _fingerprint_file(path: Path, base: str) -> list[FingerprintedTest] | None:
    """Its test functions; None where there may be others that a look at the syntax tree does not find."""
    tree = ast.parse(path.read_bytes())
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test")]
    labels = [_read_labels(node) for node in tests]
    others = [node for node in tree.body if node not in tests]
    names = [node.name for node in tests]
    if None in labels or len(set(names)) < len(names) or any(_may_collect(node) for node in others):
        return None
    around = identify(base, path.name, *map(ast.dump, others))
    return [
        _fingerprint_test(path, node, cast(_Labels, label), around) for node, label in zip(tests, labels, strict=True)
    ]


def _fingerprint_test(path: Path, node: ast.FunctionDef, labels: _Labels, around: str) -> FingerprintedTest:
    test_id = f"{path.name}::{node.name}"
    sentence = ast.get_docstring(node, clean=False)
    body = node.body[1:] if sentence is not None else node.body
    rest = [item for item in node.decorator_list if _read_mark(item)[0] not in LABELS]
    own = [ast.dump(item) for item in (node.args, *rest, *body)]
    return FingerprintedTest(
        id=test_id,
        digest=identify(around, node.name, labels.todo, str(len(rest)), *own),
        todo=labels.todo,
        points=labels.points,
        category=cast(Category, labels.category),
        visibility=cast(Visibility, labels.visibility),
        name=" ".join((sentence or "").split()),
        is_gate=any(_read_mark(item)[0] == "gate" for item in rest),
    )


def _read_labels(node: ast.FunctionDef) -> _Labels | None:
    """Its own marks, where they are written out; None where some are computed, twice there or not there."""
    marks = [_read_mark(item) for item in node.decorator_list]
    found = {name: call for name, call in marks if name in LABELS}
    categories = sorted(CATEGORIES & found.keys())
    if len(categories) != 1 or len(found) < sum(name in LABELS for name, _ in marks):
        return None
    try:
        todo, points = _read_todo(found.get("todo"))
        visibility = _read_visibility(found.get("visibility"))
    except (ValueError, AttributeError, IndexError):
        return None
    return _Labels(str(todo), points, categories[0], str(visibility))


def _read_visibility(call: ast.Call | None) -> object:
    return ast.literal_eval(call.args[0]) if call else "after_due"


def _read_todo(call: ast.Call | None) -> tuple[str, float]:
    match call:
        case ast.Call(
            args=[ast.Constant(value=str(todo))],
            keywords=[ast.keyword(arg="points", value=ast.Constant(value=int() | float() as points))],
        ):
            return todo, float(points)
    raise ValueError("a todo mark that is not written out")


def _read_mark(node: ast.expr) -> tuple[str, ast.Call | None]:
    """The name of `pytest.mark.<name>`, called or not; empty for any other decorator."""
    mark = node.func if isinstance(node, ast.Call) else node
    match mark:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark"), attr=name):
            return name, node if isinstance(node, ast.Call) else None
    return "", None


def _may_collect(node: ast.stmt) -> bool:
    """Whether a statement outside of the test functions may add tests, or marks to all of them."""
    return any(name.startswith(COLLECTED) for name in _list_bound(node))


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
