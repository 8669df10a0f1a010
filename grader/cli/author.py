"""Commands for the course's authors: `list`, `new`, `release`, `verify`, `bundle` and `datasets`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from grader.cli.course import CourseOption, current_course
from grader.cli.options import AssignmentOption, ExitCode, IsolationChoice, IsolationOption, OptionalAssignment
from grader.model.errors import UsageError

if TYPE_CHECKING:
    from grader.model.assignment import Assignment
    from grader.model.course import Course

DatasetNames = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it
    typer.Argument(help="Names of datasets, as `grader datasets list` shows them; default: all."),
]


class TemplateChoice(StrEnum):
    """The kinds of a new assignment, as in `authoring.new_course`."""

    PYTHON = "python"
    NUMPY = "numpy"
    TORCH = "torch"
    TEXT = "text"


def new_course(folder: Annotated[Path, typer.Argument(help="The course's folder: a new or an empty one.")]) -> None:
    """Make an empty course."""
    from grader.authoring.new_course import create_course

    for path in create_course(folder):
        typer.echo(f"wrote: {path}")
    typer.echo(f"next: cd {folder}; grader new assignment a1_first")


def new_assignment(
    name: Annotated[str, typer.Argument(help="Name of the assignment, such as a1_loops.")],
    template: Annotated[
        TemplateChoice, typer.Option("--template", help="What it is about; text: short answers and files.")
    ] = TemplateChoice.PYTHON,
    notebook: Annotated[bool, typer.Option("--notebook", help="Write the solution as a notebook.")] = False,
    course: CourseOption = None,
) -> None:
    """Make a small, complete assignment to change."""
    from grader.authoring.new_course import create_assignment

    chosen = current_course(course)
    for path in create_assignment(chosen, name, template.value, as_notebook=notebook):
        typer.echo(f"wrote: {path.relative_to(chosen.root)}")
    solution = chosen.load_assignment(name).solution.relative_to(chosen.root)
    typer.echo(f"next: grader verify -a {name}; grader grade {solution} -a {name}")


def list_assignments(course: CourseOption = None) -> None:
    """List the assignments with their TODOs and points."""
    from grader.reporting.terminal import print_assignments

    print_assignments(current_course(course))


def release(
    assignment: OptionalAssignment = None,
    output: Annotated[Optional[Path], typer.Option("-o", "--output", help="Folder for the students' kit.")] = None,  # noqa: UP045
    check: Annotated[bool, typer.Option("--check", help="Write nothing; name files that are out of date.")] = False,
    course: CourseOption = None,
) -> None:
    """Generate skeletons and notebooks, and pack the students' kit."""
    from grader.authoring.release import release_assignment

    assignments = _load(assignment, current_course(course))
    stale = [path for chosen in assignments for path in release_assignment(chosen, output, check)]
    for path in stale:
        typer.echo(f"{'out of step with the solution' if check else 'wrote'}: {path}")
    if check and stale:
        raise typer.Exit(ExitCode.GRADER_FAULT)


def verify(
    assignment: OptionalAssignment = None,
    isolation: IsolationOption = IsolationChoice.BWRAP,
    course: CourseOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="Grade only as many variants as each TODO needs.")] = False,
    mutants: Annotated[
        bool, typer.Option("--mutants", help="Grade the solution with one mistake at a time instead of the variants.")
    ] = False,
    report: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--report", metavar="DIR", help="Write a page and JSON on each suite: what each test finds."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on: grade again what a saved file affects, until Ctrl-C.")
    ] = False,
) -> None:
    """Grade known right and wrong variants to test the hidden suite."""
    if mutants and quick:
        raise UsageError("--quick chooses among the variants, and --mutants grades none: use one of them")
    if watch:
        _watch(assignment, current_course(course), isolation.value, is_alone=not (quick or mutants or report))
        return
    assignments = _load(assignment, current_course(course))
    if mutants:
        from grader.authoring.mutants.verification import print_mutants  # which imports torch

        is_sound = print_mutants(assignments, report)
    else:
        from grader.authoring.suite_check import print_verifications

        is_sound = print_verifications(assignments, isolation.value, quick=quick, report=report)
    if not is_sound:
        raise typer.Exit(ExitCode.GRADER_FAULT)


def _watch(wanted: str | None, course: "Course", isolation: str, *, is_alone: bool) -> None:
    names = [wanted] if wanted else course.list_assignments()
    if len(names) != 1:
        raise UsageError(f"--watch looks at one assignment: name it with -a, one of {', '.join(names)}")
    if not is_alone:
        raise UsageError("--watch writes no report: leave out --quick, --mutants and --report")
    from grader.authoring.watch import watch_assignment

    try:
        watch_assignment(course, names[0], isolation)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def bundle(
    platform: Annotated[str, typer.Argument(help="gradescope, prairielearn or autolab.")],
    assignment: AssignmentOption,
    output: Annotated[Path, typer.Option("-o", "--output", help="The .zip to write; keep it: it has the solution.")],
    course: CourseOption = None,
) -> None:
    """Pack the grader with an assignment, to run on another platform."""
    from grader.authoring.platform_bundle import bundle_assignment

    bundle_assignment(current_course(course).load_assignment(assignment), platform, output)
    typer.echo(f"wrote what {platform} needs to grade {assignment} to {output}")


def list_datasets_command(course: CourseOption = None) -> None:
    """List every dataset with its size, licence and source."""
    from grader.authoring.datasets import list_datasets, print_datasets

    print_datasets(list_datasets(current_course(course).datasets))


def verify_datasets_command(names: DatasetNames = None, course: CourseOption = None) -> None:
    """Check every byte against the manifest."""
    from grader.authoring.datasets import State, print_findings, verify_datasets

    findings = verify_datasets(current_course(course).datasets, names)
    print_findings(findings)
    # A dataset with a sample may be missing, unless it was named.
    served = [finding for finding in findings if finding.state is State.MISSING and finding.dataset.sample]
    if any(finding.state is not State.READY for finding in findings if names or finding not in served):
        raise typer.Exit(ExitCode.GRADER_FAULT)


def fetch_datasets_command(names: DatasetNames = None, course: CourseOption = None) -> None:
    """Download what is not shipped; continue interrupted downloads."""
    from grader.authoring.datasets import fetch_dataset, list_datasets

    folder = current_course(course).datasets
    for name in names or [dataset.name for dataset in list_datasets(folder) if dataset.url]:
        typer.echo(f"{name}: {fetch_dataset(name, folder)}")


def _load(wanted: str | None, course: "Course") -> "list[Assignment]":
    return [course.load_assignment(name, draft=True) for name in ([wanted] if wanted else course.list_assignments())]
