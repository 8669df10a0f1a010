"""The log of a service: one line for each event, as text for people or as JSON for programs.

A request has an id, which the answer carries as `X-Request-ID`; every line that is written on its way has it too. A
submission has an id of its own from the upload to the grade. Paths stay out of the log, since a link to sign in is one.
"""

import json
import logging
import re
import secrets
import time
from contextvars import ContextVar
from datetime import UTC, datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.reporting.safe_text import escape_control_characters

LOG = logging.getLogger("grader.server")
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
HEADER = "X-Request-ID"
# A web server in front may have chosen the id already.
ACCEPTED_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
# What a line may say beside its message, in this order.
FIELDS = ("request", "submission", "assignment", "method", "route", "status", "milliseconds", "outcome")
# Asked for every few seconds by machines.
QUIET_ROUTES = frozenset({"show_health", "show_metrics", "show_static"})


class EventFormatter(logging.Formatter):
    """Writes an event as one line of JSON, or as text with the fields behind the message."""

    def __init__(self, *, is_json: bool) -> None:
        super().__init__()
        self.is_json = is_json

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of an event; as text, a traceback follows on lines of its own."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        values = {"request": REQUEST_ID.get() or None, **vars(record)}
        fields = {name: values[name] for name in FIELDS if values.get(name) is not None}
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        if self.is_json:
            event = {"time": moment, "level": record.levelname.lower(), "message": record.getMessage(), **fields}
            return json.dumps(event | ({"traceback": trace} if trace else {}), ensure_ascii=False, default=str)
        words = [moment, record.levelname, record.getMessage(), *(f"{name}={value}" for name, value in fields.items())]
        line = escape_control_characters(" ".join(words))
        return f"{line}\n{trace}" if trace else line


def set_up_log(*, is_json: bool) -> None:
    """Write the events of this process to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(EventFormatter(is_json=is_json))
    logging.basicConfig(handlers=[handler])
    LOG.setLevel(logging.INFO)


class RequestLog:
    """Gives each request an id, and writes a line when it has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request = given if ACCEPTED_ID.fullmatch(given) else secrets.token_hex(8)
        # Never taken back: a request is a task of its own, and an error is logged after this has been left.
        REQUEST_ID.set(request)
        status, began = 500, time.monotonic()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            route = getattr(scope.get("route"), "name", None)
            # An address that led nowhere may hold any text.
            found = scope.get("path_params", {}).get("submission") if status < 400 else None
            fields = {
                "method": scope["method"],
                "route": route,
                "submission": found,
                "status": status,
                "milliseconds": round((time.monotonic() - began) * 1000),
            }
            LOG.log(logging.DEBUG if route in QUIET_ROUTES else logging.INFO, "request", extra=fields)
