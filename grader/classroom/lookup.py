"""One student's report, by its own file or by the run that it is part of.

What is read here is whole: who shows it to a student redacts it first.
"""

from difflib import get_close_matches
from pathlib import Path

from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.reporting.published import read_report, read_reports


def find_report(path: Path, student: str = "") -> GradeReport:
    """The report in a file, or that of `student` in a run. Raises UsageError where there is none."""
    if not path.is_dir():
        report = read_report(path)
        if student and report.submission.student != student:
            raise UsageError(f"{str(path)!r} is the report of {report.submission.student!r}, not of {student!r}")
        return report
    reports = {report.submission.student: report for report in read_reports(path)}
    if student in reports:
        return reports[student]
    near = get_close_matches(student, reports, n=5) or sorted(reports)[:5]
    raise UsageError(f"no report of {student!r} in {str(path)!r}: there is {', '.join(map(repr, near))}")
