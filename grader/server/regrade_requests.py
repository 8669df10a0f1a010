"""Regrade requests: what a student thinks was graded wrongly, and the answer by staff."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update

from grader.server.audit import note_change
from grader.server.people import Person
from grader.server.queue import Queued
from grader.server.refusals import RequestRefused
from grader.server.schema import REQUESTS
from grader.server.store import Store

MAX_TEXT = 2000
# Open requests of one submission.
MOST_OPEN = 3
MOST_LISTED = 500


@dataclass(frozen=True)
class RegradeRequest:
    """One request; without `answered_at` it waits."""

    id: int
    submission: str
    assignment: str
    student: str
    text: str
    created_at: float
    answer: str
    answered_by: str
    answered_at: float | None


def add_request(store: Store, queued: Queued, author: Person, text: str) -> None:
    """Keep a request. Raises RequestRefused for an empty one, and where enough of them wait already."""
    text = _check_text(text)
    waits = (REQUESTS.c.submission == queued.id, REQUESTS.c.answered_at.is_(None))
    with store.write() as connection:
        if (connection.scalar(select(func.count()).where(*waits)) or 0) >= MOST_OPEN:
            raise RequestRefused(422, "bad_input", why="your earlier requests are not answered yet")
        values = {"submission": queued.id, "assignment": queued.assignment, "student": queued.student, "text": text}
        connection.execute(insert(REQUESTS).values(**values, created_at=time.time()))
        note_change(connection, author.name, "ask for regrade", f"{queued.assignment} {queued.student}", text=text)


def answer_request_by(store: Store, number: int, author: Person, text: str) -> None:
    """Keep the answer to a request. Raises RequestRefused where there is none of that number."""
    text = _check_text(text)
    with store.write() as connection:
        values = {"answer": text, "answered_by": author.name, "answered_at": time.time()}
        done = connection.execute(update(REQUESTS).where(REQUESTS.c.id == number).values(values))
        if done.rowcount != 1:
            raise RequestRefused(404, "not_found")
        note_change(connection, author.name, "answer request", str(number), text=text)


def list_requests(store: Store, **only: str) -> list[RegradeRequest]:
    """Return requests: those that wait first, then the newest. `only` gives columns and the value that is wanted."""
    query: Any = select(REQUESTS).order_by(REQUESTS.c.answered_at.is_not(None), REQUESTS.c.id.desc()).limit(MOST_LISTED)
    for column, value in only.items():
        query = query.where(REQUESTS.c[column] == value)
    with store.read() as connection:
        return [RegradeRequest(**row) for row in connection.execute(query).mappings()]


def _check_text(text: str) -> str:
    text = text.replace("\0", "").strip()  # which PostgreSQL keeps in no text
    if not text or len(text) > MAX_TEXT:
        raise RequestRefused(422, "bad_input", why=f"a text has 1 to {MAX_TEXT} characters")
    return text
