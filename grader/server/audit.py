"""The audit log: who changed what, and when. Rows are added in the transaction of the change, and never changed."""

import json
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select

from grader.server.schema import AUDIT
from grader.server.store import Store

PAGE = 500


@dataclass(frozen=True)
class AuditRow:
    """One change, as the log has it."""

    at: float
    actor: str
    action: str
    subject: str
    detail: str


def note_change(connection: Connection, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Add a row within a transaction."""
    text = json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str) if detail else ""
    values = {"at": time.time(), "actor": actor, "action": action, "subject": subject, "detail": text}
    connection.execute(insert(AUDIT).values(values))


def note_alone(store: Store, actor: str, action: str, subject: str, **detail: Any) -> None:
    """Add a row for a change that was not made in this database."""
    with store.write() as connection:
        note_change(connection, actor, action, subject, **detail)


def list_changes(store: Store, limit: int = PAGE) -> list[AuditRow]:
    """Return the last changes, the newest first."""
    with store.read() as connection:
        rows = connection.execute(select(AUDIT).order_by(AUDIT.c.id.desc()).limit(limit))
        return [AuditRow(row.at, row.actor, row.action, row.subject, row.detail) for row in rows]
