"""Grade a whole class: find the submissions, spread them over workers, write each report as it comes.

Zone: trusted. Called by `grader batch`. A worker is a process of its own that holds one `grading.Worker`; what passes
between it and this process is a Job and the JSON of a report.
"""

import csv
import json
import multiprocessing
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SubmissionNotFound
from grader.grading import Job, Worker, open_worker
from grader.report import GradeReport

# A worker takes seconds to start, a submission a fraction of one: fewer than this many are not worth another worker.
SUBMISSIONS_PER_WORKER = 16
SOURCES = (".py", ".ipynb", ".zip", ".gz", ".tgz")

_worker: Worker | None = None


@dataclass(frozen=True)
class Run:
    """The folder that a class's results go to."""

    folder: Path

    def write_report(self, report: GradeReport) -> None:
        """One student's report; whole or not at all."""
        _write_whole(self.folder / "reports" / f"{make_file_name(report.submission.student)}.json", _to_json(report))

    def write_summary(self, reports: Sequence[GradeReport]) -> None:
        """summary.json and summary.csv."""
        _write_whole(self.folder / "summary.json", json.dumps(summarise(reports), indent=2, ensure_ascii=False) + "\n")
        _write_csv(self.folder / "summary.csv", reports)


def list_jobs(folder: Path) -> list[Job]:
    """One job for each entry of a class folder, by name. Raises SubmissionNotFound where there is none."""
    if not folder.is_dir():
        raise SubmissionNotFound(f"no folder {str(folder)!r}: pass the folder that holds one entry for each student")
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    jobs = [Job(path, student=_name_student(path)) for path in entries if path.is_dir() or path.suffix in SOURCES]
    if not jobs:
        raise SubmissionNotFound(f"nothing to grade in {str(folder)!r}: expected a folder or a file for each student")
    return jobs


def choose_worker_count(jobs: int, wanted: int | None = None) -> int:
    """As many workers as asked for, or as cores, but no more than the class is worth."""
    return wanted or max(1, min(os.cpu_count() or 1, jobs // SUBMISSIONS_PER_WORKER))


def grade_class(
    jobs: Sequence[Job], assignment: str, run: Run, *, isolation: str, workers: int, tell: Callable[[GradeReport], None]
) -> list[GradeReport]:
    """Every job's report, in the order of the jobs; each is on disk before `tell` hears of it."""
    (run.folder / "reports").mkdir(parents=True, exist_ok=True)
    reports: dict[int, GradeReport] = {}
    for index, report in _grade_all(jobs, assignment, isolation, workers):
        run.write_report(report)
        reports[index] = report
        tell(report)
    in_order = [reports[index] for index in sorted(reports)]
    run.write_summary(in_order)
    return in_order


def summarise(reports: Sequence[GradeReport]) -> dict[str, object]:
    """What a class looks like: counts, and whom to look at."""
    verdicts = Counter(todo.status.value for report in reports for todo in report.todos)
    return {
        "assignment": reports[0].assignment.model_dump() if reports else None,
        "graded": len(reports),
        "mean_score": round(sum(report.score for report in reports) / len(reports), 2) if reports else None,
        "verdicts": dict(sorted(verdicts.items())),
        "attention": [report.submission.student for report in reports if report.status == "grader_fault"],
        "students": [
            {"student": report.submission.student, "score": report.score, "status": report.status} for report in reports
        ],
    }


def make_file_name(student: str) -> str:
    """A student's name as a file name that no file system refuses."""
    return re.sub(r"[^\w.@+-]", "_", student).strip(".")[:120] or "unnamed"


def _grade_all(
    jobs: Sequence[Job], assignment: str, isolation: str, workers: int
) -> Iterator[tuple[int, GradeReport]]:
    if workers == 1:
        with open_worker(assignment, isolation=isolation) as worker:
            for index, job in enumerate(jobs):
                yield index, worker.grade(job)
        return
    # Spawned, not forked: a worker must not inherit what this process has imported or opened.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, open_in_process, (assignment, isolation)) as pool:
        pending: dict[Future[str], int] = {pool.submit(grade_in_process, job): index for index, job in enumerate(jobs)}
        for future in as_completed(pending):
            yield pending[future], GradeReport.model_validate_json(future.result())


def open_in_process(assignment: str, isolation: str) -> None:
    """Make this process a worker; called once in each process of a pool."""
    global _worker
    _worker = open_worker(assignment, isolation=isolation)


def grade_in_process(job: Job) -> str:
    """The JSON of a report, by the worker that this process is."""
    if _worker is None:
        raise RuntimeError("this process was not opened as a worker")
    return _worker.grade(job).model_dump_json()


def _name_student(path: Path) -> str:
    return path.name if path.is_dir() else path.name.split(".")[0]


def _to_json(report: GradeReport) -> str:
    return report.model_dump_json(indent=2) + "\n"


def _write_whole(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def _write_csv(path: Path, reports: Sequence[GradeReport]) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        todos = [todo.id for todo in reports[0].todos] if reports else []
        writer.writerow(["student", "score", "max_score", "status", *todos])
        for report in reports:
            scores = [todo.score for todo in report.todos]
            name = _neutralise(report.submission.student)
            writer.writerow([name, report.score, report.max_score, report.status, *scores])
    unfinished.replace(path)


def _neutralise(text: str) -> str:
    # A spreadsheet runs a cell that begins like a formula.
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
