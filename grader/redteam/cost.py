"""Measure what one hostile submission costs a class: twenty honest ones with it, against the twenty alone.

Both are graded by the same two workers; their start is not counted. Where the machine is busy with other work, only the
seconds of computing mean something.
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from grader.classroom.batch import BatchOptions, grade_class
from grader.classroom.class_folder import list_jobs
from grader.classroom.executor import Executor
from grader.classroom.local_executor import open_local
from grader.classroom.run_folder import RunFolder
from grader.model.course import Course
from grader.redteam.corpus import HERE, Attack
from grader.redteam.generated import MODULE, NAMES
from grader.redteam.host import list_descendants

HONEST = 20
WORKERS = 2
ASSIGNMENT = "target"
ALONE = 3


@dataclass(frozen=True)
class Cost:
    """The cost of a class: how long it took, how long all processes computed, the most memory of this one, and the
    honest students without full points."""

    seconds: float
    computing: float
    peak_mb: float
    lost: tuple[str, ...]


def print_costs(place: Path, attacks: Sequence[Attack]) -> int:
    """Measure each attack and print a table. Return 1 if an honest submission lost anything, else 0."""
    assignment = Course(place / "course").load_assignment(ASSIGNMENT)
    options = BatchOptions(assignment, isolation="bwrap", workers=WORKERS)
    lost = 0
    with open_local(assignment, options.isolation, WORKERS, record=True) as executor:
        _measure(place / "warm_up", options, executor, None)
        alone = [_measure(place / f"alone{number}", options, executor, None) for number in range(ALONE)]
        usual, computing = median(cost.seconds for cost in alone), median(cost.computing for cost in alone)
        peak = max(cost.peak_mb for cost in alone)
        print(f"{HONEST} honest alone: {usual:.1f} s, {computing:.1f} s of computing, {peak:.0f} MB in this process")
        for attack in attacks:
            cost = _measure(place / attack.id, options, executor, attack)
            lost += len(cost.lost)
            print(
                f"{attack.id:<32} {cost.seconds - usual:+6.1f} s, {cost.computing - computing:+6.1f} s of computing "
                f"{cost.peak_mb:6.0f} MB "
                f"{len(cost.lost)} lost",
                flush=True,
            )
    return 1 if lost else 0


def _measure(place: Path, options: BatchOptions, executor: Executor, attack: Attack | None) -> Cost:
    folder = place / "class"
    for number in range(HONEST):
        student = folder / f"honest{number:02}"
        student.mkdir(parents=True)
        shutil.copy(HERE / "honest" / "right.py", student / MODULE)
        with (student / MODULE).open("a") as file:
            file.write(f"# {place.name} {number}\n")  # identical submissions would be graded once
    if attack is not None:
        # In the middle of the class, so that others come before and after it.
        student = folder / (NAMES[attack.name] if attack.kind == "names" else "honest10-hostile")
        student.mkdir()
        attack.write(student)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts here
    started, before = time.monotonic(), _read_cpu_seconds()
    graded = grade_class(
        list_jobs(folder),
        options,
        RunFolder(place / "run"),
        lambda report: None,
        open_executor=lambda _: nullcontext(executor),
    )
    seconds, computing = time.monotonic() - started, _read_cpu_seconds() - before
    full = {report.submission.student for report in graded.reports if report.score == report.max_score}
    expected = {f"honest{number:02}" for number in range(HONEST)}
    return Cost(seconds, computing, _read_peak_mb(), tuple(sorted(expected - full)))


def _read_cpu_seconds() -> float:
    """Return the CPU time of this process and of all below it, of those that have ended as well."""
    ticks = 0
    for pid in (os.getpid(), *list_descendants()):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended; its parent has its time
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _read_peak_mb() -> float:
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
