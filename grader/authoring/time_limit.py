"""A limit on the computing time of code that runs in this process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def limit_time(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in what runs here once it has computed for so long, and every second from then on."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError(f"it computed for {seconds:g} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
