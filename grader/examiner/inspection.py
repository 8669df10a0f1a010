"""Read in a submission's source, without running it, what the examiner has to know of it.

Forbidden names, open stubs, functions that TODOs share, signatures, and code that staff should look at. A student's
source is parsed behind the wall (`examiner.confined_reader`, asked by `examiner.inspector`), code of our own in this
process.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grader.examiner.canonical import LookUp
from grader.examiner.explain import find_spans, list_signatures
from grader.examiner.forbidden_names import Unclear, Use, review_source
from grader.examiner.outside_names import OutsideName, find_outside_names
from grader.examiner.regions import SharedFunction, list_shared_todos, read_functions
from grader.examiner.review_flags import Oddity, describe_refusals, list_oddities
from grader.examiner.stubs import Stub, list_stubs
from grader.model.assignment import Assignment, Todo
from grader.model.report import CheckResult
from grader.model.submission import Submission

MAX_ODDITIES = 20
MAX_UNCLEAR = 5


@dataclass(frozen=True)
class Rules:
    """The facts about an assignment that an inspection needs; `signatures` names the definitions to describe."""

    todos: tuple[Todo, ...]
    reference: str
    signatures: tuple[str, ...] = ()


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


def read_rules(assignment: Assignment, signatures: Sequence[str] = ()) -> Rules:
    """Return the rules of an assignment."""
    return Rules(assignment.todos, assignment.solution.read_text(encoding="utf-8"), tuple(signatures))


def inspect_source(source: str, rules: Rules, look_up: LookUp | None = None) -> Inspection:
    """Inspect a module that parses. `look_up` is as in `examiner.canonical`."""
    review = review_source(source, rules.todos, rules.reference, look_up)
    oddities = list_oddities(source)
    return Inspection(
        uses=review.uses,
        unclear=review.unclear[:MAX_UNCLEAR],
        more_unclear=max(len(review.unclear) - MAX_UNCLEAR, 0),
        oddities=tuple(oddities[:MAX_ODDITIES]),
        more_oddities=max(len(oddities) - MAX_ODDITIES, 0),
        stubs=tuple(list_stubs(source)),
        functions=read_functions(source, list_shared_todos(rules.todos, rules.reference)),
        signatures=list_signatures(source, rules.signatures),
        spans=find_spans(source, [place for todo in rules.todos for place in todo.where]),
        outside=find_outside_names(source, rules.todos),
    )


def describe_remarks(inspection: Inspection, submission: Submission, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """Return what staff may want to look at. It costs no points, and no student sees it."""
    if submission.refused:
        return describe_refusals(results)
    remarks = [f"{one.what} ({submission.locate(one.line).describe()})" for one in inspection.oddities]
    if inspection.more_oddities:
        remarks.append(f"and {inspection.more_oddities} more")
    remarks += describe_refusals(results)
    remarks += [f"{one.todo}: {one.what} ({submission.locate(one.line).describe()})" for one in inspection.unclear]
    if inspection.more_unclear:
        remarks.append(f"and {inspection.more_unclear} more of the kind")
    return tuple(remarks)
