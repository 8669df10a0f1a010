"""The findings in a submission's source, as plain data, and the rules that they need.

`examiner.inspection` makes them, which a process that only asks need not import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.examiner.stubs import Stub
from grader.model.assignment import Assignment, Todo
from grader.model.submission import Submission
from grader.model.verdict import Outcome, Verdict

MADE_UP = "a name that is made up when it runs"
MAX_ODDITIES = 20
MAX_UNCLEAR = 5


@dataclass(frozen=True)
class Use:
    """A forbidden name, in full, and the line of the source that uses it."""

    name: str
    line: int


@dataclass(frozen=True)
class Unclear:
    """Something that only shows when it runs, in the code of one TODO."""

    todo: str
    what: str
    line: int


@dataclass(frozen=True)
class Oddity:
    """A kind of odd code, and the line where it stands first."""

    what: str
    line: int


@dataclass(frozen=True)
class StatementLines:
    """A statement: its lines, from 1 and with the last; its column; the names that it binds."""

    first: int
    last: int
    column: int
    names: tuple[str, ...]
    is_return: bool


@dataclass(frozen=True)
class SharedFunction:
    """A function with several TODOs: its lines, the statements among which they lie, the TODOs that comments name."""

    first: int
    last: int
    statements: tuple[StatementLines, ...]
    comments: Mapping[int, str]


@dataclass(frozen=True)
class OutsideName:
    """A variable outside of the function that reads it on a line."""

    name: str
    line: int


@dataclass(frozen=True)
class Inspection:
    """The findings in a submission's source.

    `uses` has for each TODO that uses a name it must not the first such use. Of `unclear` and `oddities` there may be
    more than are listed. `spans` has the first and the last line of each definition that holds a TODO, and `outside`
    for each TODO that reads a variable of the notebook the first one.
    """

    uses: Mapping[str, Use] = field(default_factory=dict)
    unclear: tuple[Unclear, ...] = ()
    more_unclear: int = 0
    oddities: tuple[Oddity, ...] = ()
    more_oddities: int = 0
    stubs: tuple[Stub, ...] = ()
    functions: Mapping[str, SharedFunction] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    outside: Mapping[str, OutsideName] = field(default_factory=dict)

    def find_line(self, todo: Todo, lines: Sequence[int]) -> int:
        """Return which of the lines on the way to an exception to show for a TODO: the last one in its own code.

        Where there is none, it is the last one of all; 0 without lines.
        """
        spans = [self.spans[place] for place in todo.where if place in self.spans]
        own = [line for line in lines if any(first <= line <= last for first, last in spans)]
        return (own or lines or [0])[-1]


@dataclass(frozen=True)
class Rules:
    """The facts about an assignment that an inspection needs; `signatures` names the definitions to describe."""

    todos: tuple[Todo, ...]
    reference: str
    signatures: tuple[str, ...] = ()


def read_rules(assignment: Assignment, signatures: Sequence[str] = ()) -> Rules:
    """Return the rules of an assignment."""
    return Rules(assignment.todos, assignment.read_reference(), tuple(signatures))


def forbid_use(use: Use, submission: Submission) -> Outcome:
    """Return the outcome of every test of a TODO that uses what it must not."""
    place = submission.locate(use.line).describe()
    message = f"{use.name} is not to be used here ({place}): this TODO asks for your own code"
    return Outcome(Verdict.FORBIDDEN, message, place=place)
