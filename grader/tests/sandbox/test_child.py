"""A process that is watched from outside."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from grader.sandbox.child import Child
from grader.wire.control import Exit

# Says where it is in two parts, between which it computes for a while.
TWO_PARTS = """
import os, signal, sys, time

def say(*_):
    os.write(0, b"first")
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    os.write(0, b" second")

signal.signal(signal.SIGUSR1, say)
os.write(0, b"ready")
while True:
    pass
"""
BUSY = "while True: pass"


@pytest.fixture
def starved() -> Iterator[Child]:
    """A process that gets a quarter of a processor."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", TWO_PARTS], stdin=theirs)
    assert ours.recv(5) == b"ready"
    [processor, *_] = os.sched_getaffinity(0)
    other = subprocess.Popen([sys.executable, "-c", BUSY])
    for pid in (process.pid, other.pid):
        os.sched_setaffinity(pid, {processor})
    os.setpriority(os.PRIO_PROCESS, process.pid, 5)
    child = Child(os.pidfd_open(process.pid), ours, lambda: Exit(process.wait(), 0.0, 0))
    yield child
    child.end()
    other.kill()
    other.wait()


def test_a_stack_is_read_to_its_end_beside_a_busy_process(starved: Child) -> None:
    """What a child writes on a loaded machine comes in parts, long after each other."""
    assert starved.read_stack() == b"first second"
