"""Commands for a whole class: `batch`, `rejudge` and `compare`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import (
    AssignmentOption,
    DeviceChoice,
    DeviceOption,
    ExitCode,
    IsolationChoice,
    IsolationOption,
    JobsOption,
    QuietOption,
    RosterOption,
    RunArgument,
    fit,
    warn,
)

if TYPE_CHECKING:
    from grader.classroom.batch import GradedClass
    from grader.classroom.class_folder import ClassSubmissions


def batch(
    folder: Annotated[Path, typer.Argument(help="Download of an LMS (.zip or folder), or one entry a student.")],
    assignment: AssignmentOption,
    run: Annotated[Path, typer.Option("-o", "--output", help="Folder for reports and summaries.")],
    roster: RosterOption = None,
    times: Annotated[Optional[Path], typer.Option(help="CSV with the columns student and submitted_at.")] = None,  # noqa: UP045
    jobs: JobsOption = None,
    dask: Annotated[Optional[str], typer.Option(help="Grade on the workers of this Dask scheduler.")] = None,  # noqa: UP045
    store: Annotated[Optional[str], typer.Option(help="Database for the gradebook, such as postgresql://...")] = None,  # noqa: UP045
    force: Annotated[bool, typer.Option("--force", help="Grade every submission again.")] = False,
    record: Annotated[bool, typer.Option("--record/--no-record", help="Keep replies for `grader rejudge`.")] = True,
    pending: Annotated[bool, typer.Option("--pending", help="Only finish submissions that wait for a GPU.")] = False,
    only: Annotated[Optional[list[str]], typer.Option(help="Grade only this student again; repeatable.")] = None,  # noqa: UP045
    failed: Annotated[bool, typer.Option("--failed", help="Grade only students whom the grader failed.")] = False,
    changed: Annotated[bool, typer.Option("--changed", help="Grade only students whose files have changed.")] = False,
    device: DeviceOption = DeviceChoice.AUTO,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    quiet: QuietOption = False,
) -> None:
    """Grade a class; run again to grade only what has changed."""
    from grader.classroom.accounting import describe_accounts
    from grader.classroom.batch import BatchOptions, grade_class
    from grader.classroom.class_archive import open_class
    from grader.classroom.class_folder import collect_submissions
    from grader.classroom.run_folder import RunFolder
    from grader.classroom.selection import ChosenStudents
    from grader.classroom.students import find_student
    from grader.classroom.times import read_times
    from grader.classroom.worker_count import choose_worker_count
    from grader.intake.roster import read_roster
    from grader.reporting.terminal import open_progress, print_class
    from grader.sandbox.reader import open_reader

    chosen = current_course(course).load_assignment(assignment)
    known, listed = read_roster(roster) if roster else None, read_times(times) if times else None
    find = open_reader(isolation.value).find_candidate
    found = collect_submissions(open_class(folder, run), chosen, known, listed, find=find)
    if not quiet:
        _warn_of_roster(found)
    names = {job.student: job.name for job in found.jobs}
    # The workers of a cluster may have the GPU that this machine lacks.
    workers = 1 if dask else choose_worker_count(len(found.jobs), chosen, wanted=jobs, device=device.value)
    options = BatchOptions(
        chosen,
        isolation.value,
        workers,
        dask=dask,
        gradebook=store,
        force=force or bool(only),
        record=record,
        device=device.value,
        pending=pending,
        selection=ChosenStudents(frozenset(find_student(text, names) for text in only or ()), failed, changed),
    )
    with open_progress(len({job.student for job in found.jobs}), quiet=quiet) as on_report:
        done = grade_class(
            found.jobs, options, RunFolder(run), on_report, ignored=found.ignored, outside=found.not_on_roster
        )
    if done.set_aside:
        gone = ", ".join(each.label for each in done.set_aside)
        warn(f"set aside, since they are not in this class: {gone}; a batch with their work brings them back")
    if not quiet:
        print_class(done.reports)
        typer.echo(f"wrote {len(done.reports)} reports ({done.kept} unchanged) and a summary to {run}/")
        for line in describe_accounts(done.entries):
            typer.echo(fit(line, sys.stdout))
    _finish(done)


def rejudge(
    run: RunArgument,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="Folder to write; default: RUN.")] = None,  # noqa: UP045
    jobs: JobsOption = None,
    store: Annotated[Optional[str], typer.Option(help="Database of the gradebook, if it is not in RUN.")] = None,  # noqa: UP045
    force: Annotated[bool, typer.Option("--force", help="Score every submission again.")] = False,
    course: CourseOption = None,
    quiet: QuietOption = False,
) -> None:
    """Score a class again from its recordings, by changed tests.

    Use it after a change of tests, points or policies. The recorded replies are judged again; a submission runs only if
    a test asks something new.
    """
    from grader.classroom.rejudge import RejudgeOptions, rejudge_run
    from grader.classroom.run_folder import RunFolder
    from grader.reporting.terminal import open_progress, print_class

    source, target = RunFolder(run), RunFolder(output or run)
    options = RejudgeOptions(course=current_course(course), jobs=jobs, gradebook=store, force=force)
    with open_progress(len(source.list_students()), quiet=quiet) as on_report:
        done = rejudge_run(source, target, options, on_report)
    if not quiet:
        print_class(done.reports)
        typer.echo(f"wrote {len(done.reports)} reports ({done.kept} unchanged) to {target.folder}/")
    _finish(done)


def compare(
    before: Annotated[Path, typer.Argument(help="Folder of one run.")],
    after: Annotated[Path, typer.Argument(help="Folder of a later run.")],
    output: Annotated[Optional[Path], typer.Option("-o", help="CSV to write; default: AFTER/comparison.csv.")] = None,  # noqa: UP045
    quiet: QuietOption = False,
) -> None:
    """List whose points changed between two runs, where and why."""
    from grader.classroom.comparison import compare_runs, print_comparison, write_comparison

    changes = compare_runs(before, after)
    write_comparison(changes, output or after / "comparison.csv")
    if not quiet:
        print_comparison(changes)


def _warn_of_roster(found: "ClassSubmissions") -> None:
    for warning in found.warnings:
        warn(warning)
    for what, names in (
        ("late", found.late),
        ("not on the roster, graded and set aside", found.not_on_roster),
        ("no submission from", found.missing),
    ):
        if names:
            warn(f"{what}: {', '.join(names)}")


def _finish(done: "GradedClass") -> None:
    for line in done.warnings:
        warn(line)
    if done.left:
        warn(f"interrupted, {len(done.left)} left: {', '.join(done.left)}; run the same command again to continue")
        raise typer.Exit(ExitCode.INTERRUPTED)
    if any(report.status == "grader_fault" for report in done.reports):
        raise typer.Exit(ExitCode.GRADER_FAULT)
