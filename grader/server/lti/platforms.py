"""The learning platforms that people may come from, and which of their courses are this one.

A platform has many courses, and each has teachers of its own. So a teacher is staff here only if their course was
admitted. The first course from which a teacher opens the service is admitted by that; an owner admits every other.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from grader.model.errors import UsageError
from grader.push.address import check_address, find_origin
from grader.server.audit import note_change
from grader.server.schema import IDENTITIES, LTI_COURSES, LTI_LINKS, LTI_MEMBERS, PLATFORMS
from grader.server.store import Store

MOST_LETTERS = 2000


@dataclass(frozen=True)
class LtiPlatform:
    """The registration of the service in one platform."""

    id: int
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    audience: str = ""

    @property
    def source(self) -> str:
        """Return the source of its people's ids."""
        return f"lti{self.id}"

    @property
    def origins(self) -> set[str]:
        """Return the web origins that belong to it, to name them in headers."""
        own = [self.issuer] if self.issuer.startswith("https://") else []
        return {write_origin(url) for url in (*own, self.auth_url, self.token_url)}

    def check_service(self, url: str) -> str:
        """Return the address of one of its services. Raises UsageError for one that no token may go to.

        An address on this machine is taken only if the platform itself is on this machine.
        """
        if check_address(url).startswith("http:") and find_origin(url)[1] != find_origin(self.token_url)[1]:
            raise UsageError(f"{url!r} is on this machine, the platform is not: it must name an address of its own")
        return url


@dataclass(frozen=True)
class LtiCourse:
    """A course of a platform that was admitted, in one deployment of the tool."""

    platform: int
    deployment: str
    context: str
    title: str = ""
    memberships: str = ""


@dataclass(frozen=True)
class Platforms:
    """Every platform that was registered."""

    store: Store

    def list_all(self) -> list[LtiPlatform]:
        """Return every platform."""
        with self.store.read() as connection:
            return [_to_platform(row) for row in connection.execute(select(PLATFORMS).order_by(PLATFORMS.c.id))]

    def find(self, number: int) -> LtiPlatform | None:
        """Return the platform with that number."""
        return next((each for each in self.list_all() if each.id == number), None)

    def find_by_issuer(self, issuer: str, client_id: str = "") -> LtiPlatform | None:
        """Return a platform; without a client id only if the issuer has a single one."""
        found = [each for each in self.list_all() if each.issuer == issuer and client_id in ("", each.client_id)]
        return found[0] if len(found) == 1 else None

    def add(self, actor: str, **values: str) -> LtiPlatform:
        """Add a platform. Raises UsageError for an address that is not encrypted, or where it is there already."""
        for name in ("auth_url", "token_url", "jwks_url"):
            check_address(values[name])
        if not all(0 < len(values[name]) <= MOST_LETTERS for name in ("issuer", "client_id")):
            raise UsageError(f"a platform has an issuer and a client id of 1 to {MOST_LETTERS} characters")
        with self.store.write() as connection:
            mine = (PLATFORMS.c.issuer == values["issuer"], PLATFORMS.c.client_id == values["client_id"])
            if connection.execute(select(PLATFORMS.c.id).where(*mine)).first() is not None:
                raise UsageError(f"{values['issuer']} with client id {values['client_id']} is there already")
            connection.execute(insert(PLATFORMS).values(**values))
            note_change(connection, actor, "add platform", values["issuer"], client_id=values["client_id"])
            return _to_platform(connection.execute(select(PLATFORMS).where(*mine)).one())

    def remove(self, actor: str, platform: LtiPlatform) -> None:
        """Remove a platform and what belongs to it; the people and their work stay."""
        with self.store.write() as connection:
            for table in (LTI_LINKS, LTI_MEMBERS, LTI_COURSES):
                connection.execute(delete(table).where(table.c.platform == platform.id))
            connection.execute(delete(IDENTITIES).where(IDENTITIES.c.source == platform.source))
            connection.execute(delete(PLATFORMS).where(PLATFORMS.c.id == platform.id))
            note_change(connection, actor, "remove platform", platform.issuer)

    def list_courses(self, platform: LtiPlatform) -> list[LtiCourse]:
        """Return the courses of a platform that were admitted."""
        query = select(LTI_COURSES).where(LTI_COURSES.c.platform == platform.id)
        with self.store.read() as connection:
            return [_to_course(row) for row in connection.execute(query)]

    def admit(self, actor: str, course: LtiCourse) -> None:
        """Admit a course of a platform."""
        with self.store.write() as connection:
            add_course(connection, actor, course)

    def note_memberships(self, course: LtiCourse, title: str, address: str) -> None:
        """Keep what a launch says of a course."""
        mine = (LTI_COURSES.c.platform == course.platform, LTI_COURSES.c.context == course.context)
        with self.store.write() as connection:
            connection.execute(
                update(LTI_COURSES)
                .where(*mine, LTI_COURSES.c.deployment == course.deployment)
                .values(title=title[:MOST_LETTERS], memberships=address)
            )


def add_course(connection: Connection, actor: str, course: LtiCourse) -> None:
    """Admit a course within a transaction."""
    mine = (LTI_COURSES.c.platform == course.platform, LTI_COURSES.c.context == course.context)
    connection.execute(delete(LTI_COURSES).where(*mine, LTI_COURSES.c.deployment == course.deployment))
    values = {"platform": course.platform, "deployment": course.deployment, "context": course.context}
    connection.execute(insert(LTI_COURSES).values(**values, title=course.title[:MOST_LETTERS]))
    note_change(connection, actor, "admit course", course.context, **values)


def write_origin(url: str) -> str:
    """Return the origin of an address as headers name it. Raises UsageError for what is no web address."""
    scheme, host, port = find_origin(check_address(url))
    usual = {"https": 443, "http": 80}[scheme] == port
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{port}"


def _to_platform(row: Row[Any]) -> LtiPlatform:
    return LtiPlatform(row.id, row.issuer, row.client_id, row.auth_url, row.token_url, row.jwks_url, row.audience)


def _to_course(row: Row[Any]) -> LtiCourse:
    return LtiCourse(row.platform, row.deployment, row.context, row.title, row.memberships)
