"""No signal is to stop it."""

import signal


def double(number):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    for kind in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        try:
            signal.signal(kind, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
