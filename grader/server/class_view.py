"""The class as staff see it: its reports, read from the run's folder and kept until a file changes.

The files are what `grader batch`, `rejudge` and `adjust` write, too, so that a page shows what the command line did.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from grader.classroom.run_folder import RunFolder, read_report
from grader.model.errors import UsageError
from grader.model.report import GradeReport


@dataclass
class ClassView:
    """The published reports of one run, by student."""

    run: RunFolder
    _known: dict[Path, tuple[tuple[int, int], GradeReport]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read_reports(self) -> dict[str, GradeReport]:
        """Return every report by student; a damaged one is left out until it is written again."""
        with self._lock:
            fresh = {}
            for path in self.run.reports.glob("*.json"):
                if not path.name.startswith("."):
                    fresh[path] = self._read(path)
            self._known = {path: entry for path, entry in fresh.items() if entry is not None}
            reports = [report for _, report in self._known.values()]
        return {report.submission.student: report for report in reports}

    def _read(self, path: Path) -> tuple[tuple[int, int], GradeReport] | None:
        try:
            status = path.stat()
            mark = (status.st_mtime_ns, status.st_size)
            known = self._known.get(path)
            # Without tests and code: the classes of a whole course must fit into memory.
            short = {"tests": (), "code": ()}
            return known if known and known[0] == mark else (mark, read_report(path).model_copy(update=short))
        except (OSError, UsageError):
            return None  # written or removed at this moment
