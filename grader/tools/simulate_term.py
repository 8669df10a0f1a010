"""Send a term's submissions through a simulated cluster: what do the queue, the gradebook and the summaries cost?

`python -m grader.tools.simulate_term RUN --submissions 100000 --workers 40`

RUN is a class that was graded. The workers are simulated: each takes as long as a report of RUN says, and hands out
that report. All that the host does is real: the queue, the gradebook, the files and the summaries. The clock counts the
host's CPU time, so that other work on the machine changes nothing, and skips what the host would wait for workers.
"""

import argparse
import heapq
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Event

from grader.classroom.batch import BatchRun
from grader.classroom.executor import DEPTH, GradedJob, Task, TaskResult
from grader.classroom.gradebook import Gradebook, open_gradebook
from grader.classroom.live import PATIENCE, LiveKeeper
from grader.classroom.read_ahead import AHEAD, SIDE_BY_SIDE
from grader.classroom.retry import WorkQueue
from grader.classroom.run_folder import RunFolder
from grader.classroom.source import ClassEntry
from grader.classroom.statistics import describe_class
from grader.classroom.time_to_solve import read_attempts
from grader.grading.cache_key import CacheKey
from grader.grading.job import Job
from grader.model.assignment import Assignment
from grader.model.course import find_course
from grader.model.report import GradedSubmission, GradeReport
from grader.server.class_view import ClassView
from grader.server.queue import SubmissionQueue, Upload, make_id
from grader.server.service import HOUSEKEEPING_SECONDS, SUMMARY_ROUNDS
from grader.server.settings import DataFolder
from grader.server.store import open_store

# What reading a submission behind the wall takes: see grader/docs/performance.md.
READ_SECONDS = 0.02
PARTS = ("add", "claim", "keep", "finish", "summary")


@dataclass
class Clock:
    """The host's CPU time, with the time that was skipped."""

    skipped: float = 0.0

    def read(self) -> float:
        """Return the time in seconds."""
        return time.process_time() + self.skipped

    def skip_to(self, moment: float) -> None:
        """Go on at that moment, if it is still to come."""
        self.skipped += max(0.0, moment - self.read())


@dataclass
class Costs:
    """The host's seconds by part, and the simulated workers' seconds."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))
    worker_seconds: float = 0.0

    @contextmanager
    def measure(self, part: str) -> Iterator[None]:
        """Add what the block takes."""
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds[part] += time.process_time() - began


@dataclass(frozen=True)
class RecordedClass:
    """The reports of a graded class, as workers send them, and the recordings beside them."""

    assignment: Assignment
    texts: tuple[str, ...]
    seconds: tuple[float, ...]
    recordings: tuple[bytes, ...]


class SimulatedCluster:
    """An executor whose workers take as long as was recorded."""

    def __init__(self, recorded: RecordedClass, workers: int, clock: Clock, costs: Costs) -> None:
        self.recorded, self.workers, self.clock, self.costs = recorded, workers, clock, costs
        self.free_at = [(0.0, f"worker {number}") for number in range(workers)]
        self.running: list[tuple[float, int, TaskResult]] = []
        self.submitted = 0
        self.draw = random.Random(0)

    def count_room(self) -> int:
        """Return how many more tasks there can be until every worker has one in reserve."""
        return max(DEPTH * self.workers - len(self.running), 0)

    def submit(self, task: Task) -> None:
        """Pass a task to the worker that is free first."""
        free, worker = heapq.heappop(self.free_at)
        number = self.draw.randrange(len(self.recorded.texts))
        seconds = self.recorded.seconds[number]
        end = max(free, self.clock.read()) + seconds
        heapq.heappush(self.free_at, (end, worker))
        self.costs.worker_seconds += seconds
        self.submitted += 1
        # Each recording is another one, as those of different students are.
        recording = b"%s%d" % (self.recorded.recordings[number % len(self.recorded.recordings)], self.submitted)
        result = TaskResult(task, worker, GradedJob(self.recorded.texts[number], recording))
        heapq.heappush(self.running, (end, self.submitted, result))

    def collect(self, seconds: float | None = None) -> list[TaskResult]:
        """Return the results that are there, or skip the time until the first one is."""
        if self.running:
            self.clock.skip_to(self.running[0][0])
        results = []
        while self.running and self.running[0][0] <= self.clock.read():
            results.append(heapq.heappop(self.running)[2])
        return results

    def replace(self, worker: str) -> None:
        """Do nothing: no simulated worker breaks."""

    def close(self) -> None:
        """Do nothing: there is no process to end."""


@dataclass(frozen=True)
class SimulatedSource:
    """Submissions that are all different, and whose reading takes as long as was measured."""

    run: RunFolder
    clock: Clock
    readers_free_at: list[float] = field(default_factory=lambda: [0.0] * SIDE_BY_SIDE)
    read_at: dict[int, float] = field(default_factory=dict)

    def expect(self, index: int, job: Job) -> None:
        """Pass an entry to the reader that is free first."""
        end = max(self.readers_free_at[0], self.clock.read()) + READ_SECONDS
        heapq.heapreplace(self.readers_free_at, end)
        self.read_at[index] = end

    def identify(self, index: int, job: Job) -> ClassEntry:
        """Skip the time until an entry is read, and return it with a key of its own."""
        self.clock.skip_to(self.read_at.pop(index))
        digest = sha256(job.entry.encode()).hexdigest()
        label = GradedSubmission(id=digest, student=job.student, files=(), submitted_at=job.submitted_at)
        return ClassEntry(index, job, label, CacheKey(digest, "s" * 64, "e" * 64))

    def prepare(self, entry: ClassEntry) -> ClassEntry:
        """Return the entry as it is."""
        return entry

    def find_trouble(self, entry: ClassEntry, result: TaskResult, report: GradeReport) -> str:
        """Take every report."""
        return ""

    def keep_recording(self, result: TaskResult) -> str:
        """Write the recording into the run's folder."""
        return self.run.keep_recording(result.graded.recording if result.graded else b"")

    def list_warnings(self) -> list[str]:
        """Return no warnings."""
        return []


@dataclass(kw_only=True)
class SimulatedLane:
    """One assignment on its way through the host, as `server.lane` does it."""

    name: str
    run: RunFolder
    queue: SubmissionQueue
    batch: BatchRun
    clock: Clock
    costs: Costs
    next_summary: float = 0.0

    def hand_in(self, students: Sequence[str]) -> None:
        """Have every student hand in once."""
        for student in students:
            number = make_id()
            with self.costs.measure("add"):
                self.queue.add(Upload(number, self.name, student, f"{self.name}/{number}", ("work.py",), 5000))

    def grade(self) -> None:
        """Grade until the queue is empty."""
        while self._take() or self.batch.queue:
            with self.costs.measure("keep"):
                self.batch.settle()
            if self.clock.read() >= self.next_summary:
                with self.costs.measure("summary"), self.run.open(PATIENCE):
                    self.run.renew_summary()
                self.next_summary = self.clock.read() + HOUSEKEEPING_SECONDS * SUMMARY_ROUNDS

    def _take(self) -> bool:
        while room := min(self.batch.queue.count_room(), AHEAD):
            jobs = self._claim(room)
            with self.costs.measure("keep"):
                for number, job in jobs.items():
                    self.batch.take(number, job)
            if len(jobs) < room:
                return False
        return True

    def _claim(self, room: int) -> dict[int, Job]:
        jobs: dict[int, Job] = {}
        while len(jobs) < room:
            with self.costs.measure("claim"):
                claimed = self.queue.claim(self.name)
            if claimed is None:
                break
            path, moment = Path("/uploads", claimed.path), "2026-03-01T10:00:00+00:00"
            jobs[claimed.number] = Job(path, claimed.student, moment, entry=claimed.id)
            self.batch.expect(claimed.number, jobs[claimed.number])
        return jobs


@contextmanager
def open_lane(
    name: str, data: DataFolder, queue: SubmissionQueue, recorded: RecordedClass, *, workers: int, clock: Clock
) -> Iterator[tuple[SimulatedLane, Gradebook]]:
    """Give a lane with a gradebook of its own."""
    run, costs = data.open_run(name), Costs()
    run.reports.mkdir(parents=True)
    assignment = recorded.assignment.model_copy(update={"name": name})
    source = SimulatedSource(run, clock)

    def note_result(number: int, report: GradeReport) -> None:
        began = time.process_time()
        queue.finish(number, report, lambda connection, queued: None)
        took = time.process_time() - began
        costs.seconds["finish"] += took
        costs.seconds["keep"] -= took

    with open_gradebook(run.gradebook) as gradebook:
        keeper = LiveKeeper(assignment=assignment, run=run, gradebook=gradebook, on_result=note_result)
        work = WorkQueue(
            executor=SimulatedCluster(recorded, workers, clock, costs), source=source, make_fault=refuse_fault,
            interrupted=Event(),
        )  # fmt: skip
        batch = BatchRun(source=source, queue=work, keeper=keeper)
        yield SimulatedLane(name=name, run=run, queue=queue, batch=batch, clock=clock, costs=costs), gradebook


def refuse_fault(job: Job, trouble: str) -> GradeReport:
    """Raise: simulated workers fail at nothing."""
    raise RuntimeError(f"{job.entry}: {trouble}")


def read_class(folder: Path) -> RecordedClass:
    """Return the reports of a graded class, with the times that they took."""
    run = RunFolder(folder)
    reports = run.read_reports()
    assignment = find_course().load_assignment(reports[0].assignment.name)
    recordings = [path.read_bytes() for path in sorted(run.recordings.glob("*")) if path.is_file()]
    return RecordedClass(
        assignment,
        tuple(report.model_dump_json() for report in reports),
        tuple(report.timing.wall_seconds for report in reports),
        tuple(recordings) or (b"recording",),
    )


def simulate(recorded: RecordedClass, folder: Path, options: argparse.Namespace) -> None:
    """Print a line for each round of hand-ins, and then what looking at the last class costs."""
    data = DataFolder(folder)
    data.create()
    store = open_store(data, data.remember(folder, None))
    queue = SubmissionQueue(store)
    students = [f"student{number}" for number in range(options.students)]
    rounds = options.submissions // (options.students * options.assignments)
    print(
        f"{'done':>7} " + " ".join(f"{part:>8}" for part in (*PARTS, "host")) + "   ms of CPU each; workers busy, hours"
    )
    done, clock = 0, Clock()
    for number in range(options.assignments):
        with open_lane(f"a{number}", data, queue, recorded, workers=options.workers, clock=clock) as (lane, _):
            for _ in range(rounds):
                began, before, worked = clock.read(), lane.costs.seconds.copy(), lane.costs.worker_seconds
                lane.hand_in(students)
                lane.grade()
                done += len(students)
                took = clock.read() - began
                parts = [(lane.costs.seconds[part] - before[part]) * 1000 / len(students) for part in PARTS]
                busy = (lane.costs.worker_seconds - worked) / (options.workers * took)
                line = " ".join(f"{value:8.2f}" for value in (*parts, sum(parts)))
                print(f"{done:7} {line}   {busy:5.0%} {took / 3600:8.3f}", flush=True)
    look(lane, data, queue)
    store.close()


def look(lane: SimulatedLane, data: DataFolder, queue: SubmissionQueue) -> None:
    """Print what it takes to look at a class, and how large everything has become."""
    looks: dict[str, Callable[[], object]] = {
        "counts of the queue": queue.count_by_state,
        "last 1000 uploads": lambda: queue.list_of(assignment=lane.name),
        "summary": lane.run.renew_summary,
        "page of the class": ClassView(lane.run).read_reports,
        "statistics": lambda: describe_class(lane.run.read_reports(), read_attempts(lane.run, lane.name)),
    }
    for name, function in looks.items():
        began = time.process_time()
        function()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:20} {time.process_time() - began:8.3f} s of CPU, {peak:6.0f} MB at the peak so far", flush=True)
    sizes = {"queue": data.database, "gradebook": lane.run.gradebook}
    folders = {"reports": lane.run.reports, "recordings": lane.run.recordings}
    for name, path in sizes.items():
        print(f"{name:20} {path.stat().st_size / 1e6:8.1f} MB")
    for name, path in folders.items():
        files = [entry.stat().st_size for entry in path.iterdir()]
        print(f"{name:20} {sum(files) / 1e6:8.1f} MB in {len(files)} files")


def main() -> int:
    """Simulate a term in a folder that is removed afterwards."""
    parser = argparse.ArgumentParser(description="What does a term cost the host of a cluster?")
    parser.add_argument("run", type=Path, help="a class that was graded: its reports and times are used again")
    parser.add_argument("--submissions", type=int, default=100_000)
    parser.add_argument("--students", type=int, default=1000)
    parser.add_argument("--assignments", type=int, default=10)
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="where the simulation writes; default: the folder for such files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        simulate(read_class(options.run), Path(folder, "data"), options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
