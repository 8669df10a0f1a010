"""`grader push canvas`: send scores to an assignment in Canvas.

A class goes out in a few bulk updates. Canvas carries them out later and reports only how the whole ended. So the
grades are read back, and a score that is not there is sent alone: that reply is about one student.

Every reply is validated by a model of `replies`. A client library would set attributes from the reply instead.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar
from urllib.parse import urljoin

from pydantic import TypeAdapter

from grader.model.errors import PlatformFailed, UsageError
from grader.push.address import check_address
from grader.push.connection import Connection
from grader.push.platform import PlatformGrade, PlatformReply, ScoreUpload
from grader.push.replies import CanvasAssignment, CanvasProgress, CanvasSubmission, Reply
from grader.push.session import PageGuard, PlatformSession, Refusal
from grader.reporting.published import PublishedClass, PublishedReport
from grader.reporting.safe_text import format_points

Model = TypeVar("Model", bound=Reply)

TOKEN_VARIABLE = "GRADER_CANVAS_TOKEN"
# Comments are long, and Rails accepts 4 MB and 4,096 fields in one request.
BULK = 100
POLL_SECONDS = 2.0
JOB_SECONDS = 600
# Refusals that may concern one student while the others are accepted.
_PERSONAL = {400, 404, 409, 422}
_PAGE = TypeAdapter(list[CanvasSubmission])
_LIST = {"include[]": "submission_comments", "per_page": "100"}
_ADVICE = {
    400: "it does not understand the request: check --course-id and --assignment-id",
    401: f"the token is not valid there, or no longer; make one in Canvas (Account, Settings) for {TOKEN_VARIABLE}",
    403: "the token's owner may not grade that course; use a token of one of its teachers or assistants",
    404: "no such course or assignment is there; check --url, --course-id and --assignment-id",
    422: "the assignment takes no such grades; check in Canvas that it is published and graded in points",
}


class Canvas:
    """One assignment of one course."""

    name = "Canvas"
    system = "canvas"

    def __init__(self, url: str, token: str, *, course: int, assignment: int) -> None:
        """Raises UsageError for an address that a token may not go to, or for what cannot be a token."""
        if not token.isascii() or not token.isprintable() or " " in token:
            raise UsageError(f"{TOKEN_VARIABLE} or the file does not hold a token: copy it again, as one line")
        root = check_address(url).partition("/api/v1")[0].rstrip("/")
        self._api = f"{root}/api/v1"
        self.to = f"{self._api}/courses/{course}/assignments/{assignment}"
        session = PlatformSession(self.name, root)
        session.headers["Authorization"] = f"Bearer {token}"
        self._connection = Connection(session, _ADVICE)
        self._points = 0.0

    def find_key(self, entry: PublishedReport) -> str:
        """Return Canvas's number of the student from the roster. A label is never one."""
        key = entry.student.keys.get(self.system, "")
        return key if key.isascii() and key.isdigit() else ""

    def connect(self, published: PublishedClass) -> Sequence[str]:
        """Find the assignment and read its points, which are the scale."""
        with self._connection.explain():
            found = self._connection.insist(lambda _: self._call(CanvasAssignment, "GET", self.to))
        self._points = found.points_possible or 0.0
        if not self._points:
            raise UsageError(f"the assignment has no points in Canvas: set them there, then push again ({self.to})")
        if self._points == published.first.max_score:
            return []
        scales = f"{self._points:g} points in Canvas and {published.first.max_score:g} here"
        return [f"the assignment has {scales}: every score is sent as its share of Canvas's points"]

    def read_grades(self) -> Mapping[str, PlatformGrade]:
        """Return every student's grade in Canvas, with the comments."""
        with self._connection.explain():
            return self._connection.insist(lambda _: self._list_grades())

    def send(self, uploads: Sequence[ScoreUpload]) -> Iterator[PlatformReply]:
        """Send all in bulk, then one by one those that are not there."""
        chunks, done = iter(uploads), True
        while chunk := list(islice(chunks, BULK)):
            done = self._update_many(chunk) and done
        grades = self.read_grades() if uploads else {}
        for upload in uploads:
            grade = grades.get(upload.key)
            # A job that failed may have been carried out in part, and the points may have been there before.
            is_there = grade and (grade.has_score(upload) if done else grade.has_all(upload))
            yield PlatformReply(upload, 200) if is_there else self._update_one(upload)

    def close(self) -> None:
        """Close the connection."""
        self._connection.session.close()

    def _call(self, model: type[Model], method: str, url: str, form: Mapping[str, str] | None = None) -> Model:
        response = self._connection.session.request(method, url, data=form)
        return model.model_validate_json(response.content)

    def _list_grades(self) -> dict[str, PlatformGrade]:
        session = self._connection.session
        grades: dict[str, PlatformGrade] = {}
        guard = PageGuard(session.limits)
        url, query = f"{self.to}/submissions", _LIST
        while url:
            guard.enter(url)
            response = session.get(url, params=query)
            page = _PAGE.validate_json(response.content)
            guard.count(len(page))
            grades |= {str(found.user_id): _make_grade(found, self._points) for found in page}
            link = response.links.get("next", {}).get("url", "")
            url, query = urljoin(url, link) if link else "", {}
        return grades

    def _update_many(self, uploads: Sequence[ScoreUpload]) -> bool:
        """Send a bulk update. Return whether Canvas reports that all of it was carried out."""

        def update(attempt: int) -> CanvasProgress | None:
            # Canvas adds a comment every time: do not ask again for what was done although the reply was lost.
            grades = self._list_grades() if attempt else {}
            missing = [
                upload for upload in uploads if upload.key not in grades or not grades[upload.key].has_all(upload)
            ]
            form = {
                f"grade_data[{upload.key}][{field}]": value
                for upload in missing
                for field, value in self._render(upload).items()
            }
            return self._call(CanvasProgress, "POST", f"{self.to}/submissions/update_grades", form) if form else None

        with self._connection.explain():
            try:
                return self._await(self._connection.insist(update))
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
        return False

    def _await(self, job: CanvasProgress | None) -> bool:
        deadline = time.monotonic() + JOB_SECONDS
        url = f"{self._api}/progress/{job.id}" if job else ""
        while job is not None and job.workflow_state in ("queued", "running"):
            if time.monotonic() > deadline:
                raise PlatformFailed(
                    f"{self._connection.place} has not finished a bulk update after {JOB_SECONDS} s: run the same "
                    "command again later; it sends only what is missing by then"
                )
            time.sleep(POLL_SECONDS)
            job = self._connection.insist(lambda _: self._call(CanvasProgress, "GET", url))
        return job is None or job.workflow_state == "completed"

    def _update_one(self, upload: ScoreUpload) -> PlatformReply:
        url = f"{self.to}/submissions/{upload.key}"

        def update(attempt: int) -> None:
            if attempt:
                found = self._call(CanvasSubmission, "GET", f"{url}?include[]=submission_comments")
                if _make_grade(found, self._points).has_all(upload):
                    return
            grade = self._render(upload)
            form = {"submission[posted_grade]": grade["posted_grade"]}
            if upload.comment:
                form["comment[text_comment]"] = upload.comment
            self._call(CanvasSubmission, "PUT", url, form)

        with self._connection.explain():
            try:
                self._connection.insist(update)
            except Refusal as refusal:
                if refusal.status not in _PERSONAL:
                    raise
                return PlatformReply(upload, refusal.status, refusal.reason)
        return PlatformReply(upload, self._connection.session.status)

    def _render(self, upload: ScoreUpload) -> dict[str, str]:
        grade = {"posted_grade": format_points(upload.scale(self._points))}
        return {**grade, "text_comment": upload.comment} if upload.comment else grade


def _make_grade(found: CanvasSubmission, points: float) -> PlatformGrade:
    # `score` has Canvas's own late penalty taken off; `entered_score` is what was sent.
    return PlatformGrade(
        points=found.score if found.entered_score is None else found.entered_score,
        maximum=points,
        comments=tuple(comment.comment or "" for comment in found.submission_comments or []),
        excused=bool(found.excused),
    )
