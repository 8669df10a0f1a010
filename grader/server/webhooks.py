"""Tell other systems that a submission is graded: a signed POST, kept in the database until it was taken.

A receiver checks `X-Grader-Signature: sha256=HEX`, the HMAC of the body under the webhook's secret. The body holds no
score: the receiver asks the API for it, as a person with a role.
"""

import hashlib
import hmac
import json
import logging
import secrets
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import urlsplit

from sqlalchemy import Connection, delete, insert, select, update

from grader.model.report import GradeReport
from grader.server.queue import Queued
from grader.server.refusals import RequestRefused
from grader.server.schema import DELIVERIES, WEBHOOKS
from grader.server.store import Store
from grader.student.hand_in import NoRedirects

LOG = logging.getLogger("grader.server")
TIMEOUT = 10.0
MOST_TRIES = 8
AT_ONCE = 20
FIRST_PAUSE = 10.0


@dataclass(frozen=True)
class Webhook:
    """An address that receives a message for every graded submission, and the secret of its signatures."""

    id: int
    url: str
    secret: str


def list_webhooks(store: Store) -> list[Webhook]:
    """Return every webhook."""
    with store.read() as connection:
        return [Webhook(row.id, row.url, row.secret) for row in connection.execute(select(WEBHOOKS))]


def add_webhook(connection: Connection, url: str) -> None:
    """Add an address. Raises RequestRefused for one that is no web address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise RequestRefused(422, "bad_input", why="a webhook's address begins with https:// or http://")
    connection.execute(insert(WEBHOOKS).values(url=url, secret=secrets.token_hex(32)))


def remove_webhook(connection: Connection, number: int) -> None:
    """Remove an address and what waits for it."""
    connection.execute(delete(DELIVERIES).where(DELIVERIES.c.webhook == number))
    connection.execute(delete(WEBHOOKS).where(WEBHOOKS.c.id == number))


def plan_deliveries(connection: Connection, done: Queued, report: GradeReport) -> None:
    """Add a message for every webhook, in the transaction that notes the end of a submission."""
    event = {
        "event": "graded",
        "id": done.id,
        "assignment": done.assignment,
        "student": done.student,
        "status": done.status,
        "at": time.time(),
    }
    for number in connection.scalars(select(WEBHOOKS.c.id)).all():
        values = {"webhook": number, "body": json.dumps(event, ensure_ascii=False), "next_at": time.time()}
        connection.execute(insert(DELIVERIES).values(values))


def deliver(store: Store) -> int:
    """Send what is due, and return how many messages were taken. What is refused is tried again, ever later."""
    due = (
        select(DELIVERIES, WEBHOOKS.c.url, WEBHOOKS.c.secret)
        .join(WEBHOOKS, WEBHOOKS.c.id == DELIVERIES.c.webhook)
        .where(DELIVERIES.c.outcome == "", DELIVERIES.c.next_at <= time.time())
        .order_by(DELIVERIES.c.next_at)
        .limit(AT_ONCE)
    )
    with store.read() as connection:
        rows = connection.execute(due).all()
    taken = 0
    for row in rows:
        trouble = post_signed(row.url, row.secret, row.body.encode())
        taken += not trouble
        tries = row.tries + 1
        outcome = "" if trouble and tries < MOST_TRIES else trouble or "taken"
        values = {"tries": tries, "outcome": outcome[:200], "next_at": time.time() + FIRST_PAUSE * 4**row.tries}
        if trouble:
            LOG.warning("webhook %s: %s (try %d of %d)", row.webhook, trouble, tries, MOST_TRIES)
        with store.write() as connection:
            connection.execute(update(DELIVERIES).where(DELIVERIES.c.id == row.id).values(values))
    return taken


def sign(secret: str, body: bytes) -> str:
    """Return the signature of a body, as the header has it."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post_signed(url: str, secret: str, body: bytes) -> str:
    """Send a body, and return why it was not taken; an empty string where it was."""
    headers = {"Content-Type": "application/json", "X-Grader-Signature": sign(secret, body)}
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT):
            return ""
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
