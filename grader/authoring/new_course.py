"""Make a new course, or a new assignment in one, from the templates.

A template of an assignment is a course of its own in `templates/`, with one assignment called `example`: it is complete
and works as it is.
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from grader.authoring.release import release_assignment
from grader.authoring.solution_notebook import write_notebook
from grader.model.assignment import ASSIGNMENTS, HIDDEN_TESTS, SOLUTIONS
from grader.model.course import Course, is_course
from grader.model.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
KINDS = ("python", "numpy", "torch", "text")
EXAMPLE = "example"
NAME = re.compile(r"[a-z][a-z0-9_]*")
# Packaging tools leave files out whose names begin with a dot.
HIDDEN_FILES = {"gitignore": ".gitignore"}


def create_course(folder: Path) -> list[Path]:
    """Make an empty course in `folder`. Gives the files. Raises UsageError where there is something already."""
    if is_course(folder):
        raise UsageError(f"{str(folder)!r} is a course already: add to it with `grader new assignment NAME`")
    if folder.exists() and any(entry.name != ".git" for entry in folder.iterdir()):
        raise UsageError(f"the folder {str(folder)!r} is not empty: choose another one")
    written = []
    for source in _list_files(TEMPLATES / "course"):
        place = source.relative_to(TEMPLATES / "course")
        target = folder / place.with_name(HIDDEN_FILES.get(place.name, place.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        written.append(target)
    return written


def create_assignment(course: Course, name: str, kind: str, *, as_notebook: bool = False) -> list[Path]:
    """Make a complete assignment from a template, with its generated files. Gives the files.

    With `as_notebook` the solution is written in a notebook, and its module is generated, too.

    Raises UsageError for a name that cannot be one, or is taken.
    """
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be an assignment's name: use lower-case letters, digits and _, as in a1_loops"
        )
    taken = [course.root / part / name for part in (ASSIGNMENTS, SOLUTIONS, HIDDEN_TESTS)]
    for folder in taken:
        if folder.exists():
            raise UsageError(f"{str(folder)!r} is there already: choose another name, or remove it")
    written = []
    for source in _list_files(TEMPLATES / kind):
        place = source.relative_to(TEMPLATES / kind)
        target = course.root.joinpath(*(name if part == EXAMPLE else part for part in place.parts))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8").replace(f"/{EXAMPLE}/", f"/{name}/"), encoding="utf-8")
        written.append(target)
    assignment = course.load_assignment(name)
    if as_notebook:
        notebook = assignment.solution.with_suffix(".ipynb")
        notebook.write_text(write_notebook(assignment.solution.read_text(encoding="utf-8")), encoding="utf-8")
        written.append(notebook)
    release_assignment(assignment, None, check=False)
    generated = [path for path in _list_files(course.assignments / name) if path not in written]
    return sorted([*written, *generated])


def _list_files(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
