"""Read assignment.toml into a frozen Assignment."""

import ast
import math
import os
import tomllib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grader.model.description_mistakes import explain_fields, explain_syntax, find_line, name_place, suggest
from grader.model.errors import BrokenSuite

# Read when the first model is made. Looking for plugins, pydantic would read the metadata of every installed package,
# which takes 5 % of a cold grade. We use no plugins.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

FULL_SCORE = 100
SCORE_DIGITS = 2


# The folders of a course.
ASSIGNMENTS = "assignments"
SOLUTIONS = "solutions"
HIDDEN_TESTS = "tests_hidden"
DESCRIPTION = "assignment.toml"
# The name while an assignment is written: it is not listed, and no class is graded with it.
DRAFT = "assignment.draft.toml"


class Frozen(BaseModel):
    """A value object: no field may be added or changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Frozen):
    """Limits of one submission; `cpu_seconds` and `asleep_seconds` count for each test.

    Loading the submission is charged to `load_cpu_seconds`, not to a test.
    """

    cpu_seconds: float = Field(default=2.0, gt=0)
    load_cpu_seconds: int = Field(default=20, gt=0)
    asleep_seconds: float = Field(default=3.0, gt=0)
    total_cpu_seconds: int = Field(default=600, gt=0)
    memory_mb: int = Field(default=1024, gt=0)
    disk_mb: int = Field(default=64, gt=0)
    threads: int = Field(default=32, gt=0)
    open_files: int = Field(default=128, gt=0)

    @property
    def overrun(self) -> str:
        """Return what a student reads of a test that computes for longer."""
        return f"more than {self.cpu_seconds:g} seconds of computing: is there a loop that never ends, or a slow one?"

    @property
    def all_cpu_seconds(self) -> int:
        """Return the CPU seconds of one process: those of its tests, and those of loading."""
        return self.total_cpu_seconds + self.load_cpu_seconds


class LatePolicy(Frozen):
    """The penalty for work submitted after `due`: points of the assignment for each day that has begun.

    Within the grace period there is none. A student's extension, in days, moves `due`.
    """

    due: AwareDatetime
    grace_minutes: float = Field(default=0.0, ge=0)
    points_per_day: float = Field(default=10.0, ge=0)
    most_points: float = Field(default=FULL_SCORE, ge=0)


class Todo(Frozen):
    """One thing to fill in, marked on its own."""

    id: str
    title: str
    title_ko: str = ""
    points: float = Field(gt=0)  # with at most two decimals, to which scores are rounded
    where: tuple[str, ...] = Field(min_length=1)
    fill: str = ""
    forbid: tuple[str, ...] = ()
    # Whether a lookup that cannot be judged without running it is forbidden as well; else it is a remark for staff.
    forbid_unclear: bool = False


class Description(Frozen):
    """The contents of assignment.toml."""

    title: str
    title_ko: str = ""
    module: str
    imports: tuple[str, ...] = ("torch",)
    # Datasets whose files the notebook reads; a kit brings them.
    data: tuple[str, ...] = ()
    # About how long the whole notebook takes on two cores: its set-up cell says so.
    notebook_seconds: int = Field(default=30, gt=0)
    limits: Limits = Limits()
    late: LatePolicy | None = None
    # Which of a student's attempts counts; lateness is charged before the best is chosen.
    attempt: Literal["last", "best"] = "last"
    # Without a GPU, GPU-run tests use the virtual device, or wait for a GPU; `skip` always leaves them out.
    gpu_policy: Literal["virtual", "require", "skip"] = "virtual"
    # The number of sets of hidden inputs that a class shares. Each more makes a class slower; see `model.seeds`.
    draws: int = Field(default=8, ge=1)
    todo: tuple[Todo, ...] = Field(min_length=1)


class Assignment(Frozen):
    """One assignment of the course in the folder `root`."""

    name: str
    description: Description
    root: Path

    @property
    def todos(self) -> tuple[Todo, ...]:
        """Return the TODOs in the order of the table that students see."""
        return self.description.todo

    @property
    def module(self) -> str:
        """Return the name of the file that students submit, such as `attention.py`."""
        return self.description.module

    @property
    def limits(self) -> Limits:
        """Return the limits of one submission."""
        return self.description.limits

    @property
    def uses_torch(self) -> bool:
        """Tell whether torch is among the packages that submissions import; without it, nothing here imports it."""
        return any(name.split(".")[0] == "torch" for name in self.description.imports)

    @property
    def gpu_policy(self) -> Literal["virtual", "require", "skip"]:
        """Return the policy for GPU-run tests on a machine without a GPU."""
        return self.description.gpu_policy

    @property
    def folder(self) -> Path:
        """Return the folder that students receive."""
        return self.root / ASSIGNMENTS / self.name

    @property
    def description_file(self) -> Path:
        """Return the path of assignment.toml, or of the draft where there is only that."""
        path = self.folder / DESCRIPTION
        return path if path.exists() else self.folder / DRAFT

    @property
    def solution(self) -> Path:
        """Return the path of the reference module."""
        return self.root / SOLUTIONS / self.name / self.module

    @property
    def hidden_tests(self) -> Path:
        """Return the folder of the hidden tests."""
        return self.root / HIDDEN_TESTS / self.name

    @cached_property
    def defines(self) -> frozenset[str]:
        """Return the top-level names that hold TODOs."""
        return frozenset(place.split(".")[0] for todo in self.todos for place in todo.where)

    @cached_property
    def leftovers(self) -> tuple[str, ...]:
        """Return the reference's local variable names: a notebook may have left them behind as globals."""
        return find_local_names(self.read_reference())

    def read_reference(self) -> str:
        """Return the text of the reference module."""
        return self.solution.read_text(encoding="utf-8")

    def find_todo(self, todo_id: str) -> Todo:
        """Return the TODO with that id. Raises BrokenSuite if there is none."""
        for todo in self.todos:
            if todo.id == todo_id:
                return todo
        ids = [todo.id for todo in self.todos]
        raise BrokenSuite(f"no TODO {todo_id!r} in {self.name}/assignment.toml: found {ids}{suggest(todo_id, ids)}")

    def share_points(self, weights: Sequence[tuple[str, float]]) -> list[float]:
        """Return the points of each test, given its TODO and its weight. They are not rounded: a TODO's score is.

        Raises BrokenSuite for an unknown TODO, or for one without a test that counts.
        """
        owners = [self.find_todo(todo_id) for todo_id, _ in weights]
        sums = {todo.id: math.fsum(weight for owner, weight in weights if owner == todo.id) for todo in self.todos}
        for todo_id in [todo_id for todo_id, whole in sums.items() if whole <= 0]:
            raise BrokenSuite(f"{self.name}: TODO {todo_id!r} has no hidden test here with a weight above 0")
        return [todo.points * weight / sums[todo.id] for todo, (_, weight) in zip(owners, weights, strict=True)]


def read_description(path: Path) -> Description:
    """Read one assignment.toml. Raises BrokenSuite with file, line and a sentence for each mistake."""
    try:
        text = path.read_text(encoding="utf-8")
        description = Description.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        raise BrokenSuite(f"{name_place(path, 1)}: this is not text in UTF-8: save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise BrokenSuite(explain_syntax(error, text, path)) from error
    except ValidationError as error:
        raise BrokenSuite(explain_fields(error, text, path, Description)) from error
    seen: set[str] = set()
    for number, todo in enumerate(description.todo):
        place = name_place(path, find_line(text, ("todo", number, "points")))
        if round(todo.points, SCORE_DIGITS) != todo.points:
            raise BrokenSuite(f"{place}: {todo.id}: {todo.points} points have more than {SCORE_DIGITS} decimals")
        if todo.id in seen:
            place = name_place(path, find_line(text, ("todo", number, "id")))
            raise BrokenSuite(f"{place}: there are two TODOs {todo.id!r}: give each an id of its own")
        seen.add(todo.id)
    total = round(sum(todo.points for todo in description.todo), SCORE_DIGITS)
    if total != FULL_SCORE:
        each = " + ".join(f"{todo.points:g}" for todo in description.todo)
        raise BrokenSuite(f"{place}: the points add up to {total:g}, not {FULL_SCORE}: {each}")
    return description


def find_local_names(source: str) -> tuple[str, ...]:
    """Return the names that functions of `source` assign, sorted, without the module-level names."""
    tree = ast.parse(source)
    outside = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            outside |= {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            outside |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    local: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.Lambda)):
            local |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return tuple(sorted(local - outside))
