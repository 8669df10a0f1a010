"""Commands that examine a graded class: `stats` and `similar`."""

import json as json_format
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import IsolationChoice, IsolationOption, RunArgument, warn

HtmlOption = Annotated[Optional[Path], typer.Option("--html", help="Write an HTML page to this file.")]  # noqa: UP045
MOST_PAIRS = 30


def stats(
    run: RunArgument,
    html: HtmlOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Leave out the students' names.")] = False,
) -> None:
    """Print statistics of a class: scores, tests and mistakes."""
    from grader.classroom.run_folder import RunFolder
    from grader.classroom.statistics import describe_class, print_statistics
    from grader.reporting.files import write_text
    from grader.reporting.rendering import render_template

    found = describe_class(RunFolder(run).read_reports(), anonymous=anonymous)
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
    from grader.authoring.release import render_skeleton
    from grader.classroom.gradebook import open_gradebook
    from grader.classroom.likeness import find_pairs, list_shared_mistakes, print_pairs, read_works
    from grader.classroom.run_folder import RunFolder
    from grader.examiner.inspector import list_fragments
    from grader.model.verdict import Verdict
    from grader.reporting.files import write_text
    from grader.reporting.rendering import render_template
    from grader.sandbox.jail import choose_isolation

    def warn_left_out(student: str, reason: str) -> None:
        warn(f"{student} is left out: {reason}")

    split = partial(list_fragments, isolation=choose_isolation(isolation.value))
    works = []
    for number, folder in enumerate([run, *(against or [])]):
        with open_gradebook(RunFolder(folder).gradebook) as gradebook:
            found = read_works(RunFolder(folder), gradebook, split, warn_left_out)
        works += found if number == 0 else [replace(work, student=f"{folder.name}/{work.student}") for work in found]
    reports = RunFolder(run).read_reports()
    assignment = current_course(course).load_assignment(reports[0].assignment.name)
    solution = assignment.solution.read_text(encoding="utf-8")
    pairs = find_pairs(works, skeleton=render_skeleton(solution), known=[solution])
    messages = {
        report.submission.student: [test.message for test in report.tests if test.status is Verdict.FAILED]
        for report in reports
    }
    mistakes = list_shared_mistakes(messages)
    if html is not None:
        title = f"{reports[0].assignment.title}: similar work"
        write_text(html, render_template("similar.html", title=title, pairs=pairs[:MOST_PAIRS], mistakes=mistakes))
    print_pairs(pairs)
