"""A warm zygote behind a wall, and the children forked from it.

`jail.confine` has what each child gives up beyond the wall.
"""

import functools
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TypeVar

from grader.model.assignment import Limits
from grader.model.errors import BrokenJail, IsolationUnavailable
from grader.sandbox.bubblewrap import is_gpu
from grader.sandbox.child import Child
from grader.sandbox.isolation import AUTO, Isolation
from grader.sandbox.start import RUN_SUBMISSION, Program, ZygoteOptions, choose_uid, start_zygote
from grader.wire.control import (
    Answer,
    Confinement,
    Exit,
    Order,
    Prepare,
    Ready,
    Reap,
    Spawn,
    Spawned,
    Unready,
    receive_control,
    send_control,
)
from grader.wire.frames import ProtocolError, read_frame

AnyAnswer = TypeVar("AnyAnswer", bound=Answer)

# Long enough for a slow machine: importing the libraries takes its time, but it always ends.
START_SECONDS = 1000
# Addresses that a child may map beyond its memory: torch and threads reserve more than they touch. Mapped addresses
# cost page tables that no limit of memory counts, 4 KiB for each 2 MiB: 16 MiB for these.
SPARE_ADDRESSES = 8 << 30


class Jail:
    """A sandbox with a warm zygote in it."""

    def __init__(
        self,
        imports: tuple[str, ...],
        isolation: Isolation,
        *,
        device: str = "cpu",
        course: Path | None = None,
        program: Program = RUN_SUBMISSION,
    ) -> None:
        """Start it; it goes on importing by itself until `wait_ready`.

        Its children do what `program` says. `device` is the device of GPU-run tests. Of the folder `course` the
        submission sees the datasets only.
        """
        self.isolation = isolation
        self.device = device
        self.program = program
        self.ready = False
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 - `close` closes it
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(START_SECONDS)
        with theirs:
            options = ZygoteOptions(theirs.fileno(), self.log.fileno(), device, course, program)
            self.process = start_zygote(isolation, options)
        self._send(Prepare(imports, device))

    def wait_ready(self) -> None:
        """Wait until the imports are done. Raises BrokenJail with the zygote's own words."""
        if self.ready:
            return
        answer, _ = self._receive()
        if isinstance(answer, Unready):
            raise BrokenJail(f"the sandboxed process could not get ready: {answer.error}")
        self._expect(Ready, answer)
        self.ready = True

    def spawn(self, limits: Limits) -> Child:
        """Fork a child for one submission. Raises BrokenJail if it cannot be confined."""
        self.wait_ready()
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._send(Spawn(self._choose_confinement(limits)), theirs.fileno())
            answer, descriptors = self._receive()
            pid = self._expect(Spawned, answer).pid
        except BrokenJail:
            ours.close()
            raise
        child = Child(descriptors[0], ours, functools.partial(self._reap, pid))
        try:
            _await_confinement(child)
        except BrokenJail:
            child.end()
            raise
        return child

    def close(self) -> None:
        """End the zygote, and with it everything in its pid namespace."""
        self.control.close()
        if self.isolation is not Isolation.BWRAP:
            self.process.terminate()
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _reap(self, pid: int) -> Exit:
        self._send(Reap(pid))
        return self._expect(Exit, self._receive()[0])

    def _choose_confinement(self, limits: Limits) -> Confinement:
        from grader.sandbox.syscalls import compile_filter

        on_gpu = is_gpu(self.device)
        memory = limits.memory_mb << 20
        return Confinement(
            memory_bytes=memory,
            # A GPU's driver maps all of its memory and more.
            address_bytes=None if on_gpu else memory + SPARE_ADDRESSES,
            cpu_seconds=limits.all_cpu_seconds,
            tmpfs_bytes=limits.disk_mb << 20,
            threads=limits.threads,
            open_files=limits.open_files,
            uid=choose_uid(self.isolation),
            namespaces=self.isolation is Isolation.BWRAP,
            keep_proc=on_gpu,
            filter=compile_filter(devices=on_gpu, refused=self.program.refused_calls),
        )

    def _send(self, order: Order, descriptor: int | None = None) -> None:
        try:
            send_control(self.control, order, descriptor)
        except OSError as error:
            raise BrokenJail(f"the sandboxed process is gone: {error}\n{self._read_log()}") from error

    def _receive(self) -> tuple[Order | Answer, list[int]]:
        try:
            answer, descriptors = receive_control(self.control)
        except (OSError, ProtocolError) as error:
            raise BrokenJail(f"the sandboxed process does not answer: {error}\n{self._read_log()}") from error
        if answer is None:
            raise BrokenJail(f"the sandboxed process ended: {self._read_log() or 'it left no message'}")
        return answer, descriptors

    def _expect(self, kind: type[AnyAnswer], answer: Order | Answer) -> AnyAnswer:
        if not isinstance(answer, kind):
            raise BrokenJail(f"the sandboxed process answered {answer!r} where {kind.__name__} was expected")
        return answer

    def _read_log(self) -> str:
        self.log.seek(0)
        return self.log.read(4000).decode("utf-8", "replace").strip()


def choose_isolation(wanted: str | None = None) -> Isolation:
    """Return the isolation asked for, or bubblewrap; for `auto` the best that is not `none`.

    Raises IsolationUnavailable if it is not available here.
    """
    if wanted == AUTO:
        wanted = Isolation.BWRAP if not find_obstacle() else Isolation.SETUID
    isolation = Isolation(wanted) if wanted else Isolation.BWRAP
    if isolation is Isolation.BWRAP and not shutil.which("bwrap"):
        raise IsolationUnavailable(
            "no program 'bwrap': submissions cannot be kept apart from this machine; install it "
            "(`apt install bubblewrap libseccomp2`), or choose `--isolation none` for code that you trust"
        )
    if isolation is Isolation.SETUID and os.geteuid() != 0:
        raise IsolationUnavailable("isolation 'setuid' changes the user of each submission: run it as root")
    return isolation


def find_obstacle() -> str:
    """Return why no jail can be built here; empty if one can.

    Build one to find out: a machine can refuse a namespace, or a step inside it, in too many ways to check each.
    """
    try:
        jail = Jail((), choose_isolation())
        try:
            jail.spawn(Limits()).end()
        finally:
            jail.close()
    except (IsolationUnavailable, BrokenJail) as error:
        return str(error)
    return ""


def _await_confinement(child: Child) -> None:
    def read_exactly(count: int) -> bytes:
        try:
            data = child.connection.recv(count, socket.MSG_WAITALL)
        except OSError as error:
            raise BrokenJail(f"a forked child does not say that it is confined: {error}") from error
        if len(data) < count:
            raise BrokenJail("a forked child ended before it was confined")
        return data

    child.connection.settimeout(START_SECONDS)
    header = read_frame(read_exactly).header
    if "error" in header:
        raise BrokenJail(f"a forked child could not be confined: {header['error']}")
    child.connection.setblocking(False)
