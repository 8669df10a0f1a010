"""Shared parts of the wire's and the jail's tests: a jail without torch, and a way to run small probes there."""

import hashlib
import io
import itertools
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import settings

from grader.model.assignment import Limits
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.tests.support.course import COURSE
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import ProtocolError
from grader.wire.messages import MODULE, Call, Done, Load, Message, pack_message, unpack_message
from grader.wire.virtual_device import set_up_virtual_device

ROOMY = Limits(cpu_seconds=20.0, asleep_seconds=10.0, memory_mb=256, disk_mb=4, threads=16, open_files=64)
# Small, so that what overruns does so soon; the jail's own CPU is all that counts.
TIGHT = Limits(cpu_seconds=0.5, asleep_seconds=0.3, memory_mb=256, disk_mb=4, threads=16, open_files=64)

COURSE_DIGEST = pytest.StashKey[str]()

# How long an example takes depends on what else the machine does.
settings.register_profile("grader", deadline=None)
settings.load_profile("grader")

# Messages are compared in English, on whatever machine.
os.environ["LC_ALL"] = "C.UTF-8"

# What the body of a probe may use.
PLAIN = "import ctypes, os, signal, socket, subprocess, sys, threading, time"


class Prober:
    """Runs small sources in jailed children, as a submission would run, and gives plain replies."""

    def __init__(self, channel: JailChannel) -> None:
        self.channel = channel
        self._numbers = itertools.count(1)

    def load(self, source: str) -> None:
        """Load definitions in the child at hand, or in a fresh one where there is none; then start the clocks."""
        self.channel.start_test()
        self._ask(Load(textwrap.dedent(source), "probe", []))
        self.channel.start_test()

    def call(self, name: str, *args: Any) -> Message:
        """The reply to a call of one function."""
        return self._ask(Call(MODULE, name, list(args), {}))

    def run(self, source: str, *args: Any) -> Any:
        """Return the result of `probe(*args)`, or a `Raised`."""
        self.load(source)
        reply = self.call("probe", *args)
        return reply.value if isinstance(reply, Done) else reply

    def answers(self) -> bool:
        """Tell whether a child, a fresh one where the last is gone, loads and answers."""
        self.load("def probe(): return 'here'")
        self.channel.limits = ROOMY
        return self.call("probe") == Done("here")

    def _ask(self, message: Message) -> Message:
        [frame] = self.channel.ask([pack_message(message, next(self._numbers), Encoder(refuse_handle))])
        return unpack_message(frame, Decoder(frame.block, refuse_handle, lambda tensor, body: tensor))


def write_probe(body: str, preamble: str = PLAIN) -> str:
    """A submission whose function `probe` does this."""
    return f"{preamble}\ndef probe(*args):\n{textwrap.indent(body, '    ')}\n"


def refuse_handle(value: Any) -> Any:
    """Probes exchange plain data only."""
    raise ProtocolError(f"a handle: {value!r}")


def reader_of(data: bytes) -> Callable[[int], bytes]:
    """A `read_exactly` over these bytes."""
    stream = io.BytesIO(data)

    def read_exactly(count: int) -> bytes:
        part = stream.read(count)
        if len(part) < count:
            raise EOFError
        return part

    return read_exactly


def decode_plain(data: Any) -> Any:
    """Decode data that names no tensor."""
    return Decoder(b"", lambda body: body, lambda tensor, body: tensor).decode(data)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Note the course's files, in the process that hands out the tests."""
    if not hasattr(session.config, "workerinput"):
        session.config.stash[COURSE_DIGEST] = digest_course()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail where a test wrote into the course: a stale skeleton would be repaired before anything notices it."""
    before = session.config.stash.get(COURSE_DIGEST, None)
    if before is not None and before != digest_course():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        print("\nA test wrote into the course of this checkout; `git status` shows where.", file=sys.stderr)


def digest_course() -> str:
    """Return a digest of every file of this repository's course that a test could overwrite."""
    digest = hashlib.sha256()
    for folder in ("assignments", "solutions", "tests_hidden", "datasets/samples"):
        for path in sorted((COURSE.root / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def pytest_collection_finish() -> None:
    """torch counts devices at the first backward of a process, whichever test that is in."""
    if "torch" in sys.modules:
        set_up_virtual_device()


@pytest.fixture(scope="session")
def jail() -> Iterator[Jail]:
    """One warm zygote without torch, for all tests."""
    warm = Jail((), Isolation.BWRAP)
    warm.wait_ready()
    yield warm
    warm.close()


@pytest.fixture
def prober(jail: Jail) -> Iterator[Prober]:
    """A fresh child with generous limits."""
    channel = JailChannel(jail, ROOMY)
    yield Prober(channel)
    channel.close()


@pytest.fixture
def hurried(jail: Jail) -> Iterator[Prober]:
    """A fresh child whose limits are met within half a second."""
    channel = JailChannel(jail, TIGHT)
    yield Prober(channel)
    channel.close()
