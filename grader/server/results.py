"""Results of submissions, as the gradebook has them: the report, whether it counts, and the code that was read."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from grader.classroom.adjustments import apply_adjustments
from grader.classroom.gradebook import Attempt
from grader.examiner.recording import read_recording
from grader.model.errors import DamagedRecording
from grader.model.report import GradeReport
from grader.reporting.progress import AttemptPoints
from grader.reporting.redaction import redact
from grader.server.people import Person
from grader.server.queue import Queued
from grader.server.service import Service

# A comparison takes time that grows with the square of the length.
MOST_LINES = 4000


@dataclass(frozen=True)
class Result:
    """A submission's result. `counts` says that it is the student's result, to which adjustments apply."""

    attempt: Attempt
    report: GradeReport
    counts: bool

    def show_to(self, person: Person) -> GradeReport:
        """Return the report as a person may see it."""
        return self.report if person.is_staff else redact(self.report)


@dataclass(frozen=True)
class AttemptDifference:
    """The changes from one attempt to the next: points by TODO, and lines of code.

    `lines` is None where the code cannot be compared: there is none, or too much.
    """

    points: tuple[tuple[str, float, float], ...]
    lines: tuple[str, ...] | None


def find_result(service: Service, queued: Queued) -> Result | None:
    """Return the result of a submission; None where it has none yet."""
    gradebook = service.open_gradebook(queued.assignment)
    attempt = gradebook.find_result(queued.student, queued.assignment, service.data.uploads / queued.path)
    if attempt is None:
        return None
    latest = gradebook.find_latest_attempt(queued.student, queued.assignment)
    counts = latest is not None and latest.evidence.path == attempt.evidence.path
    adjustments = gradebook.list_adjustments(queued.assignment, queued.student) if counts else {}
    return Result(attempt, apply_adjustments(attempt.report, adjustments.get(queued.student, ())), counts)


def list_points(service: Service, attempts: Sequence[Queued]) -> list[AttemptPoints]:
    """Return the points of one student's attempts at one assignment, in the order in which they were handed in."""
    if not attempts:
        return []
    gradebook = service.open_gradebook(attempts[0].assignment)
    results = gradebook.list_results(attempts[0].student, attempts[0].assignment)
    points = {str(result.evidence.path): AttemptPoints.read(result.report) for result in results}
    places = [f"/{queued.path}" for queued in sorted(attempts, key=lambda queued: queued.number)]
    found = (next((points[path] for path in points if path.endswith(place)), None) for place in places)
    return [each for each in found if each is not None]


def read_source(service: Service, assignment: str, attempt: Attempt) -> str | None:
    """Return the code that was graded, as the confined reader wrote it down; None where nothing could be read."""
    if not attempt.evidence.recording:
        return None
    try:
        return read_recording(service.open_run(assignment).recordings / attempt.evidence.recording).submission.source
    except DamagedRecording:
        return None


def find_difference(service: Service, former: Queued, queued: Queued) -> AttemptDifference | None:
    """Return what changed since the attempt before; None where one of both has no result."""
    results = [find_result(service, each) for each in (former, queued)]
    if results[0] is None or results[1] is None:
        return None
    before, after = (result.attempt for result in results if result)
    scores = {todo.id: todo.score for todo in before.report.todos}
    points = tuple(
        (todo.id, scores[todo.id], todo.score)
        for todo in after.report.todos
        if scores.get(todo.id, todo.score) != todo.score
    )
    sources = [read_source(service, queued.assignment, attempt) for attempt in (before, after)]
    texts = [source.splitlines() for source in sources if source is not None]
    if len(texts) < 2 or max(map(len, texts)) > MOST_LINES:
        return AttemptDifference(points, None)
    return AttemptDifference(
        points, tuple(difflib.unified_diff(texts[0], texts[1], "before", "after", lineterm="", n=2))
    )
