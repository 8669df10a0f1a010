"""What goes out and what does not: the same for every platform.

A score goes out once: not what the log says was sent, and not what the platform has already. Reports are redacted when
the gradebook is opened, and nothing else of them is used here.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from grader.classroom.run_folder import RunFolder
from grader.exports import tell_scoreless
from grader.model.errors import GraderError, UsageError
from grader.push.log import Log, open_log, read_settled
from grader.reporting.feedback import tell_report
from grader.reporting.published import (
    ExportOptions,
    PublishedClass,
    PublishedReport,
    open_published_class,
)


@dataclass(frozen=True)
class ScoreUpload:
    """One student's score on its way; `key` is the student's id there, no `comment` means none is sent."""

    entry: PublishedReport
    key: str
    comment: str = ""

    @property
    def student(self) -> str:
        """The student's id here."""
        return self.entry.student.id

    @property
    def score(self) -> float:
        """Points of the report's own scale."""
        return self.entry.report.score

    @property
    def max_score(self) -> float:
        """The scale."""
        return self.entry.report.max_score

    @property
    def digest(self) -> str:
        """Differs where the student would see something else."""
        seen = json.dumps([self.score, self.max_score, self.comment])
        return sha256(seen.encode()).hexdigest()

    def scale(self, maximum: float) -> float:
        """The score on a scale of the platform's own."""
        return round(self.score / self.max_score * maximum, 2) if self.max_score else 0.0


@dataclass(frozen=True)
class PlatformGrade:
    """What the platform has of one student; `comments` is None where it does not tell them."""

    points: float | None
    maximum: float
    comments: tuple[str, ...] | None = None
    excused: bool = False

    def has_score(self, parcel: ScoreUpload) -> bool:
        """Whether the points are the same, as gradebooks round them."""
        return self.points is not None and abs(parcel.scale(self.maximum) - self.points) < 0.006

    def has_all(self, parcel: ScoreUpload) -> bool:
        """Whether the student would see nothing new."""
        told = not parcel.comment or self.comments is None or _flatten(parcel.comment) in map(_flatten, self.comments)
        return self.has_score(parcel) and told


@dataclass(frozen=True)
class PlatformReply:
    """What the platform said to one parcel: the status of HTTP, and its words where it refused."""

    parcel: ScoreUpload
    status: int
    reason: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the score is in."""
        return 200 <= self.status < 300


class Platform(Protocol):
    """One learning-management system. Every method may raise UsageError and PlatformFailed."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def system(self) -> str:
        """The roster's column with the students' ids there."""

    @property
    def to(self) -> str:
        """Where scores go, as the log tells it."""

    def find_key(self, entry: PublishedReport) -> str:
        """The student's id there, or none."""

    def connect(self, gradebook: PublishedClass) -> Sequence[str]:
        """Open the connection and find the assignment; returns notes."""

    def read_held(self) -> Mapping[str, PlatformGrade]:
        """What it has, by the students' ids there."""

    def send(self, parcels: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """An answer for each parcel, as it comes."""

    def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True)
class PushOptions:
    """What a push may be told; `again` means to send also what the log says was sent."""

    options: ExportOptions = field(default_factory=ExportOptions)
    feedback: bool = True
    dry_run: bool = False
    again: bool = False


@dataclass
class PushResult:
    """How a push went. `left_out` says who is not in it, and why; `refused` whom the platform would not take."""

    sent: int = 0
    kept: int = 0
    left_out: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def push_run(run: Path, platform: Platform, orders: PushOptions, tell: Callable[[str], None]) -> PushResult:
    """Send a run's scores, those only that are not there yet, and `tell` each of them.

    Raises UsageError for whatever the user can mend, and PlatformFailed; what was sent till then stays in the log.
    """
    gradebook = open_published_class(RunFolder(run).read_reports(), orders.options)
    parcels, unknown = _pack(gradebook, platform, feedback=orders.feedback)
    outcome = PushResult(left_out=[*tell_scoreless(gradebook), *unknown])
    if orders.dry_run:
        pending = _list_pending(parcels, platform, {} if orders.again else read_settled(run))
        _rehearse(pending, platform, tell)
        outcome.kept = len(parcels) - len(pending)
        return outcome
    with open_log(run) as log:
        pending = _list_pending(parcels, platform, {} if orders.again else log.settled)
        outcome.kept = len(parcels) - len(pending)
        if pending:
            _Delivery(platform, log, outcome, tell, left=len(pending)).deliver(pending, gradebook)
    return outcome


@dataclass
class _Delivery:
    """One round to one platform; `left` counts those about whom nothing is known yet."""

    platform: Platform
    log: Log
    outcome: PushResult
    tell: Callable[[str], None]
    left: int

    def deliver(self, pending: Sequence[ScoreUpload], gradebook: PublishedClass) -> None:
        """Send what the platform has not, and note every answer as it comes."""
        try:
            self.outcome.left_out += self.platform.connect(gradebook)
            for answer in self.platform.send(self._set_aside(pending)):
                self._take_in(answer)
        except GraderError as error:
            self.log.add(system=self.platform.system, to=self.platform.to, outcome="stopped", reason=str(error))
            raise type(error)(f"{error} ({self.outcome.sent} sent, {self.left} left)") from error
        finally:
            self.platform.close()

    def _set_aside(self, pending: Sequence[ScoreUpload]) -> list[ScoreUpload]:
        missing = []
        held = self.platform.read_held()
        for parcel in pending:
            has = held.get(parcel.key)
            if has and has.excused:
                self._leave_out(f"{parcel.student!r} is excused in {self.platform.name}: left alone")
            elif has and has.has_all(parcel):
                self._keep(parcel)
            else:
                missing.append(parcel)
        return missing

    def _leave_out(self, note: str) -> None:
        self.left -= 1
        self.outcome.left_out.append(note)

    def _keep(self, parcel: ScoreUpload) -> None:
        self.left -= 1
        self.outcome.kept += 1
        self._note(parcel, "there already")

    def _take_in(self, answer: PlatformReply) -> None:
        self.left -= 1
        parcel = answer.parcel
        self._note(parcel, "sent" if answer.is_taken else "refused", status=answer.status, reason=answer.reason)
        if answer.is_taken:
            self.outcome.sent += 1
            self.tell(f"sent {parcel.student}: {parcel.score:g} / {parcel.max_score:g}")
            return
        why = f"{answer.status} ({answer.reason})" if answer.reason else str(answer.status)
        self.outcome.refused.append(
            f"{self.platform.name} would not take the score of {parcel.student!r}, there {parcel.key!r}: {why}; check "
            "the id in the roster, and that they are in the course"
        )

    def _note(self, parcel: ScoreUpload, outcome: str, **answer: object) -> None:
        self.log.add(
            system=self.platform.system,
            to=self.platform.to,
            student=parcel.student,
            key=parcel.key,
            score=parcel.score,
            max_score=parcel.max_score,
            digest=parcel.digest,
            outcome=outcome,
            **answer,
        )


def _pack(gradebook: PublishedClass, platform: Platform, *, feedback: bool) -> tuple[list[ScoreUpload], list[str]]:
    parcels, unknown = [], []
    for entry in gradebook.final:
        key = platform.find_key(entry)
        if not key:
            unknown.append(
                f"{entry.student.id!r} is left out: no id of {platform.name}; fill the roster's column "
                f"`{platform.system}` and pass it with --roster"
            )
            continue
        comment = tell_report(entry.report, gradebook.options.language) if feedback else ""
        parcels.append(ScoreUpload(entry, key, comment))
    _refuse_shared_keys(parcels, platform)
    return parcels, unknown


def _refuse_shared_keys(parcels: Sequence[ScoreUpload], platform: Platform) -> None:
    students: dict[str, str] = {}
    for parcel in parcels:
        if parcel.key in students:
            raise UsageError(
                f"{students[parcel.key]!r} and {parcel.student!r} have the same id in the roster's column "
                f"`{platform.system}`, {parcel.key!r}: one would get the other's score; mend the roster"
            )
        students[parcel.key] = parcel.student


def _list_pending(
    parcels: Sequence[ScoreUpload], platform: Platform, settled: Mapping[tuple[str, str], str]
) -> list[ScoreUpload]:
    return [parcel for parcel in parcels if settled.get((platform.to, parcel.key)) != parcel.digest]


def _rehearse(pending: Sequence[ScoreUpload], platform: Platform, tell: Callable[[str], None]) -> None:
    for parcel in pending:
        score = f"{parcel.score:g} / {parcel.max_score:g}"
        tell(f"would send {parcel.student}: {score} to {parcel.key!r} at {platform.to}")
        for line in parcel.comment.splitlines():
            tell(f"    {line}")


def _flatten(text: str) -> str:
    # Platforms trim and re-wrap what they are given.
    return " ".join(text.split())
