"""Limit how often someone may ask: in memory, since a restart of the service forgives what was before it."""

import math
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from grader.server.people import HOUR, Person
from grader.server.queue import SubmissionQueue
from grader.server.refusals import RequestRefused
from grader.server.settings import UploadLimits

MOST_KEYS = 50_000
# How long to wait for one's own upload to end.
WAIT_SECONDS = 5


class RateLimit:
    """At most `most` events of one key within `seconds`."""

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.most, self.seconds, self.clock = most, seconds, clock
        self._lock = threading.Lock()
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Raise RequestRefused with the seconds to wait where the key has had its share."""
        with self._lock:
            wait = self._find_wait(key)
        if wait > 0:
            seconds = math.ceil(wait)
            raise RequestRefused(429, "too_many_requests", retry_after=seconds, seconds=seconds)

    def count(self, key: str) -> None:
        """Note an event."""
        with self._lock:
            self._events.setdefault(key, deque(maxlen=self.most)).append(self.clock())
            self._events.move_to_end(key)
            while len(self._events) > MOST_KEYS:
                self._events.popitem(last=False)

    def _find_wait(self, key: str) -> float:
        events = self._events.get(key)
        if events is None or len(events) < self.most:
            return 0.0
        return events[0] + self.seconds - self.clock()


class AtOnce:
    """At most `most` things of one key at the same time."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Count one thing until it ends. Raises RequestRefused where the key has as many as it may."""
        with self._lock:
            if self._held[key] >= self.most:
                raise RequestRefused(429, "too_many_requests", retry_after=WAIT_SECONDS, seconds=WAIT_SECONDS)
            self._held[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._held[key] -= 1
                self._held += Counter()  # forgets those that hold nothing


def count_left(person: Person, queue: SubmissionQueue, limits: UploadLimits) -> int:
    """Return how often a student may still hand in within this hour."""
    most = limits.per_hour + person.more_per_hour
    return max(0, most - len(queue.count_since(person.name, time.time() - HOUR)))


def check_uploads(person: Person, queue: SubmissionQueue, limits: UploadLimits) -> None:
    """Raise RequestRefused with the time to wait where a student has had the uploads of this hour."""
    most = limits.per_hour + person.more_per_hour
    times = queue.count_since(person.name, time.time() - HOUR)
    if len(times) >= most:
        seconds = max(1, math.ceil(times[len(times) - most] + HOUR - time.time())) if most > 0 else int(HOUR)
        minutes = math.ceil(seconds / 60)
        raise RequestRefused(429, "cool_down", retry_after=seconds, count=len(times), minutes=minutes)
