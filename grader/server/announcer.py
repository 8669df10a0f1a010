"""Wake those who watch a submission: threads announce, coroutines wait."""

import asyncio
import threading
from collections import defaultdict


class Announcer:
    """Events of submissions, by id. What is announced while someone does not wait is seen at the next look."""

    def __init__(self) -> None:
        # A signal may interrupt the thread that holds the lock, and close.
        self._lock = threading.RLock()
        self._watchers: defaultdict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(set)
        self.is_closing = False

    @property
    def watchers(self) -> int:
        """Return how many wait at present."""
        with self._lock:
            return sum(map(len, self._watchers.values()))

    def announce(self, submission: str) -> None:
        """Wake those who watch a submission."""
        with self._lock:
            watchers = list(self._watchers.get(submission, ()))
        self._wake(watchers)

    def close(self) -> None:
        """Wake everyone for the last time: the service ends."""
        self.is_closing = True
        with self._lock:
            watchers = [each for group in self._watchers.values() for each in group]
        self._wake(watchers)

    async def wait(self, submission: str, seconds: float) -> None:
        """Wait for an announcement, at most so many seconds."""
        watcher = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._watchers[submission].add(watcher)
        try:
            if not self.is_closing:
                await asyncio.wait_for(watcher[1].wait(), seconds)
        except TimeoutError:
            pass
        finally:
            with self._lock:
                self._watchers[submission].discard(watcher)
                if not self._watchers[submission]:
                    del self._watchers[submission]

    @staticmethod
    def _wake(watchers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
        for loop, event in watchers:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:
                pass  # its loop has ended, and with it the one who waited
