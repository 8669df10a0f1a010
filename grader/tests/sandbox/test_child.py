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
TRICKLE = """
import os, signal, time

def say(*_):
    while True:
        os.write(0, b"x")
        time.sleep(0.0005)

signal.signal(signal.SIGUSR1, say)
os.write(0, b"ready")
while True:
    pass
"""


@pytest.fixture
def starved() -> Iterator[Child]:
    """A process that gets a quarter of a processor."""
    child = start(TWO_PARTS)
    [processor, *_] = os.sched_getaffinity(0)
    other = subprocess.Popen([sys.executable, "-c", BUSY])
    for pid in (child.host_pid, other.pid):
        os.sched_setaffinity(pid, {processor})
    os.setpriority(os.PRIO_PROCESS, child.host_pid, 5)
    yield child
    child.end()
    other.kill()
    other.wait()


@pytest.fixture
def trickling() -> Iterator[Child]:
    """A process that never ends to say where it is."""
    child = start(TRICKLE)
    yield child
    child.end()


def start(program: str) -> Child:
    """Start a program that writes to its descriptor 0, first of all that it is ready."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", program], stdin=theirs)
    assert ours.recv(5) == b"ready"
    return Child(os.pidfd_open(process.pid), ours, lambda: Exit(process.wait(), 0.0, 0))


def test_a_stack_is_read_to_its_end_beside_a_busy_process(starved: Child) -> None:
    """What a child writes on a loaded machine comes in parts, long after each other."""
    assert starved.read_stack() == b"first second"


def test_a_stack_that_never_ends_is_not_waited_for(trickling: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and costs next to no computing."""
    monkeypatch.setattr("grader.sandbox.child.STACK_SECONDS", 0.2)
    data = trickling.read_stack()
    assert 0 < len(data) < 2000 and not data.strip(b"x")
