"""Judge a class again from what was recorded of it: by changed tests, points or policies, and without student code.

What did not change is not run: a result is taken over where its test is still what it was (see `outline`), so that
other points are a matter of adding up. A test that did change is run by a worker over the recorded replies (see
`examiner.replay`). What was not recorded is graded anew, as `grader batch` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.classroom.batch import Batch, GradedClass, OnReport, Submitter, notice_interrupt, read_conditions
from grader.classroom.gradebook import FILE_NAME, Attempt, Evidence, Gradebook, locate_gradebook, open_gradebook
from grader.classroom.local_executor import TaskResult, open_rejudging
from grader.classroom.run_folder import RunFolder, make_file_name
from grader.classroom.worker_count import choose_worker_count
from grader.examiner.forbidden_names import find_forbidden, forbid_use
from grader.examiner.recording import read_recording
from grader.examiner.review_flags import find_suspicions
from grader.grading.cache_key import CacheKey
from grader.grading.scoring import charge_lateness, score_todos, total
from grader.grading.suite_fingerprint import (
    FingerprintedTest,
    SuiteFingerprint,
    find_function,
    fingerprint_suite,
    load_fingerprint,
)
from grader.grading.worker import Job
from grader.model.course import Course, commit_to
from grader.model.devices import recall_choice
from grader.model.digests import digest_environment
from grader.model.errors import DamagedRecording, UsageError
from grader.model.report import CheckResult, GradeReport, check_points
from grader.model.verdict import Outcome, Verdict
from grader.reporting.published import read_report

# What needs no worker is kept so many at a time: a disk takes as long to be sure of one.
TOGETHER = 100
UNSETTLED = (Verdict.GRADER_FAULT, Verdict.PENDING)


@dataclass(frozen=True)
class RejudgeOptions:
    """How a class is to be judged again."""

    course: Course
    jobs: int | None = None
    store: str | None = None
    force: bool = False


@dataclass(kw_only=True)
class Rejudging(Batch):
    """A class whose last attempts are judged again; `former` and `source` are where those are."""

    former: Gradebook
    source: RunFolder
    now: SuiteFingerprint
    commitment: str
    outlines: dict[str, SuiteFingerprint | None] = field(default_factory=dict)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    repeated: dict[int, Attempt] = field(default_factory=dict)
    anew: list[str] = field(default_factory=list)

    def _enter(self, index: int, job: Job) -> None:
        attempt = self.former.find_latest_attempt(job.student, self.assignment.name)
        if attempt is None:
            raise UsageError(
                f"no attempt of {job.student!r} in the gradebook: pass --store where the class was graded with it, or "
                "grade the class again with `grader batch`"
            )
        self.attempts[index] = attempt
        label = attempt.report.submission
        job = Job(Path(attempt.evidence.path), job.student, label.submitted_at, label.extension_days)
        key = CacheKey(attempt.key.submission, self.conditions.suite, digest_environment(self.conditions.environment))
        self._look_up(Submitter(index, job, label), key)
        self.attempts.pop(index)

    def _judge(self, entrant: Submitter, key: CacheKey) -> None:
        attempt = self.attempts[entrant.index]
        results = self._repeat_results(attempt)
        if results is not None:
            self._repeat(entrant, key, attempt, results)
            return
        job = self._prepare(entrant.job, attempt)
        if job.recording is None and not (attempt.evidence.path and job.path.exists()):
            self._leave(entrant.index, attempt.report)
            return
        if job.recording is None:
            self.anew.append(job.student)
        super()._judge(replace(entrant, job=job), key)

    def _conclude(self, jobs: Sequence[Job]) -> GradedClass:
        self._flush()
        if self.anew:
            names = ", ".join(self.anew[:10]) + (", ..." if len(self.anew) > 10 else "")
            self.attention.append(
                f"{len(self.anew)} graded anew, since nothing was recorded of them, or under other conditions: {names}"
            )
        return super()._conclude(jobs)

    def _repeat_results(self, attempt: Attempt) -> Sequence[CheckResult] | None:
        """Every result as it is now, where no test has to run to know it."""
        before, results = self._find_outline(attempt.evidence.outline), attempt.report.tests
        if before is None or not self.now.has_same_tests(before) or not _is_settled(attempt.report):
            return None
        if self.assignment.gpu_policy == "skip":
            return None  # a worker knows what the other tests are worth instead
        tests = {test.id: test for test in self.now.tests}
        relabelled = [_relabel(result, tests[find_function(result.id)]) for result in results]
        return relabelled if before.policy == self.now.policy else self._apply_policy(attempt, relabelled)

    def _apply_policy(self, attempt: Attempt, results: Sequence[CheckResult]) -> Sequence[CheckResult] | None:
        if any(result.status is Verdict.FORBIDDEN for result in results):
            return None  # perhaps by the policy of then, so that its tests never ran
        try:
            submission = read_recording(self.source.recordings / attempt.evidence.recording).submission
        except DamagedRecording:
            return None
        if submission.refused:
            return results
        uses = find_forbidden(submission.source, self.assignment.todos)
        outcomes = {todo: forbid_use(use, submission) for todo, use in uses.items()}
        return [_settle(result, outcomes[result.todo]) if result.todo in outcomes else result for result in results]

    def _repeat(self, entrant: Submitter, key: CacheKey, attempt: Attempt, results: Sequence[CheckResult]) -> None:
        check_points(self.assignment, results)
        todos = score_todos(self.assignment.todos, results)
        graded = attempt.report.assignment
        repeated = attempt.report.model_copy(
            update={
                "assignment": graded.model_copy(
                    update={"title": self.assignment.description.title, "suite_digest": self.conditions.suite}
                ),
                "score": total(todo.score for todo in todos),
                "late_penalty": 0.0,
                "max_score": total(todo.max_score for todo in todos),
                "todos": todos,
                "tests": tuple(results),
                "remarks": self._renew_remarks(attempt, results),
                "seed_commitment": self.commitment,
            }
        )
        report = charge_lateness(repeated, self.assignment.description.late)
        recording = self._adopt(attempt.evidence.recording)
        self.repeated[entrant.index] = Attempt(key, report, Evidence(attempt.evidence.path, recording, self.outline))
        if len(self.repeated) >= TOGETHER:
            self._flush()

    def _renew_remarks(self, attempt: Attempt, results: Sequence[CheckResult]) -> tuple[str, ...]:
        # They change with the verdicts only, and those with the policy only, for which the recording was read.
        if [result.status for result in results] == [result.status for result in attempt.report.tests]:
            return attempt.report.remarks
        submission = read_recording(self.source.recordings / attempt.evidence.recording).submission
        return find_suspicions(submission, results)

    def _flush(self) -> None:
        """Keep what needed no worker, and only then tell of it."""
        kept, self.repeated = self.repeated, {}
        if not kept:
            return
        with self.run.stage_reports([attempt.report for attempt in kept.values()]):
            self.store.add_all(list(kept.values()))
        for index, attempt in kept.items():
            self._tell(index, attempt.report)

    def _prepare(self, job: Job, attempt: Attempt) -> Job:
        """With the recording and the results that still hold; with neither where replies would be others today."""
        before = self._find_outline(attempt.evidence.outline)
        if before is None or before.conditions != self.now.conditions or not attempt.evidence.recording:
            return job
        unchanged = self.now.find_unchanged(before)
        void = UNSETTLED if before.policy == self.now.policy else (*UNSETTLED, Verdict.FORBIDDEN)
        results = () if attempt.report.fault else attempt.report.tests
        kept = tuple(item for item in results if find_function(item.id) in unchanged and item.status not in void)
        return replace(job, recording=self.source.recordings / attempt.evidence.recording, kept=kept)

    def _leave(self, index: int, report: GradeReport) -> None:
        student = report.submission.student
        self.attention.append(
            f"{student}: not judged again: neither a recording that counts nor what was handed in is there; "
            "grade the class again with `grader batch`"
        )
        self._tell(index, report)

    def _find_trouble(self, key: CacheKey, report: GradeReport) -> str:
        # Where a recording could not be used, the files were read again, and they may be others by now.
        expected = self.cases[key].entrants[0].label
        if (report.submission.id, report.submission.files) != (expected.id, expected.files):
            return "what was handed in has changed since: grade the class again with `grader batch`"
        return super()._find_trouble(key, report)

    def _keep_recording(self, answer: TaskResult) -> str:
        former = answer.task.job.recording
        if answer.recording or former is None or answer.note:
            return super()._keep_recording(answer)
        return self._adopt(former.name)

    def _adopt(self, recording: str) -> str:
        if not recording or self.run.recordings == self.source.recordings:
            return recording
        return self.run.adopt_recording(self.source.recordings / recording)

    def _find_outline(self, digest: str) -> SuiteFingerprint | None:
        if digest not in self.outlines:
            text = self.former.find_outline(digest)
            self.outlines[digest] = load_fingerprint(text) if text else None
        return self.outlines[digest]


def rejudge_run(source: RunFolder, target: RunFolder, order: RejudgeOptions, tell: OnReport) -> GradedClass:
    """Judge the class of one run again, into the same folder or another. Raises UsageError or GraderFault."""
    students = source.list_students()
    first = read_report(source.reports / f"{make_file_name(students[0])}.json")
    assignment = order.course.load_assignment(first.assignment.name)
    isolation = first.environment.isolation
    device = recall_choice(first.environment.device)
    conditions = read_conditions(assignment, isolation, device)
    commitment = commit_to(order.course.load_secret())
    now = fingerprint_suite(assignment, conditions.environment, commitment)
    workers = choose_worker_count(len(students), assignment, wanted=order.jobs, device=device)
    with (
        notice_interrupt() as interrupted,
        target.open(),
        _open_former(source, order) as former,
        open_gradebook(order.store or locate_gradebook(target.folder)) as store,
        open_rejudging(assignment, isolation, workers, device=device) as executor,
    ):
        return Rejudging(
            assignment=assignment,
            conditions=conditions,
            executor=executor,
            run=target,
            store=store,
            tell=tell,
            interrupted=interrupted,
            force=order.force,
            outline=store.add_outline(now.dump()),
            former=former,
            source=source,
            now=now,
            commitment=commitment,
            former_entries=source.read_entries(),
        ).grade([Job(Path(), student=student) for student in students])


def _open_former(source: RunFolder, order: RejudgeOptions) -> Gradebook:
    if not order.store and not (source.folder / FILE_NAME).is_file():
        raise UsageError(f"no gradebook in {str(source.folder)!r}: pass --store where the class was graded with it")
    return open_gradebook(order.store or locate_gradebook(source.folder))


def _is_settled(report: GradeReport) -> bool:
    return not report.fault and bool(report.tests) and all(test.status not in UNSETTLED for test in report.tests)


def _relabel(result: CheckResult, test: FingerprintedTest) -> CheckResult:
    return result.model_copy(
        update={
            "name": test.name or result.id,
            "todo": test.todo,
            "category": test.category,
            "score": test.points if result.status is Verdict.PASSED else 0.0,
            "max_score": test.points,
            "visibility": test.visibility,
        }
    )


def _settle(result: CheckResult, outcome: Outcome) -> CheckResult:
    words = {"status": outcome.verdict, "message": outcome.message, "hint": outcome.hint}
    return result.model_copy(update={**words, "score": 0.0, "cpu_seconds": 0.0})
