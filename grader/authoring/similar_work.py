"""Similar work in a class: what pairs share, beyond what all were given and what the solution says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from grader.authoring.release import render_skeleton
from grader.classroom.gradebook import open_gradebook
from grader.classroom.likeness import SimilarPair, find_pairs, list_shared_mistakes, read_works
from grader.classroom.run_folder import RunFolder
from grader.examiner.inspector import list_fragments
from grader.model.course import Course
from grader.model.verdict import Verdict
from grader.sandbox.jail import choose_isolation

MOST_PAIRS = 30


@dataclass(frozen=True)
class SimilarWork:
    """The pairs of a class, the most surprising first, and the rare mistakes that several share, with the students."""

    title: str
    pairs: Sequence[SimilarPair]
    mistakes: Mapping[str, Sequence[str]]


def find_similar_work(
    run: RunFolder,
    course: Course,
    against: Sequence[Path] = (),
    *,
    isolation: str,
    on_left_out: Callable[[str, str], None],
    store: str | None = None,
) -> SimilarWork:
    """Compare the works of a run with each other and with those of other runs.

    Calls `on_left_out` with a student whose work cannot be read, and the reason. Raises UsageError where a folder is
    no run, or holds no recordings.
    """
    split = partial(list_fragments, isolation=choose_isolation(isolation))
    reports = run.read_reports()
    works = []
    for number, folder in enumerate([run, *map(RunFolder, against)]):
        with open_gradebook(store or folder.gradebook) as gradebook:
            found = read_works(folder, gradebook, split, on_left_out)
        works += (
            found if number == 0 else [replace(work, student=f"{folder.folder.name}/{work.student}") for work in found]
        )
    assignment = course.load_assignment(reports[0].assignment.name)
    solution = assignment.solution.read_text(encoding="utf-8")
    pairs = find_pairs(works, skeleton=render_skeleton(solution), known=[solution])[:MOST_PAIRS]
    messages = {
        report.submission.student: [test.message for test in report.tests if test.status is Verdict.FAILED]
        for report in reports
    }
    return SimilarWork(f"{reports[0].assignment.title}: similar work", pairs, list_shared_mistakes(messages))
