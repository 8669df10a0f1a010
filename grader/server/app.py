"""The web application: its routes, what guards them, and how an error becomes an answer."""

import asyncio
import logging
import re
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.model.errors import GraderError, UsageError
from grader.server.pages import choose_language_of, make_policy, render
from grader.server.permissions import RULES, authorise, check_rules
from grader.server.refusals import RequestRefused
from grader.server.routes import (
    api,
    lti,
    oidc,
    operations,
    sign_in,
    staff,
    staff_people,
    staff_push,
    staff_regrades,
    students,
)
from grader.server.service import Service
from grader.server.service_log import RequestLog
from grader.server.store import StoreUnavailable

LOG = logging.getLogger("grader.server")
API = "/api/"
# Every form but an upload is short.
MAX_FORM_BYTES = 1 << 18
# A body may pause so long, and take so long in all.
PAUSE_SECONDS = 30.0
BODY_SECONDS = 600.0
HEADERS = {
    "content-security-policy": make_policy(),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


ROUTERS = (
    operations.router,
    sign_in.router,
    lti.router,
    oidc.router,
    api.router,
    students.router,
    staff.router,
    staff_people.router,
    staff_push.router,
    staff_regrades.router,
)


def list_routes() -> list[BaseRoute]:
    """Return every route of the application."""
    return [route for router in ROUTERS for route in router.routes]


def list_methods(path: str) -> set[str]:
    """Return the methods that an address takes."""
    routes = (route for route in list_routes() if isinstance(route, APIRoute) and route.path_regex.match(path))
    return {method for route in routes for method in route.methods or ()}


def find_upload_paths() -> list[re.Pattern[str]]:
    """Return the addresses whose routes limit their bodies themselves."""
    return [route.path_regex for route in list_routes() if isinstance(route, APIRoute) and RULES[route.name].is_upload]


def create_app(service: Service) -> FastAPI:
    """Return the application of a service. Raises LookupError where a route has no rule."""
    app = FastAPI(
        title="Grader",
        version="1",
        description="Hand in submissions and read their results. Send `Authorization: Bearer TOKEN`.",
        dependencies=[Depends(authorise)],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    check_rules(list_routes())
    app.add_exception_handler(GraderError, explain_error)
    app.add_exception_handler(HTTPException, explain_error)
    app.add_exception_handler(RequestValidationError, explain_error)
    app.add_exception_handler(ClientDisconnect, explain_error)
    # Any other error ends in the guard: the framework's own answer to it would lack the headers.
    app.add_middleware(Guard, uploads=find_upload_paths())
    app.add_middleware(RequestLog)
    return app


async def explain_error(request: Request, error: Exception) -> Response:
    """Answer an error with its status and a sentence: as JSON to programs, as a page to people."""
    refusal = to_refusal(error)
    language = choose_language_of(request)
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else {}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == 405:
        headers["Allow"] = ", ".join(sorted(list_methods(request.url.path)))
    if request.url.path.startswith(API) or "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"detail": refusal.tell(language)}, refusal.status, headers)
    if refusal.status == 401 and request.method == "GET":
        return RedirectResponse(f"/sign-in?{urlencode({'next': request.url.path})}", 303)
    page = render(request, "error.html", refusal.status, text=refusal.tell(language))
    page.headers.update(headers)
    return page


def to_refusal(error: Exception) -> RequestRefused:
    """Return what a person may know of an error."""
    if isinstance(error, RequestRefused):
        return error
    if isinstance(error, StoreUnavailable):
        LOG.error("%s", error)
        return RequestRefused(503, "unavailable", retry_after=60)
    if isinstance(error, ClientDisconnect):
        return RequestRefused(400, "upload_cut_off")
    if isinstance(error, UsageError):
        return RequestRefused(422, "grader_says", why=error)
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        return RequestRefused(422, "bad_input", why=f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}")
    if isinstance(error, HTTPException):
        if error.status_code in (404, 405):
            return RequestRefused(error.status_code, "not_found")
        return RequestRefused(error.status_code, "bad_input", why=error.detail)
    LOG.error("a request failed", exc_info=error)
    return RequestRefused(500, "error")


class Guard:
    """Adds the headers that every answer has, and ends bodies that are too long for a form or too slow.

    A framework reads a form before it asks who sent it: without this limit, a stranger could fill the disk. An error
    that nothing else has answered is answered here, so that this answer has the headers, too.
    """

    def __init__(
        self, app: ASGIApp, uploads: list[re.Pattern[str]], pause: float = PAUSE_SECONDS, whole: float = BODY_SECONDS
    ) -> None:
        self.app, self.uploads = app, uploads
        self.pause, self.whole = pause, whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = None if any(path.match(scope["path"]) for path in self.uploads) else MAX_FORM_BYTES
        deadline = asyncio.get_running_loop().time() + self.whole
        received, is_complete, has_begun = 0, False, False

        async def receive_body() -> Message:
            nonlocal received, is_complete
            if is_complete:  # from here on the wait is for the client to leave
                return await receive()
            try:
                now = asyncio.get_running_loop().time()
                async with asyncio.timeout_at(min(deadline, now + self.pause)):
                    message = await receive()
            except TimeoutError as error:
                raise RequestRefused(408, "upload_cut_off") from error
            is_complete = not message.get("more_body", False)
            received += len(message.get("body", b""))
            if most is not None and received > most:
                raise RequestRefused(413, "bad_input", why="the form is too long")
            return message

        async def send_guarded(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                add_headers(message, is_secure=scope["scheme"] == "https")
            await send(message)

        try:
            await self.app(scope, receive_body, send_guarded)
        except Exception as error:
            if has_begun:
                raise  # the server cuts the answer off, so that nobody takes it for whole
            answer = await explain_error(Request(scope), error)
            await answer(scope, receive, send_guarded)


def add_headers(message: MutableMapping[str, Any], *, is_secure: bool) -> None:
    """Add the headers that an answer does not have yet."""
    present = {name.lower() for name, _ in message["headers"]}
    added = {**HEADERS, "cache-control": "no-store"}
    if b"content-security-policy" in present:
        # A page for the frame of a platform; its policy names who may frame it.
        del added["x-frame-options"]
    if is_secure:
        added["strict-transport-security"] = "max-age=31536000"
    fresh = [(name.encode(), value.encode()) for name, value in added.items() if name.encode() not in present]
    message["headers"] = [*message["headers"], *fresh]
