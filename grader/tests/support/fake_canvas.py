"""A Canvas on this machine that keeps grades, comments and jobs."""

import re
from pathlib import Path
from typing import Any

import pytest

from grader.tests.support.push_server import FakePlatform, Reply, Request

TOKEN = "1234~sekrit"
ASSIGNMENT = "/api/v1/courses/5/assignments/9"


class FakeCanvas(FakePlatform):
    """One assignment, pages of two submissions, and jobs that are done when they are asked about twice.

    Students S001 and S002 have an id there, S003 has none, and the report of S004 is a grader fault.
    """

    command, name, secret = "canvas", "Canvas", TOKEN
    keys = {"S001": "1234", "S002": "77"}
    roster = "id,name,canvas\nS001,Jane Doe,1234\nS002,홍길동,77\nS003,Kim,\nS004,Lee,88\n"
    writes = ("POST", "update_grades$")
    listing = "/submissions$"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.points = 100.0
        self.submissions = {user: self.make_submission(user) for user in ("12", "77", "88", "1234")}
        self.jobs: list[dict[str, Any]] = []

    def make_submission(self, user: str) -> dict[str, Any]:
        """One without a grade."""
        return {
            "user_id": int(user),
            "assignment_id": 9,
            "score": None,
            "entered_score": None,
            "submission_comments": [],
        }

    def answer(self, request: Request) -> Reply:
        """Answer as Canvas documents it."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            errors = {"errors": [{"message": "Invalid access token."}]}
            return Reply(401, errors, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
        path = request.path.removeprefix(ASSIGNMENT)
        if request.path.startswith("/api/v1/progress/"):
            return self.show_job(int(request.path.rpartition("/")[2]))
        if path == "" and request.method == "GET":
            return Reply(body={"id": 9, "course_id": 5, "points_possible": self.points})
        if path == "/submissions/update_grades" and request.method == "POST":
            return self.start_job(request.form)
        if path == "/submissions" and request.method == "GET":
            return self.list_submissions(int(request.query.get("page", ["1"])[0]))
        if path.startswith("/submissions/"):
            return self.touch(path.rpartition("/")[2], request)
        return Reply(404, {"errors": [{"message": "The specified resource does not exist."}]})

    def list_submissions(self, page: int) -> Reply:
        """A page, and where the next one is."""
        found = list(self.submissions.values())
        link = f'<{self.url}{ASSIGNMENT}/submissions?page={page + 1}>; rel="next"'
        return Reply(body=found[2 * page - 2 : 2 * page], headers={"Link": link} if 2 * page < len(found) else {})

    def start_job(self, form: dict[str, str]) -> Reply:
        """Carry it out at once for the users who are known, and say so later."""
        grades: dict[str, dict[str, str]] = {}
        for name, value in form.items():
            user, field = re.fullmatch(r"grade_data\[(\d+)\]\[(\w+)\]", name).groups()  # type: ignore[union-attr]
            grades.setdefault(user, {})[field] = value
        for user in grades.keys() & self.submissions.keys():
            self.give(user, grades[user]["posted_grade"], grades[user].get("text_comment"))
        missing = sorted(grades.keys() - self.submissions.keys())
        message = f"Couldn't find User(s) with API ids '{', '.join(missing)}'" if missing else ""
        self.jobs.append({"states": ["running", "failed" if missing else "completed"], "message": message})
        return Reply(body={"id": len(self.jobs), "workflow_state": "queued", "completion": 0})

    def show_job(self, number: int) -> Reply:
        """Its state, and once it is done always that."""
        job = self.jobs[number - 1]
        state = job["states"].pop(0) if len(job["states"]) > 1 else job["states"][0]
        return Reply(body={"id": number, "workflow_state": state, "message": job["message"]})

    def touch(self, user: str, request: Request) -> Reply:
        """One student's submission."""
        if user not in self.submissions:
            return Reply(404, {"errors": [{"message": "The specified resource does not exist."}]})
        if request.method == "PUT":
            self.give(user, request.form["submission[posted_grade]"], request.form.get("comment[text_comment]"))
        return Reply(body=self.submissions[user])

    def give(self, user: str, grade: str, comment: str | None) -> None:
        """A grade replaces, a comment is added."""
        self.submissions[user] |= {"score": float(grade), "entered_score": float(grade)}
        if comment:
            self.submissions[user]["submission_comments"].append({"comment": comment})

    @property
    def to(self) -> str:
        """Return the address that scores go to, as the log records it."""
        return self.url + ASSIGNMENT

    def store_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the token into the environment."""
        monkeypatch.setenv("GRADER_CANVAS_TOKEN", TOKEN)

    def forget_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the token away."""
        monkeypatch.delenv("GRADER_CANVAS_TOKEN")

    def list_options(self) -> list[object]:
        """Options of `grader push canvas`."""
        return ["--url", self.url, "--course-id", 5, "--assignment-id", 9]

    def read_scores(self) -> dict[str, float]:
        """Return each student's points, by the id in the report."""
        scores = {student: self.submissions.get(key, {}).get("score") for student, key in self.keys.items()}
        return {student: score for student, score in scores.items() if score is not None}

    def read_comments(self, student: str) -> list[str]:
        """Return the comments that a student sees."""
        return [comment["comment"] for comment in self.submissions[self.keys[student]]["submission_comments"]]

    def list_changed(self) -> list[str]:
        """Return the keys of the students whose grade was written since the requests were cleared."""
        found = [re.findall(r"grade_data\[(\d+)\]\[posted_grade\]", " ".join(r.form)) for r in self.list_writes()]
        return [key for keys in found for key in keys]
