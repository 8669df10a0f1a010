"""A student's kit: the description of an assignment and its public tests, without solution and hidden tests."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path

from grader.model.assignment import DESCRIPTION, DRAFT, Assignment, Description, read_description
from grader.model.course import find_course
from grader.model.errors import UnknownAssignment, UsageError

PUBLIC_TESTS = "tests_public"
# What is given in the assignment, in the solution's place. `grader release` writes it.
OUTLINE = "outline.txt"


class Kit(Assignment):
    """An assignment in a folder of the student's own; `outline` says what is given in it, and holds no answer."""

    place: Path
    outline: str

    @property
    def folder(self) -> Path:
        """Return the folder where it was unpacked."""
        return self.place

    @property
    def public_tests(self) -> Path:
        """Return the folder of the tests that students may read and run."""
        return self.place / PUBLIC_TESTS

    def read_reference(self) -> str:
        """Return the outline, which is there in the solution's place."""
        return self.outline

    @cached_property
    def leftovers(self) -> tuple[str, ...]:
        """Return none: they are read from the solution, which is not in a kit."""
        return ()


def find_kit(path: Path, name: str | None = None) -> Kit:
    """Return the kit around `path` or the current folder, else the course's own assignment of that name.

    Raises UnknownAssignment where there is none.
    """
    around = [folder for start in (path.resolve(), Path.cwd()) for folder in (start, *start.parents)]
    folders = around if name is None else [folder for folder in around if folder.name == name]
    if name is not None:
        with suppress(UsageError):  # a student has no course, only the kit
            folders.append(find_course().assignments / name)
    for folder in folders:
        if (folder / DESCRIPTION).is_file():
            return open_kit(folder)
    if name is None:
        raise UnknownAssignment(
            f"no {DESCRIPTION} around here: run this in the folder of the kit, or name the assignment with -a"
        )
    other = next((folder.name for folder in around if (folder / DESCRIPTION).is_file()), None)
    hint = f"leave -a out to check against {other!r}" if other else f"run this in the kit's folder {name!r}"
    raise UnknownAssignment(f"no assignment {name!r} here: {hint}")


def open_kit(folder: Path, outline: str | None = None) -> Kit:
    """Return the kit in that folder, with its own outline if none is given. Raises UsageError if a part is missing."""
    if not (folder / PUBLIC_TESTS).is_dir():
        raise UsageError(f"no folder {PUBLIC_TESTS!r} in {str(folder)!r}: unpack the whole kit again")
    path = folder / DESCRIPTION if (folder / DESCRIPTION).exists() else folder / DRAFT
    description = read_description(path)
    if outline is None:
        outline = _read_outline(folder / PUBLIC_TESTS / OUTLINE, description)
    return Kit(name=folder.name, description=description, root=folder, place=folder, outline=outline)


def _read_outline(path: Path, description: Description) -> str:
    if path.is_file():
        return path.read_text(encoding="utf-8")
    places = [todo.where[0] for todo in description.todo]
    if any(todo.forbid for todo in description.todo) or len(set(places)) < len(places):
        raise UsageError(f"no file {OUTLINE!r} in {str(path.parent)!r}: unpack the whole kit again")
    return ""  # nothing would be read in it
