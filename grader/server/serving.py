"""Run the service until it is stopped by a signal."""

import resource
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from grader.model.errors import UsageError
from grader.server.app import create_app
from grader.server.people import Role
from grader.server.service import Service
from grader.server.service_log import set_up_log

OWNER = "owner"
# Each page that waits for a grade holds a connection, and Linux allows 1024 where nothing else is said.
MOST_OPEN_FILES = 65_536
# Answers that are under way at a stop may take so long; pages that wait for a grade are let go at once.
GRACE_SECONDS = 10


class WebServer(uvicorn.Server):
    """Lets go of those who wait for a grade when a signal arrives: their pages ask again."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self.service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop."""
        self.service.announcer.close()
        super().handle_exit(sig, frame)


def serve(service: Service, *, host: str, port: int, on_line: Callable[[str], None], is_log_json: bool = False) -> None:
    """Answer requests until a signal; call `on_line` with what the owner should read. Raises UsageError."""
    set_up_log(is_json=is_log_json)
    allow_many_connections()
    listener = open_listener(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listener.getsockname()[1]}"
    on_line(f"serving {service.course.root} at {address}; the class is kept in {service.data.root}")
    if (link := make_first_link(service)) is not None:
        on_line(f"sign in as the owner, once: {address}/sign-in/{link}")
    config = uvicorn.Config(
        create_app(service),
        log_level="warning",
        log_config=None,  # its warnings go the same way as ours
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn raises the signal again after its own end: the workers are to be ended in order all the same.
    former = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        WebServer(config, service).run(sockets=[listener])
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def allow_many_connections() -> None:
    """Let this process open as many files as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def make_first_link(service: Service) -> str | None:
    """Return the code of a sign-in link for the first owner; None once an owner has signed in."""
    if service.people.has_owner():
        return None
    owner = service.people.add(OWNER, Role.OWNER)
    service.people.revoke_tokens(owner)  # the links of earlier starts
    return service.people.create_link(owner)


def open_listener(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises UsageError where the address cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {host}, port {port}: {error.strerror or error}; choose another --port or --host"
        ) from error
