"""The messages between a jail's trusted side and its zygote, one JSON object a packet, descriptors beside it.

    Prepare                       -> Ready or Unready
    Spawn + the child's channel   -> Spawned + the child's pidfd
    Reap                          -> Exit

Only trusted code speaks here: the zygote never runs a submission, and a child has no descriptor of this socket.
"""

import array
import json
import socket
from dataclasses import asdict, dataclass, fields
from typing import Any

from grader.wire.frames import ProtocolError

MAX_PACKET = 1 << 16


@dataclass(frozen=True)
class Confinement:
    """The limits of a child. Bytes, seconds and counts; `uid` is the user it becomes if the zygote is real root."""

    memory_bytes: int
    address_bytes: int | None
    cpu_seconds: int
    tmpfs_bytes: int
    threads: int
    open_files: int
    uid: int | None
    namespaces: bool
    keep_proc: bool
    filter: bytes


@dataclass(frozen=True)
class Prepare:
    """Import these modules and get ready to fork children that compute on `device`."""

    imports: tuple[str, ...]
    device: str


@dataclass(frozen=True)
class Ready:
    """The zygote can fork."""


@dataclass(frozen=True)
class Unready:
    """The zygote cannot fork, and why."""

    error: str


@dataclass(frozen=True)
class Spawn:
    """Fork a child, confined so, that answers on the descriptor sent along."""

    confinement: Confinement


@dataclass(frozen=True)
class Spawned:
    """The child's process id as the zygote sees it; its pidfd is sent along."""

    pid: int


@dataclass(frozen=True)
class Reap:
    """Wait for the end of a child."""

    pid: int


@dataclass(frozen=True)
class Exit:
    """The end of a child: its wait status, CPU seconds and peak resident memory."""

    status: int
    cpu_seconds: float
    peak_kb: int


Order = Prepare | Spawn | Reap
Answer = Ready | Unready | Spawned | Exit

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*Order.__args__, *Answer.__args__)}


def send_control(control: socket.socket, message: Order | Answer, descriptor: int | None = None) -> None:
    """Send one message, and a descriptor along with it. Raises OSError if the other side is gone."""
    packet = json.dumps({"kind": type(message).__name__, **asdict(message)}, default=bytes.hex).encode()
    if len(packet) > MAX_PACKET:
        raise ProtocolError(f"a control message of {len(packet)} bytes is larger than {MAX_PACKET}")
    rights = [] if descriptor is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    control.sendmsg([packet], rights)


def receive_control(control: socket.socket) -> tuple[Order | Answer | None, list[int]]:
    """Return the next message and the descriptors sent along; None at the end.

    Raises OSError if the socket fails, and ProtocolError for a packet that is no message.
    """
    packet, descriptors, _, _ = socket.recv_fds(control, MAX_PACKET, 1)
    return (_unpack(packet) if packet else None), descriptors


def _unpack(packet: bytes) -> Order | Answer:
    try:
        body = json.loads(packet)
        kind = _KINDS[body.pop("kind")]
        if set(body) != {item.name for item in fields(kind)}:
            raise ProtocolError(f"a control message {kind.__name__!r} with the wrong fields")
        if kind is Spawn:
            confinement = body["confinement"]
            body["confinement"] = Confinement(**{**confinement, "filter": bytes.fromhex(confinement["filter"])})
        if kind is Prepare:
            body["imports"] = tuple(body["imports"])
        message: Order | Answer = kind(**body)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProtocolError(f"a packet that is no control message: {packet[:80]!r}") from error
    return message
