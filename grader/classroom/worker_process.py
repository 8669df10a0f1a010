"""A worker process on this machine, and both ends of the pipe to it.

With a pipe to each worker we notice at once that a worker has ended, we know which job it was at, and no other job is
lost with it. A worker never outlives the thread that started it, even in the middle of a computation: the kernel
kills it.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler

from grader.classroom.executor import GradedJob, OpenWorker, WorkerFactory
from grader.grading.job import Job
from grader.grading.software import PACKAGE
from grader.model.errors import GraderFault, UsageError

LEAVE_SECONDS = 10
PR_SET_PDEATHSIG = 1
# Not `-m`: what the process sends would then be of classes that another process cannot find.
ENTRY = "import sys; sys.path.append(sys.argv[3]); from grader.classroom.worker_process import main; main()"


@dataclass(frozen=True)
class WorkerOpened:
    """A worker's first message: it is ready, and counts as stuck after so many seconds with one job."""

    deadline: float


@dataclass(frozen=True)
class Failed:
    """A message in place of a graded job, or of `WorkerOpened`. `is_usage` says that it was a UsageError."""

    trouble: str
    is_usage: bool = False


class WorkerProcess:
    """One worker process, seen from the process that started it."""

    def __init__(self, factory: WorkerFactory) -> None:
        ours, theirs = socket.socketpair()
        self.connection = Connection(ours.detach())
        with theirs:
            number = theirs.fileno()
            # -P: no module is imported from the current folder, which may hold submissions. In a group of its own,
            # since Ctrl-C reaches every process of the terminal's group, and only this one decides what it means.
            command = [sys.executable, "-P", "-c", ENTRY, str(number), str(os.getpid()), str(PACKAGE.parent)]
            try:
                self.process = subprocess.Popen(command, pass_fds=[number], stdin=subprocess.DEVNULL, process_group=0)
            except OSError as error:
                raise GraderFault(f"no worker process can be started: {error.strerror}; try `--jobs 1`") from error
        try:
            self.connection.send(factory)
        except OSError:
            pass  # the process has ended already: reading from it says so
        # Until it is ready it has no deadline of its own.
        self.deadline: float | None = None

    def read(self) -> GradedJob | Failed | WorkerOpened:
        """Return the next message. Raises EOFError or OSError where the process has ended."""
        message: GradedJob | Failed | WorkerOpened = self.connection.recv()
        return message

    def dismiss(self) -> None:
        """Let the process leave by itself: it reads the end of its pipe."""
        self.connection.close()

    def end(self) -> int:
        """End the process, by force unless it was dismissed and leaves in time. Return its exit code."""
        if self.connection.closed:
            try:
                return self.process.wait(LEAVE_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        self.connection.close()
        self.process.kill()
        return self.process.wait()


def pack_job(job: Job) -> bytes:
    """Return a job as it travels through the pipe."""
    return bytes(ForkingPickler.dumps(job))


def main() -> None:
    """Be a worker process: the number of the pipe's descriptor and the parent's process id are the arguments."""
    number, parent = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # By the kernel and not by a thread: a regular expression at work lets no other thread run.
    if ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0 or os.getppid() != parent:
        os._exit(1)
    connection = Connection(number)
    try:
        _serve(connection)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the other end is closed: there are no more jobs


def _serve(connection: Connection) -> None:
    factory: WorkerFactory = connection.recv()
    try:
        with factory() as work:
            connection.send(WorkerOpened(work.deadline))
            while True:
                connection.send(_grade(work, connection.recv()))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge of a process: the error is sent, not printed
        connection.send(_describe(error))


def _grade(work: OpenWorker, job: Job) -> GradedJob | Failed:
    try:
        return work.grade(job)
    except Exception as error:  # noqa: BLE001 - the same edge; the next job may go well
        return _describe(error)


def _describe(error: Exception) -> Failed:
    return Failed(f"{type(error).__name__}: {error}", isinstance(error, UsageError))
