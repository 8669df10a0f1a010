"""The command line: parse, call, exit code.

Whatever is slow to import (torch, pydantic, rich's tables) is imported by the command that needs it, so that help comes
at once.
"""

import os
import sys
from collections.abc import Sequence
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.insight import similar, stats
from grader.model.errors import GraderError, UsageError
from grader.reporting.safe_text import escape_control_characters

if TYPE_CHECKING:
    from grader.classroom.batch import GradedClass
    from grader.intake.roster import Roster
    from grader.model.assignment import Assignment
    from grader.model.course import Course
    from grader.model.report import GradeReport
    from grader.push.delivery import Platform, PushOptions

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # plain help: rich alone would take longer to import than all the rest
    rich_markup_mode=None,
)


@app.callback()
def read_options(course: CourseOption = None) -> None:
    """Grade a course lab on sequence models: hidden tests in a sandbox, every TODO marked on its own."""
    if course is not None:
        os.environ["GRADER_COURSE"] = str(course)  # as if it were set for this command


app.command()(stats)
app.command()(similar)

datasets = typer.Typer(help="The course's texts and models.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(datasets, name="datasets")
push = typer.Typer(help="Send scores to a learning-management system.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(push, name="push")


class ExitCode(IntEnum):
    """What the shell is told."""

    GRADED = 0
    GRADER_FAULT = 1
    INCOMPLETE = 1  # a student's own check: some public test does not pass yet
    USAGE = 2
    INTERRUPTED = 130


class IsolationChoice(StrEnum):
    """How submissions are kept apart from this machine."""

    BWRAP = "bwrap"
    SETUID = "setuid"
    AUTO = "auto"  # bwrap, or setuid where namespaces are not to be had
    NONE = "none"


class DeviceChoice(StrEnum):
    """What GPU-run tests run on."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    VIRTUAL = "virtual"


class LanguageChoice(StrEnum):
    """The language of what students read."""

    EN = "en"
    KO = "ko"


AssignmentOption = Annotated[str, typer.Option("--assignment", "-a", help="The assignment, as `grader list` names it.")]
OptionalAssignment = Annotated[Optional[str], typer.Option("--assignment", "-a", help="Only this assignment.")]  # noqa: UP045
IsolationOption = Annotated[IsolationChoice, typer.Option(help="How the submission is kept apart from this machine.")]
DeviceOption = Annotated[DeviceChoice, typer.Option(help="What GPU-run tests run on; auto: CUDA where there is a GPU.")]
JsonOption = Annotated[Optional[Path], typer.Option("--json", help="Write the report there; `-` prints it.")]  # noqa: UP045
DatasetNames = Annotated[Optional[list[str]], typer.Argument(help="Only these, as `grader datasets list` names them.")]  # noqa: UP045
RunArgument = Annotated[Path, typer.Argument(help="The folder that `grader batch` wrote.")]
RosterOption = Annotated[Optional[Path], typer.Option(help="A CSV of the class, or the system's own list.")]  # noqa: UP045
ReleasedOption = Annotated[bool, typer.Option("--released", help="The due date is over: show `after_due` tests.")]
LanguageOption = Annotated[LanguageChoice, typer.Option(help="The language of the verdicts.")]
FeedbackOption = Annotated[bool, typer.Option("--feedback/--no-feedback", help="Send what went wrong, too.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, and connect to nothing.")]
AgainOption = Annotated[bool, typer.Option("--again", help="Send also what was sent before, unless it is there.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")]


@app.command("list")
def list_command(course: CourseOption = None) -> None:
    """Print the assignments with their TODOs and points."""
    from grader.reporting.terminal import print_assignments

    print_assignments(current_course(course))


@app.command()
def doctor() -> None:
    """Print what this machine offers: isolation, devices, versions."""
    from grader.tools.doctor import print_machine_findings

    raise typer.Exit(ExitCode.GRADED if print_machine_findings() else ExitCode.GRADER_FAULT)


@app.command()
def check(
    path: Annotated[Optional[Path], typer.Argument(help="Your .py or .ipynb; default: the kit's own.")] = None,  # noqa: UP045
    assignment: OptionalAssignment = None,
    lang: Annotated[LanguageChoice, typer.Option(help="The language of the verdicts.")] = LanguageChoice.EN,
) -> None:
    """A student's own quick check with the public tests: here, at once, on any system."""
    from grader.intake.submissions import find_path
    from grader.student.kit import find_kit

    place = find_path(path) if path else Path.cwd()  # a mistyped path is told before torch is imported
    kit = find_kit(place, assignment)
    from grader.reporting.terminal import print_check, print_public_finding, spare_unprintable

    spare_unprintable(sys.stdout)
    if sys.stderr.isatty():
        typer.echo("loading torch ...", err=True)
    try:
        from grader.student.check import check_submission

        where = place if path else kit.folder
        done = check_submission(where, kit, lambda found: print_public_finding(found, lang.value))
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    print_check(done, kit, lang.value)
    if not done.is_complete:
        raise typer.Exit(ExitCode.INCOMPLETE)


@app.command()
def grade(
    path: Annotated[Path, typer.Argument(help="What was handed in: .py, .ipynb, a folder or an archive.")],
    assignment: AssignmentOption,
    json: JsonOption = None,
    lang: Annotated[LanguageChoice, typer.Option(help="The language of the verdicts.")] = LanguageChoice.EN,
    device: DeviceOption = DeviceChoice.AUTO,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    student: Annotated[str, typer.Option(help="Who handed it in.")] = "",
    html: Annotated[Optional[Path], typer.Option("--html", help="Write the student's page of feedback there.")] = None,  # noqa: UP045
    quiet: QuietOption = False,
) -> None:
    """Grade one submission."""
    from grader.grading.worker import Job, open_worker
    from grader.intake.submissions import find_path
    from grader.reporting.terminal import print_report

    find_path(path)  # a mistyped path is told at once, not after a worker has started
    with open_worker(
        current_course(course).load_assignment(assignment), isolation=isolation.value, device=device.value
    ) as worker:
        report = worker.grade(Job(path, student=student))
    if isolation is IsolationChoice.AUTO and report.environment.isolation != IsolationChoice.BWRAP:
        _complain(f"no namespaces to be had here: graded with isolation {report.environment.isolation!r}")
    if json is not None:
        _write_json(report.model_dump_json(indent=2), json)
    if html is not None:
        _write_page(report, html, lang)
    if not quiet and json != Path("-"):
        print_report(report, lang.value)
    if report.status == "grader_fault":
        _complain(f"not graded, the grader failed: {report.reason}")
        raise typer.Exit(ExitCode.GRADER_FAULT)


@app.command()
def batch(
    folder: Annotated[Path, typer.Argument(help="An LMS's download (.zip or folder), or one entry for each student.")],
    assignment: AssignmentOption,
    run: Annotated[Path, typer.Option("-o", "--output", help="Where reports and summaries go.")],
    roster: RosterOption = None,
    times: Annotated[Optional[Path], typer.Option(help="A CSV that says when each was handed in.")] = None,  # noqa: UP045
    jobs: Annotated[Optional[int], typer.Option("--jobs", min=1, help="Workers; default: one per core.")] = None,  # noqa: UP045
    dask: Annotated[Optional[str], typer.Option(help="Have the workers of that Dask scheduler grade.")] = None,  # noqa: UP045
    store: Annotated[Optional[str], typer.Option(help="Keep the gradebook in that database: postgresql://...")] = None,  # noqa: UP045
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last run ended, as always.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Grade again what was graded before.")] = False,
    record: Annotated[bool, typer.Option("--record/--no-record", help="Keep replies for `grader rejudge`.")] = True,
    pending: Annotated[bool, typer.Option("--pending", help="Only finish what waits for a GPU.")] = False,
    device: DeviceOption = DeviceChoice.AUTO,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    quiet: QuietOption = False,
) -> None:
    """Grade a class. The same command again goes on where it ended, and grades what has changed."""
    from grader.classroom.accounting import describe_accounts
    from grader.classroom.batch import BatchOptions, grade_class
    from grader.classroom.class_archive import open_class
    from grader.classroom.class_folder import collect_submissions
    from grader.classroom.run_folder import RunFolder
    from grader.classroom.times import read_times
    from grader.classroom.worker_count import choose_worker_count
    from grader.intake.roster import read_roster
    from grader.reporting.terminal import open_progress, print_class
    from grader.sandbox.reader import open_reader

    if resume and force:
        raise UsageError("--resume keeps what was graded before, --force grades it again: choose one")
    description = current_course(course).load_assignment(assignment)
    roll = collect_submissions(
        open_class(folder, run),
        description,
        read_roster(roster) if roster else None,
        read_times(times) if times else None,
        find=open_reader(isolation.value).find_candidate,
    )
    found = roll.jobs
    if not quiet:
        for warning in roll.warnings:
            _complain(warning)
    for what, names in (("late", roll.late), ("on no roster", roll.strangers), ("handed in nothing", roll.absent)):
        if names and not quiet:
            _complain(f"{what}: {_list_some(names)}")
    # A cluster's workers may have the GPU that this machine lacks.
    workers = 1 if dask else choose_worker_count(len(found), description, wanted=jobs, device=device.value)
    students = {job.student for job in found}
    plan = BatchOptions(
        description,
        isolation.value,
        workers,
        dask=dask,
        store=store,
        force=force,
        record=record,
        device=device.value,
        pending=pending,
    )
    with open_progress(len(students), quiet=quiet) as tell:
        done = grade_class(found, plan, RunFolder(run), tell, ignored=roll.ignored)
    if not quiet:
        print_class(done.reports)
        typer.echo(f"wrote {len(done.reports)} reports, {done.kept} of them graded before, and a summary to {run}/")
        for line in describe_accounts(done.entries):
            typer.echo(escape_control_characters(line))
    _conclude(done)


@app.command()
def rejudge(
    run: RunArgument,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="Another folder; default: the same.")] = None,  # noqa: UP045
    jobs: Annotated[Optional[int], typer.Option("--jobs", min=1, help="Workers; default: one per core.")] = None,  # noqa: UP045
    store: Annotated[Optional[str], typer.Option(help="The gradebook, where it is not in RUN.")] = None,  # noqa: UP045
    force: Annotated[bool, typer.Option("--force", help="Judge again what was judged so before.")] = False,
    course: CourseOption = None,
    quiet: QuietOption = False,
) -> None:
    """Judge a class again by changed tests, points or policies, from what was recorded of it."""
    from grader.classroom.rejudge import RejudgeOptions, rejudge_run
    from grader.classroom.run_folder import RunFolder
    from grader.reporting.terminal import open_progress, print_class

    source, target = RunFolder(run), RunFolder(output or run)
    with open_progress(len(source.list_students()), quiet=quiet) as tell:
        done = rejudge_run(
            source, target, RejudgeOptions(course=current_course(course), jobs=jobs, store=store, force=force), tell
        )
    if not quiet:
        print_class(done.reports)
        typer.echo(f"wrote {len(done.reports)} reports, {done.kept} of them judged so before, to {target.folder}/")
    _conclude(done)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The folder of one run.")],
    after: Annotated[Path, typer.Argument(help="The folder of a later run.")],
    output: Annotated[Optional[Path], typer.Option("-o", help="The CSV; default: comparison.csv in AFTER.")] = None,  # noqa: UP045
    quiet: QuietOption = False,
) -> None:
    """Who changed between two runs, on which TODO, and why."""
    from grader.classroom.comparison import compare_runs, print_comparison, write_comparison

    changes = compare_runs(before, after)
    write_comparison(changes, output or after / "comparison.csv")
    if not quiet:
        print_comparison(changes)


@app.command()
def report(
    path: Annotated[Path, typer.Argument(help="A report's JSON, or the folder that `grader batch` wrote.")],
    student: Annotated[str, typer.Argument(help="Whose report of that run; default: the whole class.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="All of it, hidden tests too.")] = False,
    released: Annotated[bool, typer.Option("--released", help="The due date is over: show `after_due` tests.")] = False,
    lang: Annotated[LanguageChoice, typer.Option(help="The language of the verdicts.")] = LanguageChoice.EN,
) -> None:
    """Print a report as its student may see it, or a run's class."""
    from grader.classroom.run_folder import RunFolder, find_report
    from grader.reporting.redaction import redact
    from grader.reporting.terminal import print_class, print_report

    if path.is_dir() and not student:
        print_class(RunFolder(path).read_reports())
        return
    found = find_report(path, student)
    print_report(found if staff else redact(found, released=released), lang.value)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="The folder that `grader batch` wrote.")],
    to: Annotated[str, typer.Option("--format", help="The system's format; an unknown one prints the list.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A file, or a folder for one file a student.")],
    roster: Annotated[Optional[Path], typer.Option(help="A CSV of the class, or the system's own list.")] = None,  # noqa: UP045
    worksheet: Annotated[Optional[Path], typer.Option(help="Moodle's grading worksheet, to be filled in.")] = None,  # noqa: UP045
    column: Annotated[str, typer.Option(help="The assignment in that gradebook, such as 'HW1 (4321)'.")] = "",
    released: Annotated[bool, typer.Option("--released", help="The due date is over: show `after_due` tests.")] = False,
    lang: Annotated[LanguageChoice, typer.Option(help="The language of the verdicts.")] = LanguageChoice.EN,
) -> None:
    """Write scores and feedback in another system's own form."""
    from grader.exports import ExportOptions, export_run
    from grader.intake.roster import Roster

    options = ExportOptions(
        roster=_read_roster(roster) if roster else Roster(()),
        worksheet=worksheet,
        column=column,
        released=released,
        language=lang.value,
    )
    for note in export_run(run, output, to=to, options=options):
        _complain(note)
    typer.echo(f"wrote {to} to {output}")


@app.command()
def release(
    assignment: OptionalAssignment = None,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="Where the students' kit goes.")] = None,  # noqa: UP045
    check: Annotated[bool, typer.Option("--check", help="Only say what is out of step with the solutions.")] = False,
    course: CourseOption = None,
) -> None:
    """Generate skeletons and notebooks from the solutions, and pack the students' kit."""
    from grader.authoring.release import release_assignment

    assignments = _choose(assignment, current_course(course))
    stale = [path for chosen in assignments for path in release_assignment(chosen, output, check)]
    for path in stale:
        typer.echo(f"{'out of step with the solution' if check else 'wrote'}: {path}")
    if check and stale:
        raise typer.Exit(ExitCode.GRADER_FAULT)


@app.command()
def bundle(
    platform: Annotated[str, typer.Argument(help="gradescope, prairielearn or autolab.")],
    assignment: AssignmentOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .zip to write. It holds the solution: keep it.")],
    course: CourseOption = None,
) -> None:
    """Pack an assignment with the grader, to grade inside that platform."""
    from grader.authoring.platform_bundle import bundle_assignment

    bundle_assignment(current_course(course).load_assignment(assignment), platform, output)
    typer.echo(f"wrote what {platform} needs to grade {assignment} to {output}")


@app.command()
def verify(
    assignment: OptionalAssignment = None,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only as many wrong variants as each TODO needs.")] = False,
) -> None:
    """Is the hidden suite worth trusting? Grades every known right and wrong variant."""
    from grader.authoring.suite_check import print_verifications

    assignments = _choose(assignment, current_course(course))
    if not print_verifications(assignments, isolation.value, quick=quick):
        raise typer.Exit(ExitCode.GRADER_FAULT)


@datasets.command("list")
def list_datasets_command(course: CourseOption = None) -> None:
    """Print every dataset: what it is, its licence, where it comes from."""
    from grader.authoring.datasets import list_datasets, print_datasets

    print_datasets(list_datasets(current_course(course).datasets))


@datasets.command("verify")
def verify_datasets_command(names: DatasetNames = None, course: CourseOption = None) -> None:
    """Check every byte against the manifest."""
    from grader.authoring.datasets import State, print_findings, verify_datasets

    findings = verify_datasets(current_course(course).datasets, names)
    print_findings(findings)
    # What nobody asked for by name may be missing while a sample serves.
    served = [finding for finding in findings if finding.state is State.MISSING and finding.dataset.sample]
    if any(finding.state is not State.READY for finding in findings if names or finding not in served):
        raise typer.Exit(ExitCode.GRADER_FAULT)


@datasets.command("fetch")
def fetch_datasets_command(names: DatasetNames = None, course: CourseOption = None) -> None:
    """Download what is not shipped; an interrupted download goes on where it stopped."""
    from grader.authoring.datasets import fetch_dataset, list_datasets

    folder = current_course(course).datasets
    for name in names or [dataset.name for dataset in list_datasets(folder) if dataset.url]:
        typer.echo(f"{name}: {fetch_dataset(name, folder)}")


@push.command("canvas")
def push_canvas_command(
    run: RunArgument,
    url: Annotated[str, typer.Option(help="Canvas's address, such as https://canvas.example.edu.")],
    course: Annotated[int, typer.Option("--course-id", min=1, help="The number in the course's address.")],
    assignment: Annotated[int, typer.Option("--assignment-id", min=1, help="The number in the assignment's address.")],
    roster: RosterOption = None,
    token: Annotated[Optional[Path], typer.Option("--token-file", help="The token; else GRADER_CANVAS_TOKEN.")] = None,  # noqa: UP045
    feedback: FeedbackOption = True,
    released: ReleasedOption = False,
    lang: LanguageOption = LanguageChoice.EN,
    dry_run: DryRunOption = False,
    again: AgainOption = False,
    quiet: QuietOption = False,
) -> None:
    """Send scores to an assignment in Canvas; a second time only what has changed."""
    from grader.exports import ExportOptions
    from grader.intake.roster import Roster
    from grader.push.delivery import PushOptions

    try:
        from grader.push.canvas import TOKEN_VARIABLE, Canvas
        from grader.push.connection import read_secret
    except ModuleNotFoundError as error:
        raise _name_extra(error) from error

    secret = "" if dry_run else read_secret("token of Canvas", TOKEN_VARIABLE, token)
    platform = Canvas(url, secret, course=course, assignment=assignment)
    known = _read_roster(roster) if roster else Roster(())
    options = ExportOptions(roster=known, released=released, language=lang.value)
    _push(run, platform, PushOptions(options, feedback=feedback, dry_run=dry_run, again=again), quiet=quiet)


@push.command("lti")
def push_lti_command(
    run: RunArgument,
    token_url: Annotated[str, typer.Option(help="Where the platform gives out tokens.")],
    client_id: Annotated[str, typer.Option(help="What the platform calls the tool.")],
    roster: Annotated[Path, typer.Option(help="A CSV of the class with a column `lti`.")],
    lineitems: Annotated[str, typer.Option(help="The course's line items; one is found there, or made.")] = "",
    lineitem: Annotated[str, typer.Option(help="The line item itself.")] = "",
    key: Annotated[Optional[Path], typer.Option("--key-file", help="The private key; else GRADER_LTI_KEY.")] = None,  # noqa: UP045
    key_id: Annotated[str, typer.Option(help="The key's id, where the platform knows it by another.")] = "",
    audience: Annotated[str, typer.Option(help="Whom to address where it is not the token's address.")] = "",
    feedback: FeedbackOption = True,
    released: ReleasedOption = False,
    lang: LanguageOption = LanguageChoice.EN,
    dry_run: DryRunOption = False,
    again: AgainOption = False,
    quiet: QuietOption = False,
) -> None:
    """Send scores by LTI Advantage's grade services; a second time only what has changed."""
    from grader.exports import ExportOptions
    from grader.push.delivery import PushOptions

    try:
        from grader.push.connection import read_secret
        from grader.push.lti import KEY_VARIABLE, Lti, Site
    except ModuleNotFoundError as error:
        raise _name_extra(error) from error

    secret = "" if dry_run else read_secret("private key of the tool", KEY_VARIABLE, key)
    site = Site(token_url, client_id, lineitems=lineitems, lineitem=lineitem, key_id=key_id, audience=audience)
    options = ExportOptions(roster=_read_roster(roster), released=released, language=lang.value)
    _push(run, Lti(site, secret), PushOptions(options, feedback=feedback, dry_run=dry_run, again=again), quiet=quiet)


def main() -> None:
    """Run a command; every error becomes one message and the right exit code."""
    try:
        app()
    except GraderError as error:
        _complain(str(error))
        sys.exit(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.GRADER_FAULT)
    except (FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        _complain(f"{error.strerror} ({str(error.filename)!r}): choose another path, or mend its rights")
        sys.exit(ExitCode.USAGE)


def _conclude(done: "GradedClass") -> None:
    for line in done.attention:
        _complain(line)
    if done.left:
        _complain(f"interrupted, {len(done.left)} left: {_list_some(done.left)}; the same command again goes on")
        raise typer.Exit(ExitCode.INTERRUPTED)
    if any(report.status == "grader_fault" for report in done.reports):
        raise typer.Exit(ExitCode.GRADER_FAULT)


def _push(run: Path, platform: "Platform", orders: "PushOptions", *, quiet: bool) -> None:
    from grader.push.delivery import push_run

    outcome = push_run(run, platform, orders, (lambda line: None) if quiet else typer.echo)
    for note in [*outcome.left_out, *outcome.refused]:
        _complain(note)
    if not quiet and not orders.dry_run:
        typer.echo(f"sent {outcome.sent} scores to {platform.to}; {outcome.kept} were there already")
    if outcome.refused:
        raise typer.Exit(ExitCode.GRADER_FAULT)


def _name_extra(error: ModuleNotFoundError) -> UsageError:
    return UsageError(f"grader push needs the systems' libraries ({error}): pip install 'grader[lms]'")


def _complain(message: str) -> None:
    # A message may quote what a student wrote.
    typer.echo(f"grader: {escape_control_characters(message)}", err=True)


def _read_roster(path: Path) -> "Roster":
    from grader.intake.roster import read_roster

    roster = read_roster(path)
    for warning in roster.warnings:
        _complain(warning)
    return roster


def _list_some(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _choose(wanted: str | None, course: "Course") -> "list[Assignment]":
    return [course.load_assignment(name) for name in ([wanted] if wanted else course.list_assignments())]


def _write_page(report: "GradeReport", path: Path, lang: LanguageChoice) -> None:
    from grader.reporting.feedback import render_page
    from grader.reporting.files import write_text
    from grader.reporting.redaction import redact

    write_text(path, render_page(redact(report), lang.value))


def _write_json(text: str, path: Path) -> None:
    if path == Path("-"):
        typer.echo(text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")
