"""The option `--course`, before or after the command's name."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

if TYPE_CHECKING:
    from grader.model.course import Course

CourseOption = Annotated[
    Optional[Path],  # noqa: UP045 - typer reads it
    typer.Option("--course", metavar="DIR", help="The course; default: GRADER_COURSE, or the nearest folder above."),
]


def current_course(given: Path | None) -> "Course":
    """Return the course of this command. Raises UsageError where there is none."""
    from grader.model.course import find_course

    return find_course(given)
