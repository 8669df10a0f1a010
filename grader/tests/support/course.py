"""This repository's course, for tests that need a real assignment."""

from pathlib import Path

import grader
from grader.model.assignment import Assignment
from grader.model.course import Course

COURSE = Course(Path(grader.__file__).parents[1])


def load_assignment(name: str) -> Assignment:
    """Read an assignment of this repository's course."""
    return COURSE.load_assignment(name)
