"""Commands for one submission: `grade` and `report`."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import (
    AssignmentOption,
    DeviceChoice,
    DeviceOption,
    ExitCode,
    IsolationChoice,
    IsolationOption,
    LanguageOption,
    QuietOption,
    ReleasedOption,
    choose_own_language,
    warn,
)


def grade(
    path: Annotated[Path, typer.Argument(help="The submission: a .py, an .ipynb, a folder or an archive.")],
    assignment: AssignmentOption,
    json: Annotated[Optional[Path], typer.Option("--json", help="Write the report to a file; `-` prints it.")] = None,  # noqa: UP045
    lang: LanguageOption = None,
    device: DeviceOption = DeviceChoice.AUTO,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    student: Annotated[str, typer.Option(help="Name or id of the student, for the report.")] = "",
    html: Annotated[Optional[Path], typer.Option("--html", help="Write the student's feedback page to a file.")] = None,  # noqa: UP045
    quiet: QuietOption = False,
) -> None:
    """Grade one submission."""
    from grader.grading.job import Job
    from grader.grading.worker import open_worker
    from grader.intake.submissions import find_path

    find_path(path)  # report a mistyped path at once, not after a worker has started
    chosen = current_course(course).load_assignment(assignment, draft=True)
    with open_worker(chosen, isolation=isolation.value, device=device.value) as worker:
        report = worker.grade(Job(path, student=student))
    if isolation is IsolationChoice.AUTO and report.environment.isolation != IsolationChoice.BWRAP:
        warn(f"this machine offers no namespaces: graded with isolation {report.environment.isolation!r}")
    text = report.model_dump_json(indent=2)
    if json == Path("-"):
        typer.echo(text)
    elif json is not None:
        from grader.reporting.files import write_text

        write_text(json, text + "\n")
    if html is not None:
        from grader.reporting.feedback import render_page
        from grader.reporting.files import write_text
        from grader.reporting.redaction import redact

        write_text(html, render_page(redact(report), choose_own_language(lang)))
    if not quiet and json != Path("-"):
        from grader.reporting.terminal import print_report

        print_report(report, choose_own_language(lang))
    if report.status == "grader_fault":
        warn(f"not graded, the grader failed: {report.reason}")
        raise typer.Exit(ExitCode.GRADER_FAULT)


def report_command(
    path: Annotated[Path, typer.Argument(help="A report (JSON), or the folder written by `grader batch`.")],
    student: Annotated[str, typer.Argument(help="Student's id or name; default: the whole class.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="Print everything, hidden tests included.")] = False,
    released: ReleasedOption = False,
    lang: LanguageOption = None,
) -> None:
    """Print a report as its student sees it, or a table of the class."""
    from grader.classroom.run_folder import RunFolder, find_report
    from grader.reporting.redaction import redact
    from grader.reporting.terminal import print_class, print_report

    if path.is_dir() and not student:
        print_class(RunFolder(path).read_reports())
        return
    found = find_report(path, student)
    print_report(found if staff else redact(found, released=released), choose_own_language(lang), staff=staff)
