"""The messages from the process that runs the public tests to the one that prints how they ended."""

from dataclasses import dataclass
from typing import Literal

from grader.model.verdict import Outcome


@dataclass(frozen=True)
class RunningTest:
    """A test that has begun a part that must end within `seconds`; `name` is its docstring."""

    id: str
    todo: str
    name: str
    seconds: float


@dataclass(frozen=True)
class AllTestsEnded:
    """The last message."""


Row = tuple[float | str, ...]


@dataclass(frozen=True)
class Picture:
    """What a public test compared, to be drawn: the student's rows and the expected ones."""

    kind: Literal["matrix", "curve", "tokens"]
    found: tuple[Row, ...]
    expected: tuple[Row, ...]


@dataclass(frozen=True)
class PublicFinding:
    """The end of one public test; `name` is its docstring."""

    todo: str
    name: str
    outcome: Outcome
    picture: Picture | None = None
