"""Finish what was begun when the user presses Ctrl-C."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType

FINISHING = b"\ngrader: finishing what is in flight; press Ctrl-C again to stop at once\n"


@contextmanager
def notice_interrupt() -> Iterator[Event]:
    """Give an event that the first Ctrl-C sets; the second one raises KeyboardInterrupt. In the main thread only."""
    interrupted = Event()

    def note(number: int, frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()
        os.write(2, FINISHING)  # print may have been interrupted itself

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, previous)
