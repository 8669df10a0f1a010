"""RUN: the folder that a class's results go to. Only this module knows what lies where in it.

The class is that of the last batch. Reports of everyone else, such as students who have left, are set aside: nothing
but a person reads them there.

The gradebook is authoritative (see `gradebook`). The reports and the summary are copies for people and programs that
do not read a database. Every file is there whole or not at all.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from grader.classroom.students import find_student
from grader.examiner.recording import name_recording
from grader.model.errors import UsageError
from grader.model.report import GradedSubmission, GradeReport
from grader.reporting.files import lock_file, make_file_name, remove_unfinished, stage_bytes
from grader.reporting.safe_text import Cell, format_table

# A recording is written in less time.
ABANDONED_SECONDS = 60.0


@dataclass(frozen=True)
class RunFolder:
    """RUN/ with reports/, recordings/, set_aside/, summary.json, summary.csv, gradebook.db, push.jsonl and a lock.

    `outside` holds students who are not of the class: their reports are written to set_aside/.
    """

    folder: Path
    outside: frozenset[str] = frozenset()

    @property
    def reports(self) -> Path:
        """Return the folder with a report for each student."""
        return self.folder / "reports"

    @property
    def aside(self) -> Path:
        """Return the folder with the reports of students who are not, or not any more, in the class."""
        return self.folder / "set_aside"

    @property
    def recordings(self) -> Path:
        """Return the folder of the recorded replies; each file is named by the digest of its bytes."""
        return self.folder / "recordings"

    @property
    def gradebook(self) -> Path:
        """Return the gradebook's file, which is not there where the class is kept in another database."""
        return self.folder / "gradebook.db"

    @property
    def push_log(self) -> Path:
        """Return the log of the scores that were sent to a platform."""
        return self.folder / "push.jsonl"

    @property
    def summary(self) -> Path:
        """Return the summary for programs; the one for people lies beside it."""
        return self.folder / "summary.json"

    @contextmanager
    def open(self, patience: float = 0.0) -> Iterator[None]:
        """Lock the folder for this process, and remove what a process that was killed had not finished.

        Raises UsageError as `lock` does.
        """
        with self.lock(patience):
            with _explain_refusal(self.folder):
                for folder in (self.folder, self.reports, self.aside):
                    remove_unfinished(folder)
                # A service writes recordings without the lock: a fresh file may be one that it is writing.
                remove_unfinished(self.recordings, older_than=ABANDONED_SECONDS)
            yield

    @contextmanager
    def lock(self, patience: float = 0.0) -> Iterator[None]:
        """Lock the folder for this process, however many files it holds.

        Raises UsageError where it cannot be written or another grader has it. Waits up to `patience` seconds for the
        other grader.
        """
        with _explain_refusal(self.folder):
            self.reports.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("a")
        with lock:
            lock_file(
                lock,
                f"another grader is writing to {str(self.folder)!r}: wait for it, or choose another folder with -o",
                patience,
            )
            yield

    def check_assignment(self, name: str) -> None:
        """Raise UsageError where the folder holds the run of another assignment, which this one would overwrite."""
        for path in _find_reports(self.reports):
            try:
                held = read_report(path).assignment.name
            except UsageError:
                continue  # a damaged report says nothing about the others, and will be written again
            if held != name:
                raise UsageError(f"{str(self.folder)!r} holds a run of {held!r}: choose another folder with -o")
            return

    def list_reports(self) -> list[Path]:
        """Return the files of the reports, by name. Raises UsageError where there are none."""
        paths = _find_reports(self.reports)
        if not paths:
            raise UsageError(f"no reports in {str(self.reports)!r}: pass the folder that `grader batch -o` wrote")
        return paths

    def read_reports(self) -> list[GradeReport]:
        """Return every report. Raises UsageError where there are none, or where one is damaged."""
        return [read_report(path) for path in self.list_reports()]

    def list_students(self) -> list[str]:
        """Return everyone who has a report. Raises UsageError where there are none, or where one is damaged."""
        return [read_report(path).submission.student for path in self.list_reports()]

    def find_report(self, student: str) -> GradeReport:
        """Return the report of the student with this id or name, unredacted. Raises UsageError where it fits several
        or none."""
        reports = {report.submission.student: report for report in self.read_reports()}
        return reports[find_student(student, {key: report.submission.name for key, report in reports.items()})]

    def limit_to(self, students: Iterable[str]) -> list[GradedSubmission]:
        """Set the reports of everyone else aside, bring those of these students back, and return who was set aside."""
        members = {f"{make_file_name(student)}.json" for student in students}
        leaving = [path for path in _find_reports(self.reports) if path.name not in members]
        with _explain_refusal(self.folder):
            self.aside.mkdir(exist_ok=True)
            for path in leaving:
                path.replace(self.aside / path.name)
            for path in _find_reports(self.aside):
                if path.name in members:
                    path.replace(self.reports / path.name)
        gone = self.list_aside()
        return [gone[path.name] for path in leaving]

    def list_aside(self) -> dict[str, GradedSubmission]:
        """Return whose reports are set aside, by the file; a damaged report says nothing but its file's name."""
        found = {}
        for path in _find_reports(self.aside):
            if (self.reports / path.name).exists():
                continue  # the student has handed in again since, one by one
            try:
                found[path.name] = read_report(path).submission
            except UsageError:
                found[path.name] = GradedSubmission(id="", student=path.stem, files=())
        return found

    @contextmanager
    def stage_report(self, report: GradeReport) -> Iterator[None]:
        """Write a student's report, and put it in its place once the block has succeeded."""
        place = self._locate(report.submission.student)
        with _explain_refusal(self.folder):
            place.parent.mkdir(exist_ok=True)
            with stage_bytes(place, _to_json(report)):
                yield

    @contextmanager
    def stage_reports(self, reports: Sequence[GradeReport]) -> Iterator[None]:
        """Write several reports, and put all of them in their places once the block has succeeded."""
        with ExitStack() as stack:
            for report in reports:
                stack.enter_context(self.stage_report(report))
            yield

    def keep_recording(self, data: bytes) -> str:
        """Write a recording, once, and return its name; empty where there is nothing to write."""
        if not data:
            return ""
        path = self.recordings / name_recording(data)
        with _explain_refusal(self.folder):
            if not path.exists():
                self._write(path, data)
        return path.name

    def adopt_recording(self, path: Path) -> str:
        """Copy another run's recording and return its name. Whether it is sound is found out where it is read."""
        copy = self.recordings / path.name
        with _explain_refusal(self.folder):
            if path.is_file() and not copy.exists():
                self._write(copy, path.read_bytes())
        return path.name

    def holds(self, report: GradeReport) -> bool:
        """Tell whether exactly this report is in its place."""
        path = self._locate(report.submission.student)
        with _explain_refusal(self.folder):
            return path.exists() and path.read_bytes() == _to_json(report)

    def write_summary(self, reports: Sequence[GradeReport], left: Sequence[str] = (), entries: object = None) -> None:
        """Write summary.json and summary.csv. `entries` says what became of each entry of the class folder."""
        summary = {
            **summarise(reports, left),
            "set_aside": [each.student for each in self.list_aside().values()],
            "entries": entries,
        }
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        todos = [todo.id for todo in reports[0].todos] if reports else []
        rows: list[Sequence[Cell]] = [
            ["student", "name", "score", "max_score", "status", "late_penalty", "refused", *todos]
        ]
        for report in reports:
            scores = [todo.score for todo in report.todos] if report.status != "grader_fault" else []
            submission = report.submission
            status = [report.max_score, report.status, report.late_penalty, submission.refused]
            rows.append([submission.student, submission.name, report.final_score, *status, *scores])
        with _explain_refusal(self.folder):
            self._write(self.summary, text.encode())
            self._write(self.summary.with_suffix(".csv"), format_table(rows).encode())

    def renew_summary(self) -> None:
        """Write the summary again from the reports, in the order that the last summary has."""
        reports = {report.submission.student: report for report in self.read_reports()}
        summary = self._read_summary()
        order = [entry["student"] for entry in summary.get("students", []) if entry.get("student") in reports]
        ordered = [reports[student] for student in dict.fromkeys([*order, *sorted(reports)])]
        self.write_summary(ordered, summary.get("left", []), summary.get("entries"))

    def read_entries(self) -> object:
        """Return what became of the entries, as the last summary has it; none where there is no whole summary."""
        return self._read_summary().get("entries")

    def _read_summary(self) -> dict[str, Any]:
        try:
            summary = json.loads(self.summary.read_bytes())
        except (OSError, ValueError):
            return {}
        return summary if isinstance(summary, dict) else {}

    def _locate(self, student: str) -> Path:
        folder = self.aside if student in self.outside else self.reports
        return folder / f"{make_file_name(student)}.json"

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        with stage_bytes(path, data):
            pass


def summarise(reports: Sequence[GradeReport], left: Sequence[str] = ()) -> dict[str, object]:
    """Return what a class looks like: counts, and the students that the staff should look at."""
    scores = [report.final_score for report in reports if report.final_score is not None]
    verdicts = Counter(todo.status.value for report in reports for todo in report.todos)
    return {
        "assignment": reports[0].assignment.model_dump() if reports else None,
        "graded": len(reports),
        "mean_score": round(sum(scores) / len(scores), 2) if scores else None,
        "verdicts": dict(sorted(verdicts.items())),
        "attention": [
            report.submission.student for report in reports if report.status == "grader_fault" or report.remarks
        ],
        "left": list(left),
        "students": [
            {
                "student": report.submission.student,
                "name": report.submission.name,
                "score": report.final_score,
                "status": report.status,
                "late_penalty": report.late_penalty,
            }
            for report in reports
        ],
    }


def read_report(path: Path) -> GradeReport:
    """Return the report in one JSON file, unredacted. Raises UsageError where it is missing or damaged."""
    try:
        return GradeReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        cause = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error.strerror or error
        raise UsageError(f"{str(path)!r} cannot be read as a report: {cause}; grade that submission again") from error


def find_report(path: Path, student: str = "") -> GradeReport:
    """Return the report in a file, or that of `student` in a run. Raises UsageError where there is none."""
    if path.is_dir():
        return RunFolder(path).find_report(student)
    report = read_report(path)
    if student and report.submission.student != student:
        raise UsageError(f"{str(path)!r} is the report of {report.submission.student!r}, not of {student!r}")
    return report


def _find_reports(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.json") if not path.name.startswith("."))


def _to_json(report: GradeReport) -> bytes:
    return (report.model_dump_json(indent=2) + "\n").encode()


@contextmanager
def _explain_refusal(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{str(folder)!r} cannot be written: {error.strerror or error}; choose a folder that you may write to and "
            "that has room, or free some and run the same command again: what was graded is kept"
        ) from error
