"""The command `adjust`: overrides, bonus points, excuses, holds and comments."""

import getpass
from pathlib import Path
from typing import Annotated, Optional

import typer

from grader.cli.options import RunArgument
from grader.model.errors import UsageError
from grader.reporting.safe_text import escape_control_characters


def adjust(
    run: RunArgument,
    student: Annotated[str, typer.Argument(help="Student to adjust; default: list all adjustments.")] = "",
    todo: Annotated[str, typer.Option("--todo", help="Override the points of this TODO with --points.")] = "",
    points: Annotated[Optional[float], typer.Option(help="Points for --todo.")] = None,  # noqa: UP045
    score: Annotated[Optional[float], typer.Option(help="Override the score.")] = None,  # noqa: UP045
    bonus: Annotated[Optional[float], typer.Option(help="Add points, or take some with a minus sign.")] = None,  # noqa: UP045
    excuse: Annotated[bool, typer.Option("--excuse", help="Excuse the student: no score is passed on.")] = False,
    hold: Annotated[bool, typer.Option("--hold", help="Keep the report out of exports and pushes.")] = False,
    undo: Annotated[Optional[int], typer.Option(help="Take back the adjustment with this number.")] = None,  # noqa: UP045
    reason: Annotated[str, typer.Option(help="Reason, shown to staff only.")] = "",
    comment: Annotated[str, typer.Option(help="Comment for the student.")] = "",
    by: Annotated[str, typer.Option(help="Name of the person who adjusts; default: your user name.")] = "",
    rows: Annotated[Optional[Path], typer.Option("--import", help="Read adjustments from a CSV.")] = None,  # noqa: UP045
    store: Annotated[Optional[str], typer.Option(help="Database of the gradebook, if it is not in RUN.")] = None,  # noqa: UP045
) -> None:
    """Correct a report by hand. The correction survives every regrade."""
    from grader.classroom.adjust import adjust_run, find_run, list_adjustments
    from grader.classroom.adjustments import Adjustment, Kind, read_adjustments

    folder, author = find_run(run), by or getpass.getuser()
    if rows is not None:
        made = read_adjustments(rows, by=author)
    elif not student:
        names = {report.submission.student: report.submission.label for report in folder.read_reports()}
        for row in list_adjustments(folder, store):
            typer.echo(escape_control_characters(row.describe(names.get(row.student, row.student))))
        return
    else:
        given: list[tuple[Kind, bool]] = [
            ("todo", bool(todo)), ("score", score is not None), ("bonus", bonus is not None), ("excuse", excuse),
            ("hold", hold), ("undo", undo is not None),
        ]  # fmt: skip
        kinds = [kind for kind, chosen in given if chosen]
        if len(kinds) != 1:
            raise UsageError("choose exactly one of --todo, --score, --bonus, --excuse, --hold and --undo")
        amount = {"todo": points, "score": score, "bonus": bonus}.get(kinds[0])
        made = [
            Adjustment(
                student=student, kind=kinds[0], todo=todo, points=amount, reason=reason, comment=comment, by=author,
                undoes=undo,
            )
        ]  # fmt: skip
    for report in adjust_run(folder, made, store):
        excused = " (excused)" if report.excused else " (held)" if report.held else ""
        student = escape_control_characters(report.submission.label)
        typer.echo(f"{student}: {report.score:g} of {report.max_score:g}{excused}")
