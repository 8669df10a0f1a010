"""The control protocol of the zygote: what is sent is what is received, and nothing else is taken for a message."""

import json
import os
import socket
from collections.abc import Iterator

import pytest

from grader.wire.control import (
    MAX_PACKET,
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
from grader.wire.frames import ProtocolError

CONFINEMENT = Confinement(
    memory_bytes=1 << 40,
    address_bytes=None,
    cpu_seconds=300,
    tmpfs_bytes=1 << 20,
    threads=32,
    open_files=128,
    uid=None,
    namespaces=True,
    keep_proc=False,
    filter=bytes(range(256)),
)
MESSAGES: list[Order | Answer] = [
    Prepare(("torch", "einops"), "cuda:0"),
    Prepare((), "cpu"),
    Ready(),
    Unready('ImportError: no module "é"\n'),
    Spawn(CONFINEMENT),
    Spawned(7),
    Reap(7),
    Exit(9, 1.25, 4096),
]
SPAWN_BODY = {"kind": "Spawn", "confinement": {"memory_bytes": 1}}
NO_MESSAGES = [
    b"hello",
    b"[]",
    b"3",
    b"\xff",
    b"{}",
    b'{"kind": 3}',
    b'{"kind": []}',
    b'{"kind": "Resume"}',
    b'{"kind": "Confinement"}',
    b'{"kind": "Reap"}',
    b'{"kind": "Reap", "pid": 1, "signal": 9}',
    b'{"kind": "Prepare", "imports": 3, "device": "cpu"}',
    b'{"kind": "Spawn", "confinement": 3}',
    json.dumps(SPAWN_BODY).encode(),
]


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a control socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_message_arrives_as_it_was_sent(pair: tuple[socket.socket, socket.socket], message: Order | Answer) -> None:
    """Every kind keeps its fields and their types, bytes and None included."""
    ours, theirs = pair
    send_control(ours, message)
    assert receive_control(theirs) == (message, [])


def test_messages_keep_their_order(pair: tuple[socket.socket, socket.socket]) -> None:
    """Messages that wait in the socket are received one by one."""
    ours, theirs = pair
    for message in MESSAGES:
        send_control(ours, message)
    assert [receive_control(theirs)[0] for _ in MESSAGES] == MESSAGES


def test_descriptor_travels_with_its_message(pair: tuple[socket.socket, socket.socket]) -> None:
    """The receiver gets a descriptor of its own for the same file."""
    ours, theirs = pair
    reader, writer = os.pipe()
    send_control(ours, Spawned(7), writer)
    os.close(writer)
    message, [received] = receive_control(theirs)
    os.write(received, b"x")
    assert (message, os.read(reader, 1)) == (Spawned(7), b"x")
    os.close(received)
    os.close(reader)


def test_closed_socket_gives_no_message(pair: tuple[socket.socket, socket.socket]) -> None:
    """The end of the other side is no error."""
    ours, theirs = pair
    ours.close()
    assert receive_control(theirs) == (None, [])


def test_sending_to_a_closed_socket_is_an_error(pair: tuple[socket.socket, socket.socket]) -> None:
    """The sender learns that the other side is gone."""
    ours, theirs = pair
    theirs.close()
    with pytest.raises(OSError):
        send_control(ours, Ready())


@pytest.mark.parametrize("packet", NO_MESSAGES)
def test_other_packets_are_protocol_errors(pair: tuple[socket.socket, socket.socket], packet: bytes) -> None:
    """No JSON, an unknown kind, missing or additional fields, and fields of a wrong form."""
    ours, theirs = pair
    ours.send(packet)
    with pytest.raises(ProtocolError):
        receive_control(theirs)


def test_oversized_message_is_refused_by_the_sender(pair: tuple[socket.socket, socket.socket]) -> None:
    """A packet that the receiver would cut short is not sent."""
    with pytest.raises(ProtocolError, match="larger than"):
        send_control(pair[0], Unready("x" * MAX_PACKET))
