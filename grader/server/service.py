"""A running service: everything that its routes work with, opened and closed together."""

import logging
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from grader.classroom.batch import OpenExecutor
from grader.classroom.gradebook import Gradebook
from grader.classroom.live import open_gradebook_of
from grader.classroom.run_folder import RunFolder
from grader.model.course import Course
from grader.model.errors import GraderError
from grader.server.announcer import Announcer
from grader.server.assignments import Offer, list_offers
from grader.server.class_view import ClassView
from grader.server.lti.scores import ScoreSender
from grader.server.lti.tool import LtiTool
from grader.server.oidc import OidcProvider, open_provider
from grader.server.people import People
from grader.server.queue import SubmissionQueue
from grader.server.rate_limits import AtOnce, RateLimit
from grader.server.settings import DataFolder, UploadLimits
from grader.server.store import Store, open_store
from grader.server.uploads import remove_unfinished
from grader.server.webhooks import deliver, plan_deliveries
from grader.server.workshop import GradingOptions, Workshop

LOG = logging.getLogger("grader.server")
HOUSEKEEPING_SECONDS = 5.0
# Renewing a summary reads every report of the class.
SUMMARY_ROUNDS = 6


@dataclass
class Service:
    """The parts of a running service."""

    course: Course
    data: DataFolder
    store: Store
    workshop: Workshop
    lti: LtiTool
    scores: ScoreSender
    oidc: OidcProvider | None = None
    limits: UploadLimits = field(default_factory=UploadLimits)
    # Failed attempts to sign in by address, and requests by person.
    sign_ins: RateLimit = field(default_factory=lambda: RateLimit(20, 60))
    requests: RateLimit = field(default_factory=lambda: RateLimit(600, 60))
    # Uploads that arrive, by student: what an hour allows is counted only once an upload is whole.
    arriving: AtOnce = field(default_factory=lambda: AtOnce(3))
    # One comparison of a class at a time.
    inspector: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "inspector"))
    _gradebooks: dict[str, Gradebook] = field(default_factory=dict)
    _views: dict[str, ClassView] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def people(self) -> People:
        """Return everyone with an account."""
        return People(self.store)

    @property
    def queue(self) -> SubmissionQueue:
        """Return the queue of submissions."""
        return self.workshop.queue

    @property
    def announcer(self) -> Announcer:
        """Return what wakes those who watch a submission."""
        return self.workshop.announcer

    @property
    def gradebook_url(self) -> str | None:
        """Return the database of the gradebooks, if they are not in the runs."""
        return self.workshop.options.store

    def open_run(self, assignment: str) -> RunFolder:
        """Return the run of an assignment."""
        return self.data.open_run(assignment)

    def open_gradebook(self, assignment: str) -> Gradebook:
        """Return the gradebook of an assignment, which stays open."""
        with self._lock:
            if assignment not in self._gradebooks:
                self._gradebooks[assignment] = open_gradebook_of(self.open_run(assignment), self.gradebook_url)
            return self._gradebooks[assignment]

    def view_class(self, assignment: str) -> ClassView:
        """Return the reports of an assignment, read again only where they have changed."""
        with self._lock:
            return self._views.setdefault(assignment, ClassView(self.open_run(assignment)))

    def keep_house(self) -> None:
        """Write summaries, send messages and forget what has ended, until the service stops."""
        rounds = 0
        while not self._stopping.wait(HOUSEKEEPING_SECONDS):
            rounds += 1
            try:
                deliver(self.store)
                if rounds % SUMMARY_ROUNDS == 0:
                    self.people.forget_ended()
                    self.renew_summaries()
            except GraderError as error:
                LOG.error("%s", error)

    def renew_summaries(self) -> None:
        """Write the summary of each run with new reports."""
        for name in self.workshop.take_changed_runs():
            run = self.open_run(name)
            if not any(run.reports.glob("*.json")):
                continue
            with run.open(HOUSEKEEPING_SECONDS):
                run.renew_summary()

    def close(self) -> None:
        """End the workers and close the databases."""
        self._stopping.set()
        self.scores.stop()
        self.announcer.close()
        self.workshop.stop()
        self.inspector.shutdown(cancel_futures=True)
        try:
            self.renew_summaries()
        except GraderError as error:
            LOG.error("%s", error)
        for gradebook in self._gradebooks.values():
            gradebook.close()
        self.store.close()


@contextmanager
def open_service(
    course: Course,
    data: DataFolder,
    options: GradingOptions,
    *,
    limits: UploadLimits | None = None,
    open_executor: OpenExecutor | None = None,
) -> Iterator[Service]:
    """Give a service with its workers running. Raises UsageError where another one has the folder."""
    with data.lock():
        site = data.remember(course.root, options.store)
        store = open_store(data, site)
        queue = SubmissionQueue(store)
        remove_unfinished(data.uploads, queue)
        options = GradingOptions(options.jobs, options.isolation, options.dask, site.store, options.lanes)
        workshop = Workshop(
            course, data, queue, options, announcer=Announcer(), on_finished=plan_deliveries,
            open_executor=open_executor,
        )  # fmt: skip
        lti = LtiTool(data, store)
        service = Service(
            course, data, store, workshop, lti, ScoreSender(lti), open_provider(data), limits or UploadLimits()
        )
        for name in course.list_assignments():
            if data.open_run(name).reports.is_dir():
                workshop.changed_runs.add(name)
        try:
            workshop.start(warm=choose_warm(course, store, queue))
            threading.Thread(target=service.keep_house, name="housekeeping", daemon=True).start()
            service.scores.start()
            yield service
        finally:
            service.close()


def choose_warm(course: Course, store: Store, queue: SubmissionQueue) -> list[str]:
    """Return the open assignments, those first for which a submission is likely to come next.

    These are the ones that were handed in last, then those that are due next, then those that are due no more.
    """
    times, now = queue.find_last_times(), datetime.now(UTC)

    def rank(offer: Offer) -> tuple[float, bool, float]:
        due = offer.due
        return -times.get(offer.name, 0.0), due is not None and due < now, due.timestamp() if due else math.inf

    return [offer.name for offer in sorted(list_offers(course, store), key=rank) if offer.is_open]
