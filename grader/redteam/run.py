"""Grade every attack among honest submissions, as one class with two workers, and say what went wrong.

The class takes the ordinary path: intake, batch, workers, jail, report, exports. Five things count as wrong: a point
that was not earned, a changed result of a neighbour, something left on the machine, a fault of the grader, and a
verdict that the table of attacks does not name.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from grader.classroom.batch import BatchOptions, grade_class
from grader.classroom.class_folder import list_jobs
from grader.classroom.run_folder import RunFolder
from grader.exports import ExportOptions, export_run
from grader.grading.worker import sum_limits
from grader.model.assignment import Assignment
from grader.model.course import Course
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.model.verdict import Verdict
from grader.redteam.corpus import HERE, Attack, load_attacks
from grader.redteam.generated import MODULE, NAMES
from grader.redteam.host import DescriptorWatch, adopt_orphans, list_descendants, list_files
from grader.redteam.pages import find_live_text

ASSIGNMENT = "target"
WORKERS = 2
HONEST = {"right": {"double", "weigh", "layer"}, "half": {"weigh"}}
# Attacks for one honest submission of each kind.
MIXED = 8
# With --sparse: use one attack in five, and six honest submissions for every two of them.
SPARSE = 5
SPARSE_MIXED, SPARSE_COPIES = 2, 3
FORMATS = {"html": "pages", "csv": "grades.csv", "junit": "junit.xml"}
# On a busy machine a wait takes longer than its limit; ten times longer is a hang.
PATIENCE = 10
MOST_REPORT_BYTES = 1 << 20


@dataclass(frozen=True)
class Neighbour:
    """One honest submission, and the TODOs that it solves."""

    kind: str
    solves: set[str]


@dataclass
class AttackRun:
    """The submissions of one run, their reports, and the problems found."""

    assignment: Assignment
    attacks: dict[str, Attack] = field(default_factory=dict)
    neighbours: dict[str, Neighbour] = field(default_factory=dict)
    reports: dict[str, GradeReport] = field(default_factory=dict)
    descriptors: DescriptorWatch = field(default_factory=DescriptorWatch)
    wrong: list[str] = field(default_factory=list)

    def collect(self, report: GradeReport) -> None:
        """Keep a report as it arrives."""
        self.reports[report.submission.student] = report
        self.descriptors.look()

    def count_gained(self) -> float:
        """Return the points that attacks got without earning them."""
        return sum(
            todo.score
            for student, attack in self.attacks.items()
            for todo in self.reports[student].todos
            if todo.id not in attack.expected.solves
        )


def run_attacks(place: Path, temporary: Path, kinds: list[str], *, sparse: bool = False) -> int:
    """Grade, judge and print. Return 0 if nothing is wrong. With `sparse`, 50 of 200 submissions are hostile."""
    adopt_orphans()
    attacks = choose_attacks(kinds)
    course = Course(place / "course")
    attack_run = AttackRun(course.load_assignment(ASSIGNMENT))
    if sparse:
        _write_class(attack_run, attacks[::SPARSE], place / "class", mixed=SPARSE_MIXED, copies=SPARSE_COPIES)
    else:
        _write_class(attack_run, attacks, place / "class")
    run = RunFolder(place / "run")
    jobs = list_jobs(place / "class")
    plan = BatchOptions(attack_run.assignment, isolation="bwrap", workers=WORKERS)
    graded = grade_class(jobs, plan, run, attack_run.collect)
    attack_run.wrong += [f"not graded: {student!r}" for student in graded.left]
    changed = list(_find_changed(attack_run))
    faults = [student for student, report in attack_run.reports.items() if report.status != "graded"]
    attack_run.wrong += [*_judge_attacks(attack_run), *changed]
    for student in faults:
        report = attack_run.reports[student]
        messages = [test.message for test in report.tests if test.status is Verdict.GRADER_FAULT]
        attack_run.wrong.append(f"{student!r}: the grader failed: {report.fault or messages[:1]}")
    for name, path in FORMATS.items():
        export_run(run.folder, place / "exports" / path, to=name, options=ExportOptions(released=True))
    written = [run.folder / "summary.csv", *(place / "exports").rglob("*")]
    attack_run.wrong += [f"live text in an export: {text}" for text in find_live_text(written)]
    left = [f"process {pid}: {command}" for pid, command in list_descendants().items()]
    left += [f"file {path}" for path in list_files([temporary])]
    if grown := attack_run.descriptors.count_grown():
        left.append(f"{grown} descriptors")
    attack_run.wrong += [f"left over: {what}" for what in left]
    _print(attack_run, len(changed), faults, left)
    return 1 if attack_run.wrong else 0


def choose_attacks(kinds: list[str]) -> list[Attack]:
    """Return the attacks of those classes, or all. Raises UsageError for an unknown class."""
    attacks = load_attacks()
    known = dict.fromkeys(attack.kind for attack in attacks)
    unknown = [kind for kind in kinds if kind not in known]
    if unknown:
        raise UsageError(f"no class of attacks {unknown[0]!r}: there are {', '.join(known)}")
    return [attack for attack in attacks if not kinds or attack.kind in kinds]


def _write_class(
    attack_run: AttackRun, attacks: list[Attack], folder: Path, *, mixed: int = MIXED, copies: int = 1
) -> None:
    for number, attack in enumerate(attacks):
        student = NAMES[attack.name] if attack.kind == "names" else f"{number:03}-{attack.id}"
        (folder / student).mkdir(parents=True)
        attack.write(folder / student)
        attack_run.attacks[student] = attack
        if number % mixed:
            continue
        for copy, (kind, solves) in product(range(copies), HONEST.items()):
            student = f"{number:03}-a{copy}-{kind}"
            (folder / student).mkdir()
            shutil.copy(HERE / "honest" / f"{kind}.py", folder / student / MODULE)
            with (folder / student / MODULE).open("a") as file:
                file.write(f"# {student}\n")  # identical submissions would be graded once
            attack_run.neighbours[student] = Neighbour(kind, solves)


def _judge_attacks(attack_run: AttackRun) -> Iterator[str]:
    longest = sum_limits(attack_run.assignment, max(len(report.tests) for report in attack_run.reports.values()))
    for student, attack in attack_run.attacks.items():
        report = attack_run.reports[student]
        yield from (f"{attack.id}: {trouble}" for trouble in _judge_scores(report, set(attack.expected.solves)))
        aims, ends = attack.expected.aims, set(attack.expected.ends)
        if not {test.status for test in report.tests if test.todo == aims} <= ends:
            yield f"{attack.id}: {aims!r} ended otherwise than expected: {_describe_tests(report, aims)}"
        if (size := len(report.model_dump_json())) > MOST_REPORT_BYTES:
            yield f"{attack.id}: its report holds {size} bytes"
        if report.timing.wall_seconds > PATIENCE * longest:
            yield f"{attack.id}: took {report.timing.wall_seconds:.1f} s; its limits allow {longest:.1f} s"


def _judge_scores(report: GradeReport, solves: set[str]) -> Iterator[str]:
    for todo in report.todos:
        if todo.id not in solves and todo.score > 0:
            yield f"gained {todo.score:g} points for {todo.id!r}"
        if todo.id in solves and todo.score < todo.max_score:
            yield f"lost points for {todo.id!r}, which it solves: {_describe_tests(report, todo.id)}"


def _describe_tests(report: GradeReport, todo: str) -> str:
    return "; ".join(f"{test.status}: {test.message[:160]!r}" for test in report.tests if test.todo == todo)


def _find_changed(attack_run: AttackRun) -> Iterator[str]:
    """Return honest submissions with a wrong result, or a result that differs from another copy's."""
    first: dict[str, list[tuple[str, Verdict, str]]] = {}
    for student, neighbour in attack_run.neighbours.items():
        report = attack_run.reports[student]
        results = [(test.id, test.status, test.message.replace(student, "")) for test in report.tests]
        troubles = list(_judge_scores(report, neighbour.solves))
        if results != first.setdefault(neighbour.kind, results):
            troubles.append(f"{results} differs from {first[neighbour.kind]}")
        if troubles:
            yield f"honest {student}: {'; '.join(troubles)}"


def _print(attack_run: AttackRun, changed: int, faults: list[str], left: list[str]) -> None:
    tried = Counter(attack.kind for attack in attack_run.attacks.values())
    print(f"attacks tried: {tried.total()} ({', '.join(f'{kind} {count}' for kind, count in tried.items())})")
    print(f"points gained: {attack_run.count_gained():g}")
    print(f"honest submissions changed: {changed} of {len(attack_run.neighbours)}")
    print(f"left over (processes, descriptors, files): {len(left)}")
    print(f"grader faults: {len(faults)}")
    student = max(attack_run.attacks, key=lambda name: attack_run.reports[name].timing.wall_seconds)
    report = attack_run.reports[student]
    limits = attack_run.assignment.limits
    most = max((test.cpu_seconds for test in report.tests), default=0.0)
    print(
        f"slowest attack: {attack_run.attacks[student].id}, {report.timing.wall_seconds:.1f} s "
        f"(its limits allow {sum_limits(attack_run.assignment, len(report.tests)):.1f} s); "
        f"its longest test computed {most:.2f} s of {limits.cpu_seconds:g} s"
    )
    for text in attack_run.wrong:
        print(f"WRONG {ascii(text)[1:-1]}")
    print("something is wrong" if attack_run.wrong else "nothing is wrong")
