"""The warm process inside the sandbox: imports what an assignment needs once, then forks a child a submission.

Started by `examiner.launcher` as `python -c BOOT <descriptor>`; never runs student code itself. It obeys a control
socket (one JSON message a packet, descriptors beside it):

    {"do": "prepare", "imports": [...], "device": name} -> {"ready": true, "data_bytes": n} or {"error": text}
    {"do": "spawn", "confinement": {...}} + fd    -> {"pid": n} + pidfd
    {"do": "reap", "pid": n}                      -> {"status": wait status, "cpu_seconds": s, "peak_kb": n}

It stays single-threaded, since a fork copies only the thread that calls it, and never initialises CUDA.
"""

import array
import ctypes
import gc
import importlib
import json
import os
import socket
import sys
from typing import Any

from grader.jail.confine import CLONE_NEWPID, Confinement, confine, libc
from grader.jail.server import serve
from grader.wire.frames import Frame, pack_frame
from grader.wire.virtual_device import NAME, set_up_virtual_device

MAX_PACKET = 1 << 16


def run(descriptor: int) -> None:
    """Obey the control socket until the examiner closes it."""
    control = socket.socket(fileno=descriptor)
    own_namespace = _open_own_namespace()
    while True:
        packet, descriptors = _receive(control)
        if not packet:
            return
        order = json.loads(packet)
        if order["do"] == "prepare":
            _send(control, _prepare(order["imports"], order["device"]))
        elif order["do"] == "spawn":
            _spawn(control, order["confinement"], descriptors[0], own_namespace)
        elif order["do"] == "reap":
            _send(control, _reap(order["pid"]))


def _prepare(imports: list[str], device: str) -> dict[str, Any]:
    try:
        for name in imports:
            importlib.import_module(name)
        _warm_torch(device)
    except Exception as error:  # noqa: BLE001 - an edge: the examiner reports whatever stops the zygote
        return {"error": f"{type(error).__name__}: {error}"}
    threads = len(os.listdir("/proc/self/task"))
    if threads > 1:
        return {"error": f"{threads} threads after importing {imports}: a fork would copy only one of them"}
    # Frozen objects are left alone by the collector, so that their pages stay shared with every child.
    gc.collect()
    gc.freeze()
    return {"ready": True}


def _warm_torch(device: str) -> None:
    # The first of each kind of operation loads code and fills caches; done here, no child pays for it.
    torch = sys.modules.get("torch")
    if torch is None:
        return
    torch.set_num_threads(1)
    # For the small tensors of a test oneDNN's set-up costs far more than it saves; the examiner does the same.
    torch.backends.mkldnn.set_flags(False)
    from safetensors.torch import load, save

    if device.startswith(NAME):
        set_up_virtual_device()
    rnn, layer = torch.nn.LSTM(2, 3), torch.nn.Linear(3, 2)
    output, _ = rnn(torch.zeros(4, 2, requires_grad=True))
    loss = layer(output).softmax(-1).sum()
    # The first backward starts a thread for each device but the CPU, and asks CUDA for its number: children's work.
    if device == "cpu":
        loss.backward()
    load(save({"0": torch.zeros(1)}))


def _spawn(control: socket.socket, spec: dict[str, Any], channel: int, own_namespace: int | None) -> None:
    addresses = spec["address_bytes"]
    confinement = Confinement(
        **{
            **spec,
            "filter": bytes.fromhex(spec["filter"]),
            "memory_bytes": spec["memory_bytes"] + _read_bytes("VmData"),
            "address_bytes": None if addresses is None else addresses + _read_bytes("VmSize"),
        }
    )
    if own_namespace is not None:
        _check(libc.unshare(CLONE_NEWPID), "unshare")
    pid = os.fork()
    if pid == 0:
        _live(confinement, channel)
    os.close(channel)
    if own_namespace is not None:
        # Without returning to its own pid namespace the zygote could fork only once.
        _check(libc.setns(own_namespace, CLONE_NEWPID), "setns")
    pidfd = os.pidfd_open(pid)
    _send(control, {"pid": pid}, pidfd)
    os.close(pidfd)


def _live(confinement: Confinement, channel: int) -> None:
    # A child never returns to the zygote's loop, whatever happens in it. What it says before the first request is the
    # last thing that the examiner believes: no student code has run yet.
    try:
        confine(confinement, channel)
        os.write(channel, pack_frame(Frame({"ready": True})))
        serve(socket.socket(fileno=channel))
    except Exception as error:  # noqa: BLE001 - the edge of the process: all that can be done is to say why
        os.write(channel, pack_frame(Frame({"error": f"{type(error).__name__}: {error}"})))
    finally:
        os._exit(0)


def _reap(pid: int) -> dict[str, Any]:
    _, status, usage = os.wait4(pid, 0)
    return {"status": status, "cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_kb": usage.ru_maxrss}


def _read_bytes(field: str) -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError(f"no {field} in /proc/self/status")


def _open_own_namespace() -> int | None:
    # Only the first process of a sandbox's pid namespace holds the capabilities that new namespaces need.
    if os.getpid() != 1:
        return None
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    packet, descriptors, _, _ = socket.recv_fds(control, MAX_PACKET, 4)
    return packet, descriptors


def _send(control: socket.socket, answer: dict[str, Any], descriptor: int | None = None) -> None:
    ancillary = [] if descriptor is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
    control.sendmsg([json.dumps(answer).encode()], ancillary)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
