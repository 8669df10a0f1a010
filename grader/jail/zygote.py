"""The warm process inside the sandbox: it imports what an assignment needs once, then forks a child a submission.

`sandbox.start` runs it as `python -c BOOT <descriptor>`; it obeys the orders of `wire.control` and never runs student
code itself. It stays single-threaded, since a fork copies only the thread that calls it, and never initialises CUDA.
"""

import gc
import importlib
import os
import select
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from grader.jail.confine import CLONE_NEWPID, check_call, confine, libc
from grader.jail.huge_pages import collapse, list_blocks
from grader.wire.control import (
    Confinement,
    Exit,
    Prepare,
    Ready,
    Reap,
    Spawn,
    Spawned,
    Unready,
    receive_control,
    send_control,
)
from grader.wire.frames import Frame, ProtocolError, pack_frame

Serve = Callable[[socket.socket], None]
WarmUp = Callable[[str], None]


@dataclass(frozen=True)
class Life:
    """The one task of a child: to answer on its channel."""

    channel: int
    serve: Serve


def run(descriptor: int, serve: Serve, warm_up: WarmUp) -> None:
    """Obey the control socket until the examiner closes it; every child does `serve`, and nothing else.

    `warm_up` does once, for a device, what every child would have to do first.
    """
    control = socket.socket(fileno=descriptor)
    # Only the first process of a sandbox's pid namespace holds the capabilities that new namespaces need.
    own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC) if os.getpid() == 1 else None
    blocks: Iterator[int] = iter(())
    while True:
        _collapse_while_idle(control, blocks)
        order, descriptors = receive_control(control)
        match order:
            case None:
                return
            case Prepare():
                send_control(control, _prepare(order, warm_up))
                blocks = list_blocks()
            case Spawn():
                _spawn(control, order.confinement, Life(descriptors[0], serve), own_namespace)
            case Reap():
                _, status, usage = os.wait4(order.pid, 0)
                send_control(control, Exit(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss))
            case _:
                raise ProtocolError(f"{type(order).__name__} is no order")


def _collapse_while_idle(control: socket.socket, blocks: Iterator[int]) -> None:
    for block in blocks:
        collapse(block)
        if select.select([control], [], [], 0)[0]:
            return


def _prepare(order: Prepare, warm_up: WarmUp) -> Ready | Unready:
    try:
        for name in order.imports:
            importlib.import_module(name)
        warm_up(order.device)
    except Exception as error:  # noqa: BLE001 - an edge: the examiner reports anything that stops the zygote
        return Unready(f"{type(error).__name__}: {error}")
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return Unready(f"{threads} threads after importing {order.imports}: a fork would copy only one of them")
    # The collector leaves frozen objects alone, so that their pages stay shared with every child.
    gc.collect()
    gc.freeze()
    return Ready()


def _spawn(control: socket.socket, limits: Confinement, life: Life, own_namespace: int | None) -> None:
    # A child may use its memory beyond what the zygote already holds.
    memory, addresses = limits.memory_bytes + _read_bytes("VmData"), limits.address_bytes
    if addresses is not None:
        addresses += _read_bytes("VmSize")
    confinement = replace(limits, memory_bytes=memory, address_bytes=addresses)
    if own_namespace is not None:
        check_call("unshare", libc.unshare(CLONE_NEWPID))
    pid = os.fork()
    if pid == 0:
        _live(confinement, life)
    os.close(life.channel)
    if own_namespace is not None:
        # Without returning to its own pid namespace the zygote could fork only once.
        check_call("setns", libc.setns(own_namespace, CLONE_NEWPID))
    pidfd = os.pidfd_open(pid)
    send_control(control, Spawned(pid), pidfd)
    os.close(pidfd)


def _live(confinement: Confinement, life: Life) -> None:
    # A child never returns to the zygote's loop. That it is confined is the last thing that the examiner believes: no
    # student code has run yet.
    try:
        confine(confinement, life.channel)
        os.write(life.channel, pack_frame(Frame({"ready": True})))
        life.serve(socket.socket(fileno=life.channel))
    except Exception as error:  # noqa: BLE001 - the edge of the process: all that can be done is to say why
        os.write(life.channel, pack_frame(Frame({"error": f"{type(error).__name__}: {error}"})))
    finally:
        os._exit(0)


def _read_bytes(field: str) -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in /proc/self/status")
