"""Have workers grade submissions: each distinct one once, and again elsewhere where a worker failed at it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from grader.classroom.executor import Executor, Task, TaskResult
from grader.classroom.source import ClassEntry, Source
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.model.report import GradeReport

RETRIES = 2
# A job that a worker did not finish by its deadline may well hang again, and each try takes as long.
RETRIES_OF_STUCK = 1


@dataclass
class PendingResult:
    """A pending result, shared by every student who submitted the same code, and the workers that failed at it."""

    entries: list[ClassEntry]
    failed: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Finished:
    """The final result of some entries, the name of its recording, and a note for the staff."""

    entries: list[ClassEntry]
    report: GradeReport
    recording: str = ""
    note: str = ""


@dataclass(kw_only=True)
class WorkQueue:
    """The submissions that workers are at."""

    executor: Executor
    source: Source
    make_fault: Callable[[Job, str], GradeReport]
    interrupted: Event
    _pending: dict[CacheKey, PendingResult] = field(default_factory=dict)
    _sound_workers: set[str] = field(default_factory=set)

    def __contains__(self, key: CacheKey) -> bool:
        return key in self._pending

    def __len__(self) -> int:
        return len(self._pending)

    def count_room(self) -> int:
        """Return how many more submissions would be started soon."""
        return self.executor.count_room()

    def submit(self, entry: ClassEntry) -> None:
        """Have an entry graded, or wait for the result of another one with the same code."""
        if entry.key in self._pending:
            self._pending[entry.key].entries.append(entry)
        else:
            self._pending[entry.key] = PendingResult([entry])
            self.executor.submit(Task(entry.key, entry.job))

    def collect(self, seconds: float | None = None) -> list[Finished]:
        """Wait for workers, at most so many seconds, and return the results that are final."""
        finished = []
        for result in self.executor.collect(seconds):
            if (done := self._settle(result)) is not None:
                finished.append(done)
        return finished

    def _settle(self, result: TaskResult) -> Finished | None:
        key = result.task.key
        graded = result.graded
        report = GradeReport.model_validate_json(graded.text) if graded else None
        note = graded.note if graded else ""
        trouble = result.trouble
        if report:
            trouble = self.source.find_trouble(self._pending[key].entries[0], result, report)
        if report and not trouble:
            self._sound_workers.add(result.worker)
            return Finished(self._pending.pop(key).entries, report, self.source.keep_recording(result), note)
        if report and report.fault and result.worker in self._sound_workers:
            # Its zygote is gone, say. A worker that never was sound is kept: another would do no better.
            self.executor.replace(result.worker)
        fault = report if report and report.status == "grader_fault" else self.make_fault(result.task.job, trouble)
        return self._try_again(result, fault, note)

    def _try_again(self, result: TaskResult, fault: GradeReport, note: str) -> Finished | None:
        key = result.task.key
        pending = self._pending[key]
        pending.failed.append(result.worker)
        if len(pending.failed) > (RETRIES_OF_STUCK if result.is_stuck else RETRIES):
            del self._pending[key]
            return Finished(pending.entries, fault, note=note)
        if self.interrupted.is_set():
            del self._pending[key]
        else:
            self.executor.submit(Task(key, result.task.job, frozenset(pending.failed)))
        return None
