"""DATA: the folder of a service. Only this module knows what lies where in it."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.classroom.run_folder import RunFolder
from grader.model.errors import UsageError
from grader.reporting.files import lock_file, stage_bytes

MB = 1 << 20


@dataclass(frozen=True)
class UploadLimits:
    """The limits of uploads: one hand-in, a student's hour, and what must stay free on the disk."""

    bytes_at_once: int = 20 * MB
    files_at_once: int = 50
    per_hour: int = 30
    free_bytes: int = 200 * MB

    @property
    def megabytes_at_once(self) -> int:
        """Return the limit of one hand-in as people read it."""
        return self.bytes_at_once // MB


@dataclass(frozen=True)
class ServiceSite:
    """The facts that a service keeps about itself: its course, its database, and the number that ties both together."""

    course: str
    store: str | None = None
    id: str = ""


@dataclass(frozen=True)
class DataFolder:
    """DATA/ with site.json, server.db, uploads/, runs/, keys/ and a lock."""

    root: Path

    @property
    def uploads(self) -> Path:
        """Return the folder that holds a folder for each submission."""
        return self.root / "uploads"

    @property
    def database(self) -> Path:
        """Return the database, which is not there where the service is kept in PostgreSQL."""
        return self.root / "server.db"

    @property
    def runs(self) -> Path:
        """Return the folder that holds the run of each assignment."""
        return self.root / "runs"

    @property
    def keys(self) -> Path:
        """Return the folder that holds the private keys with which the service signs for learning platforms."""
        return self.root / "keys"

    @property
    def oidc(self) -> Path:
        """Return the file with the OpenID provider, which the owner writes."""
        return self.root / "oidc.json"

    @property
    def site(self) -> Path:
        """Return the file that says which course and which database belong to this folder."""
        return self.root / "site.json"

    def open_run(self, assignment: str) -> RunFolder:
        """Return the run of an assignment: the same folder that `grader adjust` and `grader stats` take."""
        return RunFolder(self.runs / assignment)

    def create(self) -> None:
        """Make the folder, for this user only: it holds students' work and grades."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o700)
            for folder in (self.uploads, self.runs, self.keys):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{str(self.root)!r} cannot be used: {error.strerror or error}; choose another folder with --data"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other services away. Raises UsageError where one is running."""
        self.create()
        with (self.root / ".lock").open("a") as file:
            lock_file(file, f"another `grader serve` is running on {str(self.root)!r}: stop it first")
            yield

    def read_site(self) -> ServiceSite:
        """Return what the service remembers. Raises UsageError where the folder belongs to no service."""
        try:
            fields = json.loads(self.site.read_bytes())
            return ServiceSite(course=str(fields["course"]), store=fields.get("store"), id=str(fields.get("id", "")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{str(self.root)!r} is no folder of a service: start `grader serve --data {self.root}` once, or pass "
                "another --data"
            ) from error

    def remember(self, course: Path, store: str | None) -> ServiceSite:
        """Keep the course and the database for the next start and for `grader token`, and return both."""
        known = self.read_site() if self.site.exists() else ServiceSite(str(course))
        site = ServiceSite(str(course), store or known.store, known.id or secrets.token_hex(16))
        if site != known:
            with stage_bytes(self.site, (json.dumps(asdict(site), indent=2) + "\n").encode()):
                pass
            self.site.chmod(0o600)  # the address of a database may hold a password
        return site
