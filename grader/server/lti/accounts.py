"""The account here that belongs to a person of another site.

The pair of source and subject is what decides. At the first visit a student's account is found by the id that the
institution gave them, and only if that account has no person of the same site yet. An account of staff is never found
by a name: another site must not say who is staff here. An e-mail address is no proof, since people can set it.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from grader.reporting.safe_text import remove_control_characters
from grader.server.audit import note_change
from grader.server.people import MAX_NAME, People, Person, Role
from grader.server.refusals import RequestRefused
from grader.server.schema import IDENTITIES, PEOPLE
from grader.server.store import Store


@dataclass(frozen=True)
class Arrival:
    """A person as another site describes them. `known_as` is the institution's id; empty where none was given."""

    source: str
    subject: str
    role: Role
    name: str = ""
    known_as: str = ""


def find_account(store: Store, arrival: Arrival) -> Person:
    """Return the person's account, which is made where there is none. Raises RequestRefused where they are shut out.

    Someone who was a student keeps that account: a new role elsewhere does not make them staff here.
    """
    with store.write() as connection:
        number = _find_number(connection, arrival)
        if number is None:
            number = _choose_account(connection, arrival)
            values = {"source": arrival.source, "subject": arrival.subject, "person": number}
            connection.execute(insert(IDENTITIES).values(values))
            note_change(connection, arrival.source, "link account", arrival.subject, person=number)
    person = People(store).find_by_number(number)
    if person is None or not person.is_active:
        raise RequestRefused(403, "launch_refused", why="this account was shut out")
    return person


def _find_number(connection: Connection, arrival: Arrival) -> int | None:
    mine = (IDENTITIES.c.source == arrival.source, IDENTITIES.c.subject == arrival.subject)
    found: int | None = connection.scalar(select(IDENTITIES.c.person).where(*mine))
    return found


def _choose_account(connection: Connection, arrival: Arrival) -> int:
    """Return the number of the account that the student has, or that of a new one."""
    known_as = arrival.known_as.strip()
    is_usable = 0 < len(known_as) <= MAX_NAME and remove_control_characters(known_as) == known_as
    row = _find_by_name(connection, known_as) if is_usable else None
    if row is not None and arrival.role is Role.STUDENT and row.role == Role.STUDENT:
        same_site = (IDENTITIES.c.person == row.id, IDENTITIES.c.source == arrival.source)
        if connection.execute(select(IDENTITIES.c.subject).where(*same_site)).first() is None:
            return int(row.id)
    name = known_as
    if not is_usable or row is not None:
        name = f"{arrival.source}-{arrival.subject}"[:MAX_NAME]
        if _find_by_name(connection, name) is not None:
            name = f"{name[: MAX_NAME - 9]}-{secrets.token_hex(4)}"
    full_name = remove_control_characters(arrival.name)[:MAX_NAME]
    values = {"name": name, "role": arrival.role, "full_name": full_name, "created_at": time.time()}
    number: int = connection.execute(insert(PEOPLE).values(values).returning(PEOPLE.c.id)).scalar_one()
    return number


def _find_by_name(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()
