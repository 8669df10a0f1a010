"""The tables of a service, in SQLite or PostgreSQL. Times are seconds since 1970, so that both keep them the same way.

The grades are not here: they are in the gradebook of each run.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
    text,
    update,
)

from grader.model.errors import UsageError

# 2: the tables of other sites that people sign in from. 3: regrades. 4: the language of a person.
SERVER_VERSION = 4

METADATA = MetaData()
VERSION = Table(
    "server_version", METADATA, Column("version", Integer, nullable=False), Column("site", Text, nullable=False)
)
PEOPLE = Table(
    "server_people",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("full_name", Text, nullable=False, default=""),
    Column("role", String(16), nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("more_per_hour", Integer, nullable=False, default=0),
    Column("created_at", Float, nullable=False),
    Column("language", String(8), nullable=False, default="", server_default=""),
)
# A token or a link is kept as its digest only.
TOKENS = Table(
    "server_tokens",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("person", Integer, ForeignKey("server_people.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("used_at", Float),
)
SESSIONS = Table(
    "server_sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("person", Integer, ForeignKey("server_people.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
ASSIGNMENTS = Table(
    "server_assignments",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("is_open", Boolean, nullable=False),
)
EXTENSIONS = Table(
    "server_extensions",
    METADATA,
    Column("assignment", Text, primary_key=True),
    Column("student", Text, primary_key=True),
    Column("days", Float, nullable=False),
)
SUBMISSIONS = Table(
    "server_submissions",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("id", String(24), nullable=False, unique=True),
    Column("assignment", Text, nullable=False),
    Column("student", Text, nullable=False),
    Column("path", Text, nullable=False),  # below uploads/
    Column("files", Text, nullable=False),  # JSON: the names as the student gave them
    Column("size", BigInteger, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("status", String(8), nullable=False),
    Column("queued_at", Float, nullable=False),
    Column("is_superseded", Boolean, nullable=False, default=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("seconds", Float),
    Column("gradings", Integer, nullable=False, default=0),
    Column("score", Float),
    Column("max_score", Float),
    Index("server_submissions_by_place", "status", "assignment", "is_superseded", "queued_at", "number"),
    Index("server_submissions_by_student", "student", "assignment", "number"),
)
REQUESTS = Table(
    "server_requests",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("submission", String(24), nullable=False),
    Column("assignment", Text, nullable=False),
    Column("student", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("answer", Text, nullable=False, default=""),
    Column("answered_by", Text, nullable=False, default=""),
    Column("answered_at", Float),
)
# `after_row` is the last row of the gradebook before it.
REGRADES = Table(
    "server_regrades",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("assignment", Text, nullable=False),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("submissions", Integer, nullable=False),
    Column("after_row", Integer, nullable=False),
)
AUDIT = Table(
    "server_audit",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Float, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
WEBHOOKS = Table(
    "server_webhooks",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
)
DELIVERIES = Table(
    "server_deliveries",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("webhook", Integer, ForeignKey("server_webhooks.id", ondelete="CASCADE"), nullable=False),
    Column("body", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_at", Float, nullable=False),
    Column("outcome", Text, nullable=False, default=""),
    Index("server_deliveries_by_time", "outcome", "next_at"),
)
# Who someone is elsewhere: `source` is a platform or an OpenID provider, `subject` the person's id there.
IDENTITIES = Table(
    "server_identities",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person", Integer, ForeignKey("server_people.id"), nullable=False),
)
PLATFORMS = Table(
    "server_lti_platforms",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("auth_url", Text, nullable=False),
    Column("token_url", Text, nullable=False),
    Column("jwks_url", Text, nullable=False),
    Column("audience", Text, nullable=False, default=""),
    UniqueConstraint("issuer", "client_id"),
    sqlite_autoincrement=True,  # people's names hold the number: a new platform must not get that of a removed one
)
# The courses of a platform that may use the service, and where a course's members are listed.
LTI_COURSES = Table(
    "server_lti_courses",
    METADATA,
    Column("platform", Integer, ForeignKey("server_lti_platforms.id"), primary_key=True),
    Column("deployment", Text, primary_key=True),
    Column("context", Text, primary_key=True),
    Column("title", Text, nullable=False, default=""),
    Column("memberships", Text, nullable=False, default=""),
)
LTI_MEMBERS = Table(
    "server_lti_members",
    METADATA,
    Column("platform", Integer, ForeignKey("server_lti_platforms.id"), primary_key=True),
    Column("context", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
)
# Which column of the platform's gradebook belongs to which assignment.
LTI_LINKS = Table(
    "server_lti_links",
    METADATA,
    Column("platform", Integer, ForeignKey("server_lti_platforms.id"), primary_key=True),
    Column("context", Text, primary_key=True),
    Column("resource_link", Text, primary_key=True),
    Column("assignment", Text, nullable=False),
    Column("lineitem", Text, nullable=False, default=""),
    Column("lineitems", Text, nullable=False, default=""),
)


def create_tables(connection: Connection, site: str) -> None:
    """Create the tables that are missing. Raises UsageError where they are newer, or of another data folder."""
    if not inspect(connection).has_table(VERSION.name):
        METADATA.create_all(connection)
        connection.execute(insert(VERSION).values(version=SERVER_VERSION, site=site))
    row = connection.execute(select(VERSION)).one()
    if row.version > SERVER_VERSION:
        raise UsageError(
            f"the service's database has version {row.version}, this grader knows {SERVER_VERSION}: use the grader "
            "that made it"
        )
    if row.site != site:
        raise UsageError(
            "this database belongs to another data folder: two services must not grade the same uploads; pass the "
            "folder that it was made with, or another --store"
        )
    if row.version < SERVER_VERSION:
        METADATA.create_all(connection)
        if PEOPLE.c.language.name not in {column["name"] for column in inspect(connection).get_columns(PEOPLE.name)}:
            connection.execute(text("ALTER TABLE server_people ADD COLUMN language VARCHAR(8) NOT NULL DEFAULT ''"))
        connection.execute(update(VERSION).values(version=SERVER_VERSION))
