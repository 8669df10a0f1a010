"""A service on the toy course, graded by a fake worker in this process, and clients that are signed in."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.testclient import TestClient

from grader.classroom.batch import BatchOptions
from grader.classroom.executor import Task, TaskResult
from grader.model.course import Course
from grader.server.app import create_app
from grader.server.people import Role
from grader.server.service import Service, open_service
from grader.server.settings import DataFolder, UploadLimits
from grader.server.workshop import GradingOptions
from grader.tests.support.fake_class import FakeExecutor, answer, open_fake_executor
from grader.tests.support.fake_worker import make_report

ORIGIN = "http://testserver"
PATIENCE = 30.0
LIMITS = UploadLimits(bytes_at_once=100_000, files_at_once=3, per_hour=1000, free_bytes=0)


def grade_by_comment(task: Task) -> TaskResult:
    """Give the points that the submission asks for in its first line, as in `# score 40`; else all of them."""
    path = task.job.path
    text = (path if path.is_file() else sorted(path.iterdir())[0]).read_text(encoding="utf-8", errors="replace")
    words = text.partition("\n")[0].split()
    score = float(words[2]) if words[:2] == ["#", "score"] else 100.0
    return answer(task, make_report(task.job.student, score=score))


@contextmanager
def open_fake(options: BatchOptions) -> Iterator[FakeExecutor]:
    """Give an executor that grades by the submission's first line."""
    with open_fake_executor(grade_by_comment, options) as executor:
        yield executor


@contextmanager
def open_toy_service(course: Path, data: Path, store: str | None = None) -> Iterator[Service]:
    """Give a running service."""
    options = GradingOptions(store=store)
    with open_service(Course(course), DataFolder(data), options, limits=LIMITS, open_executor=open_fake) as service:
        yield service


class FakeSite:
    """The pages and the API of one service, as different people see them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.app = create_app(service)

    def visit(self) -> TestClient:
        """Return a client of someone who is not signed in."""
        return TestClient(self.app, follow_redirects=False, headers={"Accept-Language": "en"})

    def call_as(self, name: str, role: Role = Role.STUDENT) -> TestClient:
        """Return a client that sends a token."""
        token = self.service.people.create_token(self.service.people.add(name, role))
        client = self.visit()
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def sign_in(self, name: str, role: Role = Role.STUDENT) -> TestClient:
        """Return a client with a session, which sends the form's token along as the page's script does."""
        people = self.service.people
        code = people.create_link(people.add(name, role))
        client = self.visit()
        assert client.post(f"/sign-in/{code}").status_code == 303
        caller = people.find_session(client.cookies["grader_session"])
        assert caller is not None
        client.headers["X-CSRF-Token"] = caller.csrf
        return client

    def hand_in(self, client: TestClient, text: str = "# score 100", assignment: str = "toy") -> str:
        """Hand in by the API and return the submission's id."""
        files = [("file", ("toy.py", f"{text}\ndef double(number):\n    return 2\n".encode()))]
        reply = client.post(f"/api/v1/assignments/{assignment}/submissions", files=files)
        assert reply.status_code == 202, reply.text
        return str(reply.json()["id"])

    def await_result(self, submission: str) -> None:
        """Wait until a submission has its result."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.service.queue.find(submission)
            if found is not None and found.is_final:
                return
            time.sleep(0.01)
        raise AssertionError(f"{submission} has no result: {self.service.workshop.list_troubles()}")
