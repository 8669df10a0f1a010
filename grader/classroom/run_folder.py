"""The folder that a class's results go to.

Written by `batch`, read by `comparison`. The gradebook is what counts (see `store`); the reports and the summary are
copies for whoever does not ask a database, and every file is there whole or not at all.
"""

import fcntl
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.examiner.recording import name_recording
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.reporting.files import UNFINISHED, simplify_name, stage_file
from grader.reporting.safe_text import Cell, format_table


@dataclass(frozen=True)
class RunFolder:
    """RUN/ with reports/, recordings/, summary.json and summary.csv."""

    folder: Path

    @property
    def reports(self) -> Path:
        """Where each student's report lies."""
        return self.folder / "reports"

    @property
    def recordings(self) -> Path:
        """Where what submissions answered lies, each file named by the digest of its bytes."""
        return self.folder / "recordings"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keep the folder to ourselves. Raises UsageError where it cannot be written or another grader has it."""
        with _explain_refusal(self.folder):
            self.reports.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".lock").open("a")
        with lock:  # the kernel unlocks it when this process ends, however it ends
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UsageError(
                    f"another grader is writing to {str(self.folder)!r}: wait for it, or choose another folder with -o"
                ) from error
            self._remove_unfinished()
            yield

    def check_assignment(self, name: str) -> None:
        """Raises UsageError where the folder holds the run of another assignment, which this one would overwrite."""
        for path in self.reports.glob("*.json"):
            try:
                held = _read_part(path, "assignment", "name")
            except UsageError:
                continue  # a damaged report says nothing of the others, and is about to be written anew
            if held != name:
                raise UsageError(f"{str(self.folder)!r} holds a run of {held!r}: choose another folder with -o")
            return

    @contextmanager
    def stage_report(self, report: GradeReport) -> Iterator[None]:
        """Have a student's report written, and put it in its place once the block has succeeded."""
        with _explain_refusal(self.folder), stage_file(self._locate(report.submission.student), _to_json(report)):
            yield

    @contextmanager
    def stage_reports(self, reports: Sequence[GradeReport]) -> Iterator[None]:
        """The same for several students at once."""
        with ExitStack() as stack:
            for report in reports:
                stack.enter_context(self.stage_report(report))
            yield

    def keep_recording(self, data: bytes) -> str:
        """Write a recording, once. Its name; none where there is nothing to write."""
        if not data:
            return ""
        path = self.recordings / name_recording(data)
        with _explain_refusal(self.folder):
            if not path.exists():
                self.recordings.mkdir(exist_ok=True)
                with stage_file(path, data):
                    pass
        return path.name

    def adopt_recording(self, path: Path) -> str:
        """Have a recording of another run here as well, sound or not: whoever reads it will see. Its name."""
        copy = self.recordings / path.name
        with _explain_refusal(self.folder):
            if path.is_file() and not copy.exists():
                self.recordings.mkdir(exist_ok=True)
                with stage_file(copy, path.read_bytes()):
                    pass
        return path.name

    def list_students(self) -> list[str]:
        """Everybody who has a report, by the names of the files. Raises UsageError where this is no run."""
        paths = sorted(path for path in self.reports.glob("*.json") if not path.name.startswith("."))
        if not paths:
            raise UsageError(f"no reports in {str(self.reports)!r}: pass the folder that `grader batch -o` wrote")
        return [_read_part(path, "submission", "student") for path in paths]

    def holds(self, report: GradeReport) -> bool:
        """Whether just this report is in its place."""
        path = self._locate(report.submission.student)
        with _explain_refusal(self.folder):
            return path.exists() and path.read_bytes() == _to_json(report)

    def write_summary(self, reports: Sequence[GradeReport], left: Sequence[str] = (), entries: object = None) -> None:
        """Write summary.json and summary.csv. `entries` says what became of each entry of the class folder."""
        summary = {**summarise(reports, left), "entries": entries}
        text = json.dumps(summary, indent=2, ensure_ascii=False) + "\n"
        with _explain_refusal(self.folder):
            for name, data in (("summary.json", text.encode()), ("summary.csv", _to_csv(reports).encode())):
                with stage_file(self.folder / name, data):
                    pass

    def read_entries(self) -> object:
        """Return what became of the entries, as the last summary has it; none where there is no whole summary."""
        try:
            summary = json.loads((self.folder / "summary.json").read_bytes())
        except (OSError, ValueError):
            return None
        return summary.get("entries") if isinstance(summary, dict) else None

    def _locate(self, student: str) -> Path:
        return self.reports / f"{make_file_name(student)}.json"

    def _remove_unfinished(self) -> None:
        # What a process that was killed had begun to write.
        with _explain_refusal(self.folder):
            for folder in (self.folder, self.reports, self.recordings):
                for path in folder.glob(f".*{UNFINISHED}"):
                    path.unlink()


def summarise(reports: Sequence[GradeReport], left: Sequence[str] = ()) -> dict[str, object]:
    """What a class looks like: counts, and whom to look at. Where the grader failed there is no score."""
    scores = [report.score for report in reports if report.status != "grader_fault"]
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
                "score": _read_score(report),
                "status": report.status,
                "late_penalty": report.late_penalty,
            }
            for report in reports
        ],
    }


def make_file_name(student: str) -> str:
    """A student's name as a file name that no file system refuses and that no other student has."""
    safe = simplify_name(student)
    if safe and safe == student:
        return safe
    return f"{safe or 'unnamed'}-{hashlib.sha256(student.encode()).hexdigest()[:8]}"


def _read_part(path: Path, part: str, field: str) -> str:
    try:
        return str(json.loads(path.read_bytes())[part][field])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{str(path)!r} cannot be read as a report: {error}; grade that submission again") from error


def _read_score(report: GradeReport) -> float | None:
    return None if report.status == "grader_fault" else report.score


def _to_json(report: GradeReport) -> bytes:
    return (report.model_dump_json(indent=2) + "\n").encode()


def _to_csv(reports: Sequence[GradeReport]) -> str:
    todos = [todo.id for todo in reports[0].todos] if reports else []
    rows: list[Sequence[Cell]] = [["student", "score", "max_score", "status", "late_penalty", "refused", *todos]]
    for report in reports:
        scores = [todo.score for todo in report.todos] if report.status != "grader_fault" else []
        student, refused = report.submission.student, report.submission.refused
        status = [report.max_score, report.status, report.late_penalty, refused]
        rows.append([student, _read_score(report), *status, *scores])
    return format_table(rows)


@contextmanager
def _explain_refusal(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{str(folder)!r} cannot be written: {error.strerror or error}; choose a folder that you may write to and "
            "that has room, or free some and run the same command again: what was graded is kept"
        ) from error
