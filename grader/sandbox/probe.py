"""Find out what each isolation level stops: try every action from inside."""

import os
import secrets
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from grader.model.assignment import Limits
from grader.model.errors import BrokenJail
from grader.model.verdict import SubmissionError
from grader.sandbox.channel import JailChannel
from grader.sandbox.isolation import Isolation
from grader.sandbox.jail import Jail
from grader.wire.codec import Decoder, Encoder
from grader.wire.frames import ProtocolError
from grader.wire.messages import MODULE, Call, Done, Load, Message, pack_message, unpack_message

# Names of functions below, and what a submission can do if one of them succeeds.
PROBES = {
    "read_course": "reads the course's files",
    "write_course": "writes into the course",
    "read_accounts": "reads what every user of the machine may",
    "see_processes": "sees other processes",
    "signal_grader": "signals the grader",
    "leave_file": "leaves files for the next submission",
    "open_socket": "opens a socket",
    "start_process": "starts a process",
    "trace": "traces a process",
    "make_namespace": "makes a namespace",
    "take_memory": "takes more memory than allowed",
}
MOST_LISTED = 20_000
LIMITS = Limits(cpu_seconds=5, asleep_seconds=5, memory_mb=64)
SOURCE = f"""
import ctypes, os, socket

def read_course(course, pid, name): return bool(os.listdir(course))
def write_course(course, pid, name):
    path = os.path.join(course, name)
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.unlink(path)
    return True
def read_accounts(course, pid, name): return bool(open("/etc/passwd").read())
def see_processes(course, pid, name): return os.path.exists(f"/proc/{{pid}}")
def signal_grader(course, pid, name): return os.kill(pid, 0) is None
def leave_file(course, pid, name): return bool(open(f"/tmp/{{name}}", "w").write(name))
def open_socket(course, pid, name): return socket.socket() is not None
def start_process(course, pid, name): return os.fork() or os._exit(0)
def trace(course, pid, name): return ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0  # PTRACE_ATTACH
def make_namespace(course, pid, name): return ctypes.CDLL(None).unshare(0x10000000) == 0  # CLONE_NEWUSER
def list_files(course, pid, name):
    found = []
    for folder, folders, names in os.walk("/"):
        folders[:] = [item for item in folders if os.path.join(folder, item) not in ("/site", "/proc", "/datasets")]
        found += [os.path.join(folder, item) for item in names]
    return found[:{MOST_LISTED}]
def take_memory(course, pid, name): return len(bytes({LIMITS.memory_mb * 2} << 20)) > 0
"""


def probe(isolation: Isolation, course: Path) -> Mapping[str, bool]:
    """Return which of `PROBES` succeed at this level, here and as this user.

    Raises BrokenJail if the level is not available.
    """
    jail = Jail((), isolation, course=course)
    try:
        jail.wait_ready()
        return {name: _try(jail, name, course) for name in PROBES}
    finally:
        jail.close()


def _try(jail: Jail, name: str, course: Path) -> bool:
    mark = f"grader-probe-{secrets.token_hex(8)}"
    reply = _call(jail, name, [str(course), os.getpid(), mark])
    left = Path("/tmp", mark)
    if name == "leave_file":
        stayed = left.exists()
        left.unlink(missing_ok=True)
        return stayed
    return isinstance(reply, Done) and bool(reply.value)


def list_shown(course: Path) -> Mapping[str, int]:
    """Count the files that a submission can list behind bubblewrap, by the folder that they lie in, without packages.

    Raises BrokenJail if no jail can be built here.
    """
    jail = Jail((), Isolation.BWRAP, course=course)
    try:
        reply = _call(jail, "list_files", ["", 0, ""])
    finally:
        jail.close()
    if not isinstance(reply, Done) or not isinstance(reply.value, list):
        raise BrokenJail(f"a submission could not list what it sees: {reply}")
    return Counter("/".join(str(path).split("/")[:2]) for path in reply.value)


def _call(jail: Jail, name: str, arguments: list[object]) -> Message | None:
    """Return the reply of one function of the source, in a child of its own; None if the child was ended."""
    channel = JailChannel(jail, LIMITS)
    channel.start_test()
    try:
        _ask(channel, Load(SOURCE, "probe", []))
        return _ask(channel, Call(MODULE, name, arguments, {}))
    except SubmissionError:
        return None
    finally:
        channel.close()


def _ask(channel: JailChannel, message: Message) -> Message:
    [frame] = channel.ask([pack_message(message, 1, Encoder(_refuse))])
    return unpack_message(frame, Decoder(frame.block, _refuse, lambda tensor, body: tensor))


def _refuse(value: object) -> dict[str, object]:
    raise ProtocolError(f"plain data only: {value!r}")


def summarise_probes(isolation: Isolation, course: Path) -> str:
    """Describe in one line what gets through a level."""
    try:
        found = probe(isolation, course)
    except BrokenJail as error:
        return f"cannot be built here: {str(error)[:160]}"
    through = [PROBES[name] for name, succeeded in found.items() if succeeded]
    return f"of {len(found)} tries {len(through)} got through{': ' if through else ''}{', '.join(through)}"
