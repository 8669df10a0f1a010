"""Corrections by staff: overrides, bonus points, excuses, holds and comments.

Every adjustment is a row that is added and never changed; taking one back is a row as well. The rule by which they
make the published report out of the graded one, after lateness was charged:

1. The last override of a TODO replaces its points. The late penalty stays, but takes no more than there is.
2. The last override of the score replaces the sum. A grader fault with such an override counts as graded.
3. Bonus points are added. A score never falls below 0.
4. An excused report has no score to hand on; a held one is kept back until the hold is undone.
"""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, cast, get_args

from grader.model.errors import UsageError
from grader.model.report import GradeReport, ReportAdjustment

Kind = Literal["todo", "score", "bonus", "excuse", "hold", "undo"]
_Shown = Literal["todo", "score", "bonus", "excuse", "hold"]
CSV_FIELDS = ("student", "kind", "todo", "points", "reason", "comment", "by")
MAX_TEXT = 2000


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """One correction of one student's report.

    `basis` is what the tests gave when it was made, `undoes` the number of the row that an undo takes back. `reason`
    is for staff only, `comment` for the student as well.
    """

    student: str
    kind: Kind
    reason: str
    by: str
    todo: str = ""
    points: float | None = None
    comment: str = ""
    undoes: int | None = None
    basis: float | None = None
    number: int = 0
    made_at: datetime | None = None

    def describe(self, label: str) -> str:
        """Return one line for staff, with the student's `label`."""
        what = {
            "todo": f"TODO {self.todo} = {self.points or 0:g}",
            "score": f"score = {self.points or 0:g}",
            "bonus": f"bonus {self.points or 0:+g}",
            "excuse": "excused",
            "hold": "held",
            "undo": f"undo {self.undoes}",
        }[self.kind]
        return f"{self.number}: {label}: {what} (by {self.by}: {self.reason})"


def list_active(adjustments: Iterable[Adjustment]) -> list[Adjustment]:
    """Return the adjustments that no later row takes back, without the undoing rows."""
    rows = list(adjustments)
    undone = {row.undoes for row in rows if row.kind == "undo"}
    return [row for row in rows if row.kind != "undo" and row.number not in undone]


def apply_adjustments(report: GradeReport, adjustments: Iterable[Adjustment]) -> GradeReport:
    """Return the report to publish: the graded one with a student's adjustments, by the rule of this module."""
    active = list_active(adjustments)
    if not active:
        return report
    points = {row.todo: row.points for row in active if row.kind == "todo" and row.points is not None}
    todos = tuple(todo.model_copy(update={"score": points.get(todo.id, todo.score)}) for todo in report.todos)
    earned = sum(todo.score for todo in todos)
    penalty = min(report.late_penalty, earned)
    score = earned - penalty if points else report.score
    overrides = [row.points for row in active if row.kind == "score" and row.points is not None]
    score = overrides[-1] if overrides else score
    score += sum(row.points or 0.0 for row in active if row.kind == "bonus")
    return report.model_copy(
        update={
            "todos": todos,
            "late_penalty": penalty if points else report.late_penalty,
            "score": round(max(score, 0.0), 2),
            "status": "graded" if overrides and report.status == "grader_fault" else report.status,
            "graded_score": report.score,
            "excused": any(row.kind == "excuse" for row in active),
            "held": any(row.kind == "hold" for row in active),
            "adjustments": tuple(
                ReportAdjustment(kind=cast(_Shown, row.kind), todo=row.todo, points=row.points, comment=row.comment)
                for row in active
            ),
        }
    )


def find_changed_bases(report: GradeReport, adjustments: Iterable[Adjustment]) -> list[str]:
    """Return a line for each override whose automatic value a regrade has changed since the override was made."""
    lines = []
    for row in list_active(adjustments):
        now = find_basis(report, row)
        if row.basis is not None and now is not None and not math.isclose(row.basis, now, abs_tol=0.005):
            made = row.describe(report.submission.label)
            lines.append(f"{made} was made when the tests gave {row.basis:g}; now they give {now:g}")
    return lines


def find_basis(report: GradeReport, adjustment: Adjustment) -> float | None:
    """Return what the tests gave for the thing that an override replaces; None for what replaces nothing."""
    if adjustment.kind == "todo":
        return next((todo.score for todo in report.todos if todo.id == adjustment.todo), None)
    return report.score if adjustment.kind == "score" else None


def check_adjustment(adjustment: Adjustment, report: GradeReport, former: Sequence[Adjustment]) -> None:
    """Raise UsageError for an adjustment that means nothing for this report."""
    if not adjustment.reason.strip():
        raise UsageError("an adjustment needs a reason: pass --reason")
    if max(len(adjustment.reason), len(adjustment.comment)) > MAX_TEXT:
        raise UsageError(f"a reason or a comment has more than {MAX_TEXT} characters: shorten it")
    if adjustment.points is not None and not math.isfinite(adjustment.points):
        raise UsageError(f"{adjustment.points} is no number of points")
    if adjustment.kind == "todo":
        limits = {todo.id: todo.max_score for todo in report.todos}
        most = limits.get(adjustment.todo)
        if most is None:
            raise UsageError(f"no TODO {adjustment.todo!r} in this assignment: there are {', '.join(limits)}")
        if adjustment.points is None or not 0 <= adjustment.points <= most:
            raise UsageError(
                f"TODO {adjustment.todo!r} is worth 0 to {most:g} points, not {adjustment.points}: "
                "use --bonus for points beyond"
            )
    if adjustment.kind != "todo" and adjustment.points is not None and abs(adjustment.points) > 2 * report.max_score:
        raise UsageError(f"{adjustment.points:g} points are more than twice the {report.max_score:g} of the assignment")
    if adjustment.kind == "score" and (adjustment.points is None or adjustment.points < 0):
        raise UsageError("a score of 0 or more is needed")
    if adjustment.kind == "undo" and adjustment.undoes not in {row.number for row in list_active(former)}:
        active = ", ".join(str(row.number) for row in list_active(former)) or "none"
        raise UsageError(f"no adjustment {adjustment.undoes} of {adjustment.student!r} to undo: there are {active}")


def read_adjustments(path: Path, *, by: str) -> list[Adjustment]:
    """Read adjustments from a CSV with the columns of CSV_FIELDS. Raises UsageError with the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}; save it as CSV in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text))
    unknown = set(reader.fieldnames or ()) - set(CSV_FIELDS)
    missing = {"student", "kind", "reason"} - set(reader.fieldnames or ())
    if unknown or missing:
        wrong = f"unknown columns {sorted(unknown)}" if unknown else f"no columns {sorted(missing)}"
        raise UsageError(f"{str(path)!r}: {wrong}; the columns are {', '.join(CSV_FIELDS)}")
    return [_read_row(row, f"{path.name}, line {number}", by) for number, row in enumerate(reader, start=2)]


def _read_row(row: dict[str, str], place: str, by: str) -> Adjustment:
    kind = (row["kind"] or "").strip()
    if kind not in get_args(Kind) or kind == "undo":
        raise UsageError(f"{place}: no kind {kind!r}; write todo, score, bonus, excuse or hold")
    try:
        points = float(row["points"]) if (row.get("points") or "").strip() else None
    except ValueError as error:
        raise UsageError(f"{place}: {row['points']!r} is no number of points") from error
    if points is None and kind in ("todo", "score", "bonus"):
        raise UsageError(f"{place}: {kind} needs points")
    return Adjustment(
        student=(row["student"] or "").strip(),
        kind=cast(Kind, kind),
        todo=(row.get("todo") or "").strip(),
        points=points,
        reason=(row["reason"] or "").strip(),
        comment=(row.get("comment") or "").strip(),
        by=(row.get("by") or "").strip() or by,
    )
