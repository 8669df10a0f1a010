"""Grade the same work again and again, alone and beside busy processes: is the grade always the same?

`python -m grader.tools.steadiness --times 20 --beside 0 5 10`; it takes an hour on two cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from grader.grading.job import Job
from grader.grading.worker import Worker
from grader.model.assignment import Assignment
from grader.model.course import Course, find_course

NAME = "a4_attention"
LIMIT = 0.5
# Shares of the limit that the slow files use, and whether such a file may end otherwise from one run to the next.
SHARES = {0.6: False, 0.9: True, 1.2: True, 1.6: False}
ADDITIONS = 1_000_000

TOML = f"""
title = "Slow"
module = "slow.py"
imports = []
[limits]
cpu_seconds = {LIMIT}
[[todo]]
id = "slow"
title = "Take your time"
points = 100
where = ["add"]
"""
SOLUTION = '''def add(numbers):
    """Return the sum of the first numbers."""
    ### BEGIN SOLUTION slow
    return numbers * (numbers - 1) // 2
    ### END SOLUTION
'''
TESTS = '''import pytest


@pytest.mark.todo("slow", weight=1)
@pytest.mark.behaviour
def test_add(student):
    """The sum is right."""
    assert student.add(10) == 45
'''
SLOW = """def add(numbers):
    total = 0
    for number in range({count}):
        total += number
    return sum(range(numbers))
"""
HEAVY = """
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("Helsinki-NLP/opus-mt-ko-en")
model = AutoModelForSeq2SeqLM.from_pretrained("Helsinki-NLP/opus-mt-ko-en")


class Translator:
    def say(self, text):
        return tokenizer.decode(model.generate(**tokenizer(text, return_tensors="pt"))[0])
"""
MULTIPLY = "import torch; torch.set_num_threads(1); a = torch.randn(400, 400)\nwhile True: a = torch.tanh(a @ a)"


def main() -> int:
    """Print a line for each file and load, and return 1 where reports differ that must not."""
    parser = argparse.ArgumentParser(description="Are grades the same on a busy machine?")
    parser.add_argument("--times", type=int, default=20, help="gradings of each file under each load")
    parser.add_argument("--beside", type=int, nargs="+", default=[0, 5, 10], help="busy processes beside the grader")
    parser.add_argument(
        "--only", nargs="+", default=["slow", "heavy", "class"], help='how names begin, such as slow or "class dana"'
    )
    options = parser.parse_args()
    os.environ.setdefault("GRADER_SECRET", "steadiness")
    bad = 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        jobs = [job for job in list_jobs(folder) if job[0].startswith(tuple(options.only))]
        workers = {
            assignment.name: stack.enter_context(Worker(assignment))
            for assignment in {job[1].name: job[1] for job in jobs}.values()
        }
        first: dict[str, str] = {}
        for beside in options.beside:
            with keep_busy(beside):
                for name, assignment, path, may_vary in jobs:
                    line, reports = grade_often(workers[assignment.name], path, options.times)
                    reports.setdefault(first.setdefault(name, next(iter(reports))), 0)
                    is_bad = len(reports) > 1 and not may_vary
                    bad += is_bad
                    verdict = "DIFFER" if is_bad else "grey zone" if may_vary else "same"
                    print(f"{name:24} beside {beside:2}: {len(reports)} reports ({verdict}); {line}", flush=True)
                    if is_bad:
                        print(*list_differences(*map(json.loads, list(reports)[:2])), sep="\n", flush=True)
    return int(bad > 0)


def list_jobs(folder: Path) -> Iterator[tuple[str, Assignment, Path, bool]]:
    """List what is graded: a name, the assignment, the file, and whether its report may vary."""
    files = {
        "assignments/slow/assignment.toml": TOML,
        "solutions/slow/slow.py": SOLUTION,
        "tests_hidden/slow/test_slow.py": TESTS,
    }
    speed = measure_additions()
    for share in SHARES:
        files[f"slow_{share}/slow.py"] = SLOW.format(count=int(speed * share * LIMIT))
    attention = find_course().load_assignment(NAME)
    files["heavy/attention.py"] = attention.solution.read_text(encoding="utf-8") + HEAVY
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    slow = Course(folder).load_assignment("slow")
    for share, may_vary in SHARES.items():
        yield f"slow {share} of the limit", slow, folder / f"slow_{share}/slow.py", may_vary
    yield "heavy load", attention, folder / "heavy/attention.py", False
    for path in sorted((attention.folder / "sample_class").iterdir()):
        yield f"class {path.name}", attention, path, False


def measure_additions() -> float:
    """Return how many rounds of the slow files' loop take a second of CPU time at best."""
    times = []
    for _ in range(20):
        start, total = time.process_time(), 0
        for number in range(ADDITIONS):
            total += number
        times.append(time.process_time() - start)
    return ADDITIONS / min(times)


@contextmanager
def keep_busy(count: int) -> Iterator[None]:
    """Keep processes busy with multiplying matrices."""
    processes = [subprocess.Popen([sys.executable, "-c", MULTIPLY]) for _ in range(count)]
    try:
        time.sleep(3 * bool(count))
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def grade_often(worker: Worker, path: Path, times: int) -> tuple[str, dict[str, int]]:
    """Grade a file so many times. Return a line about it, and how often each report came, without its timings."""
    reports: Counter[str] = Counter()
    scores: Counter[float] = Counter()
    near, seconds = 0, 0.0
    for _ in range(times):
        report = worker.grade(Job(path))
        reports[report.without_timings().model_dump_json()] += 1
        scores[report.score] += 1
        near += any(test.near_time_limit for test in report.tests)
        seconds += report.timing.wall_seconds
    found = ", ".join(f"{score:g} x {count}" for score, count in scores.items())
    return f"scores {found}; near the limit {near} x; {seconds / times:.1f} s each", dict(reports)


def list_differences(one: object, other: object, at: str = "") -> Iterator[str]:
    """Return a line for each part in which two reports differ: where it is, and both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from list_differences(one.get(key), other.get(key), f"{at}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (ours, theirs) in enumerate(zip(one, other, strict=True)):
            yield from list_differences(ours, theirs, f"{at}[{number}]")
    elif one != other:
        yield f"    {at}: {one!r}, then {other!r}"


if __name__ == "__main__":
    sys.exit(main())
