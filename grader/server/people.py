"""People, their roles, and the three secrets that stand for them: tokens, one-time links and sessions.

A secret has 256 random bits and is kept as its SHA-256 digest: who reads the database cannot sign in with it. There is
nothing to guess and nothing to stretch, so that one plain digest is enough.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update

from grader.model.errors import UsageError
from grader.model.languages import find_language
from grader.reporting.safe_text import remove_control_characters
from grader.server.schema import PEOPLE, SESSIONS, TOKENS
from grader.server.store import Store

HOUR = 3600.0
DAY = 24 * HOUR
LINK_SECONDS = 2 * DAY
# A session ends after so long without a request, and after so long in any case.
IDLE_SECONDS = 12 * HOUR
LONGEST_SESSION = 7 * DAY
# A session's last use is written down only so often.
SEEN_EVERY = 60.0
MAX_NAME = 200


class Role(StrEnum):
    """The role of a person; `permissions` says what it may do."""

    OWNER = "owner"
    STAFF = "staff"
    GRADER = "grader"
    STUDENT = "student"


@dataclass(frozen=True)
class Person:
    """Someone with an account. `name` is a student's id, as in reports and rosters; `language` is the roster's."""

    id: int
    name: str
    role: Role
    full_name: str = ""
    is_active: bool = True
    more_per_hour: int = 0
    language: str = ""

    @property
    def is_staff(self) -> bool:
        """Tell whether the person sees the whole class."""
        return self.role is not Role.STUDENT


@dataclass(frozen=True)
class Visitor:
    """The person behind a request; `csrf` and `session` are empty where a token was sent along."""

    person: Person
    csrf: str = ""
    session: str = ""


@dataclass(frozen=True)
class People:
    """Everyone with an account, as the database has them."""

    store: Store

    def find(self, name: str) -> Person | None:
        """Return the person of that name."""
        return self._find_one(select(PEOPLE).where(PEOPLE.c.name == name))

    def find_by_number(self, number: int) -> Person | None:
        """Return the person with that number."""
        return self._find_one(select(PEOPLE).where(PEOPLE.c.id == number))

    def list_all(self, *roles: Role) -> list[Person]:
        """Return everyone with one of these roles, by name."""
        with self.store.read() as connection:
            rows = connection.execute(select(PEOPLE).where(PEOPLE.c.role.in_(roles or list(Role))))
            return sorted(map(_to_person, rows), key=lambda person: person.name)

    def add(self, name: str, role: Role, full_name: str = "", language: str = "") -> Person:
        """Return the person of that name, who is added where there is none. Raises UsageError for another's name."""
        name = check_name(name)
        with self.store.write() as connection:
            row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).first()
            if row is None:
                values = {"name": name, "role": role, "full_name": full_name[:MAX_NAME], "created_at": time.time()}
                connection.execute(insert(PEOPLE).values(**values, language=find_language(language) or ""))
                row = connection.execute(select(PEOPLE).where(PEOPLE.c.name == name)).one()
        person = _to_person(row)
        if (person.role is Role.STUDENT) != (role is Role.STUDENT):
            raise UsageError(f"{name!r} is the name of a {person.role}: choose another name")
        return person

    def change(self, person: Person, **values: object) -> None:
        """Change fields of a person. Someone who is shut out, or has another role, must sign in again."""
        with self.store.write() as connection:
            connection.execute(update(PEOPLE).where(PEOPLE.c.id == person.id).values(values))
            if "role" in values or values.get("is_active") is False:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person.id))

    def create_token(self, person: Person) -> str:
        """Return a new token for the API and for signing in. It holds until it is revoked."""
        return self._create_secret(person, "token", None)

    def create_link(self, person: Person, kind: str = "link", seconds: float = LINK_SECONDS) -> str:
        """Return the code of a link that works once: to sign in, or for another kind of task."""
        return self._create_secret(person, kind, time.time() + seconds)

    def revoke_tokens(self, person: Person) -> None:
        """Make every token, link and session of a person void."""
        with self.store.write() as connection:
            connection.execute(delete(TOKENS).where(TOKENS.c.person == person.id))
            connection.execute(delete(SESSIONS).where(SESSIONS.c.person == person.id))

    def find_by_token(self, token: str) -> Person | None:
        """Return the person whose token this is."""
        query = select(PEOPLE).join(TOKENS, TOKENS.c.person == PEOPLE.c.id)
        person = self._find_one(query.where(TOKENS.c.digest == digest_secret(token), TOKENS.c.kind == "token"))
        return person if person is not None and person.is_active else None

    def redeem_link(self, code: str, kind: str = "link") -> Person | None:
        """Return the person whose link this is, once: the link is void from then on."""
        query = update(TOKENS).where(TOKENS.c.digest == digest_secret(code), TOKENS.c.kind == kind)
        query = query.where(TOKENS.c.used_at.is_(None), TOKENS.c.expires_at > time.time())
        with self.store.write() as connection:
            if connection.execute(query.values(used_at=time.time())).rowcount != 1:
                return None
            owner = select(TOKENS.c.person).where(TOKENS.c.digest == digest_secret(code)).scalar_subquery()
            row = connection.execute(select(PEOPLE).where(PEOPLE.c.id == owner)).one()
        person = _to_person(row)
        return person if person.is_active else None

    def has_owner(self) -> bool:
        """Tell whether an owner has signed in by a link, or has a token to do so."""
        proof = (TOKENS.c.kind == "token") | ((TOKENS.c.kind == "link") & TOKENS.c.used_at.is_not(None))
        query = select(PEOPLE).join(TOKENS, TOKENS.c.person == PEOPLE.c.id).where(PEOPLE.c.role == Role.OWNER, proof)
        return self._find_one(query) is not None

    def open_session(self, person: Person) -> str:
        """Return the secret of a new session."""
        secret, now = secrets.token_urlsafe(32), time.time()
        row = {
            "digest": digest_secret(secret),
            "person": person.id,
            "csrf": secrets.token_hex(32),
            "created_at": now,
            "seen_at": now,
        }
        with self.store.write() as connection:
            connection.execute(insert(SESSIONS).values(row))
        return secret

    def find_session(self, secret: str) -> Visitor | None:
        """Return the person of a session that has not ended."""
        digest, now = digest_secret(secret), time.time()
        began = SESSIONS.c.created_at.label("session_began")
        query = select(PEOPLE, SESSIONS.c.csrf, SESSIONS.c.seen_at, began)
        query = query.join(SESSIONS, SESSIONS.c.person == PEOPLE.c.id)
        with self.store.read() as connection:
            row = connection.execute(query.where(SESSIONS.c.digest == digest)).first()
        if row is None or now - row.seen_at > IDLE_SECONDS or now - row.session_began > LONGEST_SESSION:
            return None
        if now - row.seen_at > SEEN_EVERY:
            with self.store.write() as connection:
                connection.execute(update(SESSIONS).where(SESSIONS.c.digest == digest).values(seen_at=now))
        person = _to_person(row)
        return Visitor(person, row.csrf, digest) if person.is_active else None

    def end_session(self, digest: str) -> None:
        """End one session."""
        with self.store.write() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))

    def forget_ended(self) -> None:
        """Delete sessions and links that have ended."""
        now = time.time()
        with self.store.write() as connection:
            ended = (SESSIONS.c.seen_at < now - IDLE_SECONDS) | (SESSIONS.c.created_at < now - LONGEST_SESSION)
            connection.execute(delete(SESSIONS).where(ended))
            connection.execute(delete(TOKENS).where(TOKENS.c.expires_at < now, TOKENS.c.used_at.is_(None)))

    def _create_secret(self, person: Person, kind: str, expires_at: float | None) -> str:
        # Letters and digits only: a table marks a leading hyphen as a formula, and mail cuts it off the end of a link.
        secret = secrets.token_hex(32)
        row = {"digest": digest_secret(secret), "person": person.id, "kind": kind, "created_at": time.time()}
        with self.store.write() as connection:
            connection.execute(insert(TOKENS).values(**row, expires_at=expires_at))
        return secret

    def _find_one(self, query: Select[Any]) -> Person | None:
        with self.store.read() as connection:
            row = connection.execute(query).first()
        return _to_person(row) if row is not None else None


def digest_secret(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def check_name(name: str) -> str:
    """Return a name without surrounding space. Raises UsageError for one that no report could have."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or remove_control_characters(name) != name:
        raise UsageError(f"{name[:40]!r} is no name for a person: use 1 to {MAX_NAME} ordinary characters")
    return name


def _to_person(row: Row[Any]) -> Person:
    return Person(row.id, row.name, Role(row.role), row.full_name, bool(row.is_active), row.more_per_hour, row.language)
