"""assignment.toml -> a frozen Assignment.

Zone: trusted. Called by everything that needs to know TODOs, points, limits or folders.
"""

import ast
import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from grader.errors import BrokenSuite, UnknownAssignment

# Read when the first model is made. To look for plugins, of which we use none, pydantic would read the metadata of
# every installed package: a twentieth of a grade from nothing.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

FULL_SCORE = 100


def _find_project() -> Path:
    # Bundles and installed copies name the course's folder; a checkout is its own.
    return Path(os.environ.get("GRADER_PROJECT") or Path(__file__).resolve().parent.parent)


PROJECT = _find_project()


class Frozen(BaseModel):
    """A value object: no field may be added or changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Frozen):
    """What one submission may use; `cpu_seconds` and `asleep_seconds` count for each test."""

    cpu_seconds: float = Field(default=2.0, gt=0)
    asleep_seconds: float = Field(default=3.0, gt=0)
    total_cpu_seconds: int = Field(default=300, gt=0)
    memory_mb: int = Field(default=1024, gt=0)
    disk_mb: int = Field(default=64, gt=0)
    threads: int = Field(default=32, gt=0)
    open_files: int = Field(default=128, gt=0)


class LatePolicy(Frozen):
    """What handing in after `due` costs, in points of the assignment, for each day that has begun; within the grace
    nothing. A student's extension, in days, moves `due`."""

    due: AwareDatetime
    grace_minutes: float = Field(default=0.0, ge=0)
    points_per_day: float = Field(default=10.0, ge=0)
    most_points: float = Field(default=FULL_SCORE, ge=0)


class Todo(Frozen):
    """One thing to fill in, marked on its own."""

    id: str
    title: str
    title_ko: str = ""
    points: float = Field(gt=0)
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
    limits: Limits = Limits()
    late: LatePolicy | None = None
    # Which of a student's attempts counts; lateness is charged before the best is chosen.
    attempt: Literal["last", "best"] = "last"
    # Where there is no GPU, GPU-run tests run on the virtual device, wait for a GPU, or always are left out.
    gpu_policy: Literal["virtual", "require", "skip"] = "virtual"
    todo: tuple[Todo, ...] = Field(min_length=1)


class Assignment(Frozen):
    """One assignment with its folders."""

    name: str
    description: Description

    @property
    def todos(self) -> tuple[Todo, ...]:
        """Its TODOs in the order of the table that students see."""
        return self.description.todo

    @property
    def module(self) -> str:
        """The file that students hand in, such as `attention.py`."""
        return self.description.module

    @property
    def limits(self) -> Limits:
        """What one submission may use."""
        return self.description.limits

    @property
    def gpu_policy(self) -> Literal["virtual", "require", "skip"]:
        """What becomes of GPU-run tests where there is no GPU."""
        return self.description.gpu_policy

    @property
    def folder(self) -> Path:
        """What students receive."""
        return PROJECT / "assignments" / self.name

    @property
    def solution(self) -> Path:
        """The reference module."""
        return PROJECT / "solutions" / self.name / self.module

    @property
    def hidden_tests(self) -> Path:
        """The hidden suite."""
        return PROJECT / "tests_hidden" / self.name

    @cached_property
    def defines(self) -> frozenset[str]:
        """The top-level names that TODOs live in."""
        return frozenset(place.split(".")[0] for todo in self.todos for place in todo.where)

    @cached_property
    def leftovers(self) -> tuple[str, ...]:
        """Names of local variables of the reference: what a notebook may have left as globals."""
        return find_local_names(self.solution.read_text(encoding="utf-8"))

    def find_todo(self, todo_id: str) -> Todo:
        """The TODO of that id. Raises BrokenSuite where there is none."""
        for todo in self.todos:
            if todo.id == todo_id:
                return todo
        raise BrokenSuite(f"no TODO {todo_id!r} in {self.name}/assignment.toml: found {[t.id for t in self.todos]}")


def list_assignments() -> list[str]:
    """The names of all assignments, sorted."""
    return sorted(path.parent.name for path in (PROJECT / "assignments").glob("*/assignment.toml"))


def load_assignment(name: str) -> Assignment:
    """Read one assignment. Raises UnknownAssignment, or BrokenSuite where its file is wrong."""
    if name not in list_assignments():
        raise UnknownAssignment(f"no assignment {name!r}: there are {', '.join(list_assignments()) or 'none'}")
    return Assignment(name=name, description=read_description(PROJECT / "assignments" / name / "assignment.toml"))


def read_description(path: Path) -> Description:
    """Read one assignment.toml. Raises BrokenSuite where it is wrong."""
    place = path.relative_to(PROJECT) if path.is_relative_to(PROJECT) else path
    try:
        description = Description.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BrokenSuite(f"{place}: {error}") from error
    total = sum(todo.points for todo in description.todo)
    if total != FULL_SCORE:
        raise BrokenSuite(f"{place}: the points add up to {total}, not {FULL_SCORE}")
    return description


def find_local_names(source: str) -> tuple[str, ...]:
    """Every name that some function of `source` assigns, sorted; no module-level name is among them."""
    tree = ast.parse(source)
    local: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, (ast.FunctionDef, ast.Lambda)):
            local |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return tuple(sorted(local - _module_names(tree)))


def _module_names(tree: ast.Module) -> set[str]:
    names = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            names |= {item.id for item in ast.walk(node) if isinstance(item, ast.Name)}
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return names
