"""The column of a platform's gradebook that belongs to an assignment, and the people in the course of that column."""

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from grader.intake.roster import Roster, Student
from grader.server.lti.launch import LaunchClaims
from grader.server.lti.platforms import LtiPlatform
from grader.server.people import Role
from grader.server.schema import IDENTITIES, LTI_LINKS, LTI_MEMBERS, PEOPLE
from grader.server.store import Store

AGS_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"


@dataclass(frozen=True)
class GradeColumn:
    """A column of one course: the line item itself, or else the list in which it is found or made."""

    platform: int
    context: str
    assignment: str
    lineitem: str
    lineitems: str

    @property
    def key(self) -> str:
        """Return a name for forms that stays the same while other columns come and go."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]


def keep_link(store: Store, platform: LtiPlatform, claims: LaunchClaims, assignment: str) -> None:
    """Keep where the scores of an assignment go, as a launch names it. Raises UsageError for a bad address."""
    may_score = f"{AGS_SCOPE}score" in claims.scopes
    lineitem = platform.check_service(claims.lineitem) if claims.lineitem and may_score else ""
    may_list = may_score and f"{AGS_SCOPE}lineitem" in claims.scopes and not lineitem
    lineitems = platform.check_service(claims.lineitems) if claims.lineitems and may_list else ""
    mine = (
        LTI_LINKS.c.platform == platform.id,
        LTI_LINKS.c.context == claims.context,
        LTI_LINKS.c.resource_link == claims.resource_link,
    )
    values = {"platform": platform.id, "context": claims.context, "resource_link": claims.resource_link}
    with store.write() as connection:
        connection.execute(delete(LTI_LINKS).where(*mine))
        connection.execute(
            insert(LTI_LINKS).values(**values, assignment=assignment, lineitem=lineitem, lineitems=lineitems)
        )


def find_linked_assignment(store: Store, platform: LtiPlatform, claims: LaunchClaims) -> str:
    """Return the assignment of a link that was launched before; empty where there is none."""
    query = select(LTI_LINKS.c.assignment).where(
        LTI_LINKS.c.platform == platform.id,
        LTI_LINKS.c.context == claims.context,
        LTI_LINKS.c.resource_link == claims.resource_link,
    )
    with store.read() as connection:
        return connection.scalar(query) or ""


def add_member(connection: Connection, platform: LtiPlatform, context: str, subject: str) -> None:
    """Note that someone is in a course."""
    values = {"platform": platform.id, "context": context, "subject": subject}
    mine = [LTI_MEMBERS.c[name] == value for name, value in values.items()]
    if connection.execute(select(LTI_MEMBERS).where(*mine)).first() is None:
        connection.execute(insert(LTI_MEMBERS).values(values))


def list_columns(store: Store) -> list[GradeColumn]:
    """Return the columns that scores go to, each once."""
    query = select(LTI_LINKS).where((LTI_LINKS.c.lineitem != "") | (LTI_LINKS.c.lineitems != ""))
    with store.read() as connection:
        rows = connection.execute(query).all()
    return sorted(
        {GradeColumn(row.platform, row.context, row.assignment, row.lineitem, row.lineitems) for row in rows},
        key=lambda column: (column.platform, column.context, column.assignment, column.lineitem),
    )


def make_roster(store: Store, platform: LtiPlatform, context: str) -> Roster:
    """Return the students of a course with their ids on the platform."""
    is_same = (LTI_MEMBERS.c.subject == IDENTITIES.c.subject) & (IDENTITIES.c.source == platform.source)
    query = (
        select(PEOPLE.c.name, PEOPLE.c.full_name, IDENTITIES.c.subject)
        .join(IDENTITIES, IDENTITIES.c.person == PEOPLE.c.id)
        .join(LTI_MEMBERS, is_same)
        .where(LTI_MEMBERS.c.platform == platform.id, LTI_MEMBERS.c.context == context)
        .where(PEOPLE.c.role == Role.STUDENT)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return Roster(tuple(Student(row.name, row.full_name, keys={"lti": row.subject}) for row in rows))
