"""Commands that examine a graded class: `stats` and `similar`."""

import json as json_format
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import IsolationChoice, IsolationOption, RunArgument, warn

HtmlOption = Annotated[Optional[Path], typer.Option("--html", help="Write an HTML page to this file.")]  # noqa: UP045


def stats(
    run: RunArgument,
    html: HtmlOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave out the students' names.")] = False,
    store: Annotated[Optional[str], typer.Option(help="Database of the gradebook, if it is not in RUN.")] = None,  # noqa: UP045
) -> None:
    """Print statistics of a class: scores, tests and mistakes."""
    from grader.classroom.run_folder import RunFolder
    from grader.classroom.statistics import describe_class, print_statistics
    from grader.classroom.time_to_solve import read_attempts
    from grader.reporting.files import write_text
    from grader.reporting.rendering import render_template

    folder = RunFolder(run)
    reports = folder.read_reports()
    attempts = read_attempts(folder, reports[0].assignment.name, store) if reports else {}
    found = describe_class(reports, attempts, anonymous=anonymous)
    if html is not None:
        write_text(html, render_template("statistics.html", title=f"{found.title}: statistics", found=found))
    if json:
        typer.echo(json_format.dumps(asdict(found), indent=2, ensure_ascii=False))
    else:
        print_statistics(found)


def similar(
    run: RunArgument,
    against: Annotated[Optional[list[Path]], typer.Option(help="Another run to compare with; repeatable.")] = None,  # noqa: UP045
    html: HtmlOption = None,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
) -> None:
    """List pairs of students whose work shares what few others have."""
    from grader.authoring.similar_work import find_similar_work
    from grader.classroom.likeness import print_pairs
    from grader.classroom.run_folder import RunFolder
    from grader.reporting.files import write_text
    from grader.reporting.rendering import render_template

    def warn_left_out(student: str, reason: str) -> None:
        warn(f"{student} is left out: {reason}")

    found = find_similar_work(
        RunFolder(run), current_course(course), against or [], isolation=isolation.value, on_left_out=warn_left_out
    )
    if html is not None:
        page = render_template("similar.html", title=found.title, pairs=found.pairs, mistakes=found.mistakes)
        write_text(html, page)
    print_pairs(found.pairs)
