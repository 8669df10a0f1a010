"""The marks of a test and the sentinel of an open TODO: their names, and how marks are read."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from grader.model.errors import BrokenSuite

# The skeletons' function that an open TODO calls; the original lab leaves it undefined.
SENTINEL = "FIXME"

Category = Literal["shape", "parity", "gpu", "behaviour"]
Visibility = Literal["visible", "after_due", "hidden"]
CATEGORIES: tuple[Category, ...] = get_args(Category)
VISIBILITIES: tuple[Visibility, ...] = get_args(Visibility)
DEFAULT_VISIBILITY: Visibility = "after_due"

TODO = "todo"
WEIGHT = "weight"
OLD_WEIGHT = "points"
VISIBILITY = "visibility"
GATE = "gate"
# The marks that a verdict does not depend on, except for the TODO.
NAMES = frozenset({*CATEGORIES, TODO, VISIBILITY})
# As `pytest --markers` shows them.
DESCRIPTIONS = (
    f"{TODO}(id, {WEIGHT}): the TODO that a test judges, and its share of the TODO's points",
    f"{VISIBILITY}(level): {', '.join(VISIBILITIES)}; default {DEFAULT_VISIBILITY}",
    f"{GATE}: if this test shows nothing of the right answer, no other test of its TODO counts",
    *(f"{category}: what kind of test this is" for category in CATEGORIES),
)


@dataclass(frozen=True)
class Mark:
    """One `pytest.mark.<name>(*args, **kwargs)`, read by pytest or from a syntax tree."""

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TestMarks:
    """The marks of one hidden test, read."""

    __test__ = False  # pytest would take it for a class of tests

    todo: str
    weight: float
    category: Category
    visibility: Visibility
    is_gate: bool = False


def read_todo(marks: Iterable[Mark], *, where: str) -> str:
    """Return the TODO of the test at `where`. Raises BrokenSuite if it is not marked exactly once."""
    todos = [mark for mark in marks if mark.name == TODO]
    if len(todos) != 1 or len(todos[0].args) != 1:
        raise BrokenSuite(f"{where}: mark it once with @pytest.mark.{TODO}('<id>', {WEIGHT}=N)")
    return str(todos[0].args[0])


def read_marks(marks: Sequence[Mark], *, where: str) -> TestMarks:
    """Return what the marks of the hidden test at `where` say, the nearest mark first. Raises BrokenSuite."""
    todo = read_todo(marks, where=where)
    named = {mark.name: mark for mark in reversed(marks)}
    if OLD_WEIGHT in named[TODO].kwargs:
        raise BrokenSuite(
            f"{where}: `{OLD_WEIGHT}` in a {TODO} mark is now called `{WEIGHT}`: rename it. The TODO's points stand in "
            "assignment.toml only, and its tests share them in proportion to their weights"
        )
    weight = named[TODO].kwargs.get(WEIGHT)
    if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 <= weight < math.inf:
        raise BrokenSuite(f"{where}: its {TODO} mark needs {WEIGHT}=N, with a number of 0 or more (0 for information)")
    categories = sorted(named.keys() & set(CATEGORIES))
    if len(categories) != 1:
        raise BrokenSuite(f"{where}: mark it with one category of {CATEGORIES}")
    level = list(named[VISIBILITY].args) if VISIBILITY in named else [DEFAULT_VISIBILITY]
    if len(level) != 1 or level[0] not in VISIBILITIES:
        raise BrokenSuite(f"{where}: its visibility must be one of {VISIBILITIES}")
    return TestMarks(
        todo=todo,
        weight=float(weight),
        category=cast(Category, categories[0]),
        visibility=cast(Visibility, level[0]),
        is_gate=GATE in named,
    )
