"""`grader push canvas`: scores into an assignment of Canvas, by `canvasapi`.

Listed in `cli`. A class goes out in a few bulk updates, which Canvas carries out later and answers as a whole. So they
are read back, and whoever is not in is sent alone: that answer is the student's own.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from canvasapi.assignment import Assignment
from canvasapi.course import Course
from canvasapi.exceptions import CanvasException
from canvasapi.paginated_list import PaginatedList
from canvasapi.progress import Progress
from canvasapi.requester import Requester
from canvasapi.submission import Submission

from grader.model.errors import PlatformFailed, UsageError
from grader.push.connection import Connection, Refusal, Session, check_address
from grader.push.delivery import PlatformGrade, PlatformReply, ScoreUpload
from grader.reporting.published import PublishedClass, PublishedReport
from grader.reporting.safe_text import format_points

TOKEN_VARIABLE = "GRADER_CANVAS_TOKEN"
# Comments are long, and Rails takes 4 MB and 4,096 fields at once.
BULK = 100
POLL_SECONDS = 2.0
JOB_SECONDS = 600
# What can be wrong with one student while the others are well.
_PERSONAL = {400, 404, 409, 422}
_ADVICE = {
    400: "it does not understand the request: check --course-id and --assignment-id",
    401: f"the token is not valid there, or no longer; make one in Canvas (Account, Settings) for {TOKEN_VARIABLE}",
    403: "the token's owner may not grade that course; use a token of one of its teachers or assistants",
    404: "no such course or assignment is there; check --url, --course-id and --assignment-id",
    422: "the assignment takes no such grades; check in Canvas that it is published and graded in points",
}


class Canvas:
    """One assignment of one course. Holds the token, and shows it to nobody but Canvas."""

    name = "Canvas"
    system = "canvas"

    def __init__(self, url: str, token: str, *, course: int, assignment: int) -> None:
        """Raises UsageError for an address that a token may not go to, or for what cannot be a token."""
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError(f"what {TOKEN_VARIABLE} or the file holds is no token: copy it anew, in one line")
        root = check_address(url).partition("/api/v1")[0].rstrip("/")
        self.to = f"{root}/api/v1/courses/{course}/assignments/{assignment}"
        self._connection = Connection(self.name, root, Session(), _ADVICE, (CanvasException,))
        self._requester = _Requester(root, token, self._connection.session)
        self._ids = {"course_id": course, "assignment_id": assignment}
        self._points = 0.0

    def find_key(self, entry: PublishedReport) -> str:
        """Canvas numbers its users; off the roster the label may be such a number, out of the download's file names."""
        key = entry.find_key(self.system)
        return key if key.isascii() and key.isdigit() else ""

    def connect(self, published: PublishedClass) -> Sequence[str]:
        """Find the assignment, whose points are the scale."""
        course = Course(self._requester, {"id": self._ids["course_id"]})
        with self._connection.explain():
            self._assignment: Assignment = self._connection.insist(
                lambda _: course.get_assignment(self._ids["assignment_id"])
            )
        self._points = float(getattr(self._assignment, "points_possible", None) or 0.0)
        if not self._points:
            raise UsageError(f"the assignment has no points in Canvas: set them there, then push again ({self.to})")
        if self._points == published.first.max_score:
            return []
        scales = f"{self._points:g} points in Canvas and {published.first.max_score:g} here"
        return [f"the assignment has {scales}: every score is sent as its share of Canvas's points"]

    def read_held(self) -> Mapping[str, PlatformGrade]:
        """What Canvas has of every student, with the comments."""
        with self._connection.explain():
            return self._connection.insist(lambda _: self._list_held())

    def send(self, parcels: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """In bulk, then alone whoever is not in."""
        chunks, done = iter(parcels), True
        while chunk := list(islice(chunks, BULK)):
            done = self._update_many(chunk) and done
        held = self.read_held() if parcels else {}
        for parcel in parcels:
            has = held.get(parcel.key)
            # What was not carried out may have been so in part; and the points alone may have been there before.
            is_in = has and (has.has_score(parcel) if done else has.has_all(parcel))
            yield PlatformReply(parcel, 200) if is_in else self._update_one(parcel)

    def close(self) -> None:
        """Hang up."""
        self._connection.session.close()

    def _list_held(self) -> dict[str, PlatformGrade]:
        # Its pages, but not its objects: those try to read every field as a date, for seconds with a large class.
        place = "courses/{course_id}/assignments/{assignment_id}/submissions".format(**self._ids)
        include = [("include[]", "submission_comments")]
        pages = PaginatedList(_take_fields, self._requester, "GET", place, _kwargs=include)
        return {str(fields["user_id"]): _make_held(fields, self._points) for fields in pages}

    def _update_many(self, parcels: Sequence[ScoreUpload]) -> bool:
        """Whether Canvas says that all of it was carried out."""

        def update(attempt: int) -> Progress | None:
            # Canvas adds a comment every time: what was done although the answer was lost is not asked for again.
            held = self._list_held() if attempt else {}
            missing = [parcel for parcel in parcels if not _holds(held, parcel)]
            grades = {parcel.key: self._render(parcel) for parcel in missing}
            return self._assignment.submissions_bulk_update(grade_data=grades) if grades else None

        with self._connection.explain():
            try:
                return self._await(self._connection.insist(update))
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
        return False

    def _await(self, job: Progress | None) -> bool:
        deadline = time.monotonic() + JOB_SECONDS
        while job is not None and job.workflow_state in ("queued", "running"):
            if time.monotonic() > deadline:
                raise PlatformFailed(
                    f"{self._connection.place} is still not done with what it took {JOB_SECONDS} s ago: run the same "
                    "command again later; it sends only what is not there by then"
                )
            time.sleep(POLL_SECONDS)
            job = self._connection.insist(partial(_ask_again, job))
        return job is None or job.workflow_state == "completed"

    def _update_one(self, parcel: ScoreUpload) -> PlatformReply:
        def update(attempt: int) -> None:
            user = {**self._ids, "user_id": parcel.key}
            if attempt and _make_held(vars(self._read_one(parcel)), self._points).has_all(parcel):
                return
            grade = self._render(parcel)
            comment = {"text_comment": grade.pop("text_comment")} if parcel.comment else {}
            Submission(self._requester, user).edit(submission=grade, comment=comment)

        with self._connection.explain():
            try:
                self._connection.insist(update)
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
                return PlatformReply(parcel, refusal.status, refusal.reason)
        return PlatformReply(parcel, self._connection.session.status)

    def _read_one(self, parcel: ScoreUpload) -> Submission:
        return self._assignment.get_submission(parcel.key, include=["submission_comments"])

    def _render(self, parcel: ScoreUpload) -> dict[str, str]:
        grade = {"posted_grade": format_points(parcel.scale(self._points))}
        return {**grade, "text_comment": parcel.comment} if parcel.comment else grade


class _Requester(Requester):  # type: ignore[misc]
    """canvasapi's own, on our session."""

    def __init__(self, root: str, token: str, session: Session) -> None:
        super().__init__(root, token)
        self._session = session


def _ask_again(job: Progress, _: int) -> Progress:
    return job.query()


def _take_fields(_: Requester, fields: dict[str, Any]) -> dict[str, Any]:
    return fields


def _make_held(fields: Mapping[str, Any], points: float) -> PlatformGrade:
    # `score` is less the late penalty that Canvas takes off, `entered_score` is what was sent.
    entered = fields.get("entered_score")
    return PlatformGrade(
        points=fields.get("score") if entered is None else entered,
        maximum=points,
        comments=tuple(str(comment.get("comment", "")) for comment in fields.get("submission_comments") or []),
        excused=bool(fields.get("excused")),
    )


def _holds(held: Mapping[str, PlatformGrade], parcel: ScoreUpload) -> bool:
    return parcel.key in held and held[parcel.key].has_all(parcel)
