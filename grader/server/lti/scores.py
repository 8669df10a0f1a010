"""Scores go back to the platforms as soon as they are final, by the code of `grader push lti`.

The run's log says what each column has, so that a restart or a failure sends nothing twice and leaves nothing out. A
run is looked at again when a report of it has changed, no matter who changed it.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from grader.model.errors import GraderError, UsageError
from grader.push.delivery import PushOptions, PushResult, push_run
from grader.push.lti import Lti
from grader.push.lti_roster import fetch_members
from grader.reporting.published import ExportOptions
from grader.server.lti.accounts import Arrival, find_account
from grader.server.lti.launch import choose_role
from grader.server.lti.links import GradeColumn, add_member, list_columns, make_roster
from grader.server.lti.platforms import LtiCourse
from grader.server.lti.tool import LtiTool
from grader.server.people import Role
from grader.server.refusals import RequestRefused

LOG = logging.getLogger("grader.server")
LOOK_SECONDS = 2.0
# A push reads every report of the class: it may take a tenth of the time at most.
SHARE = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 600.0


@dataclass
class _Progress:
    """The scores pushed to one column, and when it may be its turn again."""

    mark: object = None
    not_before: float = 0.0
    failures: int = 0


@dataclass
class ScoreSender(threading.Thread):
    """Sends what is new, column by column, until it is stopped."""

    tool: LtiTool
    clock: Callable[[], float] = time.monotonic
    _progress: dict[GradeColumn, _Progress] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        super().__init__(name="scores", daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Look for new scores again and again."""
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.send_new()
            except GraderError as error:
                LOG.error("scores: %s", error)
            except Exception:
                LOG.exception("scores cannot be sent at present")

    def stop(self) -> None:
        """Send no more; what is under way ends by itself, or with the process."""
        self._stopping.set()

    def send_new(self) -> int:
        """Send what each column does not have yet, and return the number of scores."""
        return sum(self._send(column) for column in list_columns(self.tool.store))

    def push(
        self, column: GradeColumn, on_line: Callable[[str], None], *, dry_run: bool = False, again: bool = False
    ) -> PushResult:
        """Push to a column as `grader push lti` does, one push at a time. Raises UsageError and PlatformFailed."""
        platform = self.tool.platforms.find(column.platform)
        if platform is None:
            raise UsageError("this platform was removed")
        export = ExportOptions(roster=make_roster(self.tool.store, platform, column.context))
        site, key = self.tool.open_site(platform, column.lineitem, column.lineitems)
        run = self.tool.data.open_run(column.assignment)
        with self._turn:
            return push_run(run.folder, Lti(site, key), PushOptions(export, dry_run=dry_run, again=again), on_line)

    def _send(self, column: GradeColumn) -> int:
        progress = self._progress.setdefault(column, _Progress())
        run = self.tool.data.open_run(column.assignment)
        platform = self.tool.platforms.find(column.platform)
        began = self.clock()
        if platform is None or began < progress.not_before or not any(run.reports.glob("*.json")):
            return 0
        roster = make_roster(self.tool.store, platform, column.context)
        reported = {path.stat().st_mtime_ns for path in run.reports.glob("*.json")}
        mark = (max(reported), len(reported), roster.students)
        if mark == progress.mark or not {each.id for each in roster.students} & set(run.list_students()):
            return 0
        try:
            result = self.push(column, lambda line: LOG.info("scores: %s", line))
        except GraderError as error:
            pause = min(FIRST_PAUSE * 2**progress.failures, LONGEST_PAUSE)
            progress.failures, progress.not_before = progress.failures + 1, self.clock() + pause
            LOG.error("scores of %s: %s; tried again in %.0f s", column.assignment, error, pause)
            return 0
        for refused in result.refused:
            LOG.warning("scores of %s: %s", column.assignment, refused)
        progress.mark, progress.failures = mark, 0
        progress.not_before = began + SHARE * (self.clock() - began)
        return result.sent


def fetch_roster(tool: LtiTool, course: LtiCourse) -> int:
    """Give every student of a course an account, and return their number. Raises UsageError and PlatformFailed."""
    platform = tool.platforms.find(course.platform)
    if platform is None or not course.memberships:
        raise UsageError("the platform has not named a list of members: launch the tool from the course once")
    site, key = tool.open_site(platform)
    count = 0
    for member in fetch_members(site, key, platform.check_service(course.memberships)):
        try:
            role = choose_role(member.roles)
        except RequestRefused:
            continue  # a guest or an observer, who has no place here
        if role is not Role.STUDENT or member.status == "Deleted":
            continue
        known_as, name = member.lis_person_sourcedid or "", member.name or ""
        try:
            find_account(tool.store, Arrival(platform.source, member.user_id, role, name, known_as))
        except RequestRefused:
            continue  # shut out here, and still a member there
        with tool.store.write() as connection:
            add_member(connection, platform, course.context, member.user_id)
        count += 1
    return count
