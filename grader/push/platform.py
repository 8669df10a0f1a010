"""The common ground of every learning-management system: uploads, grades, replies and the methods of a platform."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from grader.reporting.published import PublishedClass, PublishedReport


@dataclass(frozen=True)
class ScoreUpload:
    """One student's score to send; `key` is the student's id on the platform. Without a `comment`, none is sent."""

    entry: PublishedReport
    key: str
    comment: str = ""

    @property
    def student(self) -> str:
        """Return the student's id in the report."""
        return self.entry.student.id

    @property
    def score(self) -> float:
        """Return the points, on the report's scale."""
        return self.entry.report.score

    @property
    def max_score(self) -> float:
        """Return the maximum of the report's scale."""
        return self.entry.report.max_score

    @property
    def digest(self) -> str:
        """Return a digest of everything that the student would see."""
        seen = json.dumps([self.score, self.max_score, self.comment])
        return sha256(seen.encode()).hexdigest()

    def scale(self, maximum: float) -> float:
        """Return the score on the platform's scale."""
        return round(self.score / self.max_score * maximum, 2) if self.max_score else 0.0


@dataclass(frozen=True)
class PlatformGrade:
    """The grade that the platform has of one student; `comments` is None if it does not return them."""

    points: float | None
    maximum: float
    comments: tuple[str, ...] | None = None
    excused: bool = False

    def has_score(self, upload: ScoreUpload) -> bool:
        """Tell whether the points are the same, as gradebooks round them."""
        return self.points is not None and abs(upload.scale(self.maximum) - self.points) < 0.006

    def has_all(self, upload: ScoreUpload) -> bool:
        """Tell whether the student would see nothing new."""
        if not self.has_score(upload):
            return False
        if not upload.comment or self.comments is None:
            return True
        # Platforms trim and re-wrap comments.
        words = upload.comment.split()
        return any(comment.split() == words for comment in self.comments)


@dataclass(frozen=True)
class PlatformReply:
    """The reply to one upload: the HTTP status, and the platform's words if it refused."""

    upload: ScoreUpload
    status: int
    reason: str = ""

    @property
    def is_accepted(self) -> bool:
        """Tell whether the platform has the score now."""
        return 200 <= self.status < 300


class Platform(Protocol):
    """One learning-management system. Every method may raise UsageError and PlatformFailed."""

    @property
    def name(self) -> str:
        """Return the name that people know."""

    @property
    def system(self) -> str:
        """Return the roster's column with the students' ids on the platform."""

    @property
    def to(self) -> str:
        """Return the address that scores go to, as the log records it."""

    def find_key(self, entry: PublishedReport) -> str:
        """Return the student's id on the platform, or nothing."""

    def connect(self, published: PublishedClass) -> Sequence[str]:
        """Open the connection and find the assignment; return notes."""

    def read_grades(self) -> Mapping[str, PlatformGrade]:
        """Return the grades that the platform has, by the students' ids there."""

    def send(self, uploads: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """Yield a reply to each upload as it comes."""

    def close(self) -> None:
        """Close the connection."""
