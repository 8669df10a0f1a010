"""A course: a folder with assignments, their solutions and their hidden tests."""

import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.model.assignment import (
    ASSIGNMENTS,
    DESCRIPTION,
    DRAFT,
    HIDDEN_TESTS,
    SOLUTIONS,
    Assignment,
    read_description,
)
from grader.model.description_mistakes import suggest
from grader.model.errors import UnknownAssignment, UsageError

COURSE_VARIABLE = "GRADER_COURSE"
SECRET_VARIABLE = "GRADER_SECRET"


@dataclass(frozen=True)
class Course:
    """The folder of one course. Everything that belongs to a course is found through this object."""

    root: Path

    @property
    def assignments(self) -> Path:
        """Return the folder that holds one folder for each assignment."""
        return self.root / ASSIGNMENTS

    @property
    def datasets(self) -> Path:
        """Return the folder of the course's texts and models; it need not exist."""
        return self.root / "datasets"

    @property
    def secret_file(self) -> Path:
        """Return the file with the secret that hidden inputs are drawn from."""
        return self.root / ".grader" / "secret"

    def list_assignments(self) -> list[str]:
        """Return the names of all assignments, sorted."""
        return sorted(path.parent.name for path in self.assignments.glob(f"*/{DESCRIPTION}"))

    def load_assignment(self, name: str, *, draft: bool = False) -> Assignment:
        """Read one assignment; with `draft` also one that is still being written.

        Raises UnknownAssignment, or BrokenSuite where its file is wrong.
        """
        names = self.list_assignments()
        drafts = [path.parent.name for path in self.assignments.glob(f"*/{DRAFT}")]
        if name in names:
            description = read_description(self.assignments / name / DESCRIPTION)
        elif draft and name in drafts:
            description = read_description(self.assignments / name / DRAFT)
        else:
            reason = f": it is a draft, so rename its {DRAFT} to {DESCRIPTION}" if name in drafts else ""
            near = reason or suggest(name, [*names, *(drafts if draft else [])])
            raise UnknownAssignment(f"no assignment {name!r}: there are {', '.join(names) or 'none'}{near}")
        return Assignment(name=name, description=description, root=self.root)

    def load_secret(self) -> bytes:
        """Return the course's secret: GRADER_SECRET, or a file that is made on first use and kept with the course.

        Raises UsageError where there is none and the course's folder is read-only.
        """
        if given := os.environ.get(SECRET_VARIABLE):
            return given.encode()
        path = self.secret_file
        try:
            if not path.exists():
                _make_secret(path)
            return path.read_bytes()
        except OSError as error:
            raise UsageError(
                f"the course's secret {str(path)!r} can be neither read nor made ({error.strerror or error}): set "
                f"{SECRET_VARIABLE}, or make the folder writable once"
            ) from error


def _make_secret(path: Path) -> None:
    """Make a secret that only this user may read. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link is made in one step: of two first runs at the same time, both read the secret of the faster one.
    candidate = path.with_name(f"secret.{os.getpid()}.{secrets.token_hex(4)}")
    candidate.touch(mode=0o600)
    candidate.write_text(secrets.token_hex(32))
    with suppress(FileExistsError):  # the other run was first: its secret counts
        os.link(candidate, path)
    candidate.unlink()


def find_course(given: Path | None = None, start: Path | None = None) -> Course:
    """Return the course to work on.

    `given` (the option `--course`) comes first, then the variable GRADER_COURSE, then the nearest course at or above
    `start`, by default the current folder. Raises UsageError where none of these is a course.
    """
    chosen = given or (Path(os.environ[COURSE_VARIABLE]) if os.environ.get(COURSE_VARIABLE) else None)
    if chosen is not None:
        root = chosen.resolve()
        if not is_course(root):
            raise UsageError(f"{str(chosen)!r} is no course: it needs the folders {ASSIGNMENTS}/ and {SOLUTIONS}/")
        return Course(root)
    place = (start or Path.cwd()).resolve()
    for folder in (place, *place.parents):
        if is_course(folder):
            return Course(folder)
    raise UsageError(f"no course at or above {str(place)!r}: pass --course DIR, or run this in the course's folder")


def is_course(folder: Path) -> bool:
    """Tell whether a folder is a course: it holds assignments, solutions and hidden tests."""
    return all((folder / name).is_dir() for name in (ASSIGNMENTS, SOLUTIONS, HIDDEN_TESTS))


def commit_to(secret: bytes) -> str:
    """Return a digest that shows that two reports used the same secret, without showing the secret."""
    return hashlib.sha256(b"grader seed commitment\0" + secret).hexdigest()
