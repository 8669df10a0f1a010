"""Take results over from a former report, where no test has to run to know them.

Other points are a matter of adding up, and a forbidden name is found in the text of the submission.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.classroom.gradebook import Attempt
from grader.examiner.inspector import inspect_submission
from grader.examiner.recording import read_recording
from grader.examiner.source_findings import Inspection, forbid_use, read_rules
from grader.grading.description import make_remarks
from grader.grading.scoring import charge_lateness, score_todos, total
from grader.grading.suite_fingerprint import FingerprintedTest, SuiteFingerprint, find_function
from grader.model.assignment import Assignment
from grader.model.errors import DamagedRecording
from grader.model.report import CheckResult, GradeReport
from grader.model.submission import Submission
from grader.model.verdict import Verdict
from grader.sandbox.isolation import Isolation

UNSETTLED = (Verdict.GRADER_FAULT, Verdict.PENDING)


@dataclass(frozen=True, kw_only=True)
class Repeater:
    """Repeats reports under the suite as it is now; `recordings` is the folder of the former run's recordings.

    `isolation` is that of the reader that parses their sources.
    """

    assignment: Assignment
    fingerprint: SuiteFingerprint
    suite: str
    commitment: str
    recordings: Path
    isolation: Isolation

    def repeat(self, attempt: Attempt, before: SuiteFingerprint | None) -> GradeReport | None:
        """Return the report as it is now; None where a test has to run. `before` is the suite of the attempt."""
        results = self._repeat_results(attempt, before)
        if results is None:
            return None
        todos = score_todos(self.assignment.todos, results)
        remarks = attempt.report.remarks
        # Remarks change with the verdicts only, and verdicts with the policy only, for which the recording was read.
        if [result.status for result in results] != [result.status for result in attempt.report.tests]:
            submission = read_recording(self.recordings / attempt.evidence.recording).submission
            remarks = make_remarks(self._inspect(submission), submission, results)
        graded = attempt.report.assignment.model_copy(
            update={"title": self.assignment.description.title, "suite_digest": self.suite}
        )
        repeated = attempt.report.model_copy(
            update={
                "assignment": graded,
                "score": total(todo.score for todo in todos),
                "late_penalty": 0.0,
                "max_score": total(todo.max_score for todo in todos),
                "todos": todos,
                "tests": tuple(results),
                "remarks": remarks,
                "seed_commitment": self.commitment,
            }
        )
        return charge_lateness(repeated, self.assignment.description.late)

    def keep_results(self, attempt: Attempt, before: SuiteFingerprint) -> tuple[CheckResult, ...]:
        """Return the results that still hold where the other tests run again."""
        if attempt.report.fault:
            return ()
        unchanged = self.fingerprint.find_unchanged(before)
        # Under another policy, a forbidden name of then says nothing.
        void = UNSETTLED if before.policy == self.fingerprint.policy else (*UNSETTLED, Verdict.FORBIDDEN)
        tests = attempt.report.tests
        return tuple(test for test in tests if find_function(test.id) in unchanged and test.status not in void)

    def _repeat_results(self, attempt: Attempt, before: SuiteFingerprint | None) -> Sequence[CheckResult] | None:
        report = attempt.report
        if before is None or not self.fingerprint.has_same_tests(before):
            return None
        if report.fault or not report.tests or any(test.status in UNSETTLED for test in report.tests):
            return None
        skips = self.assignment.gpu_policy == "skip"
        tests = {test.id: test for test in self.fingerprint.tests if not (skips and test.category == "gpu")}
        own = [tests.get(find_function(result.id)) for result in report.tests]
        kept = [test for test in own if test is not None]
        if len(kept) < len(own) or {test.id for test in kept} != tests.keys():
            return None  # other GPU-run tests are left out now than then
        points = self.assignment.share_points([(test.todo, test.weight) for test in kept])
        relabelled = list(map(_relabel, report.tests, kept, points))
        same_policy = before.policy == self.fingerprint.policy
        return relabelled if same_policy else self._apply_policy(attempt, relabelled)

    def _apply_policy(self, attempt: Attempt, results: Sequence[CheckResult]) -> Sequence[CheckResult] | None:
        if any(result.status is Verdict.FORBIDDEN for result in results):
            return None  # perhaps forbidden by the policy of then, so that its tests never ran
        try:
            submission = read_recording(self.recordings / attempt.evidence.recording).submission
        except DamagedRecording:
            return None
        if submission.refused:
            return results
        changes = {}
        for todo, use in self._inspect(submission).uses.items():
            outcome = forbid_use(use, submission)
            words = {"status": outcome.verdict, "message": outcome.message, "hint": outcome.hint}
            changes[todo] = {**words, "score": 0.0, "cpu_seconds": 0.0}
        return [
            result.model_copy(update=changes[result.todo]) if result.todo in changes else result for result in results
        ]

    def _inspect(self, submission: Submission) -> Inspection:
        return inspect_submission(submission, read_rules(self.assignment), self.isolation)


def _relabel(result: CheckResult, test: FingerprintedTest, points: float) -> CheckResult:
    return result.model_copy(
        update={
            "name": test.name or result.id,
            "todo": test.todo,
            "category": test.category,
            "score": points if result.status is Verdict.PASSED else 0.0,
            "max_score": points,
            "visibility": test.visibility,
        }
    )
