"""The way of an upload from the request to the queue, for pages and for the API."""

import logging

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from grader.server.assignments import find_offer
from grader.server.people import Visitor
from grader.server.permissions import check_csrf
from grader.server.queue import Queued, make_id
from grader.server.rate_limits import check_uploads
from grader.server.refusals import RequestRefused
from grader.server.service import Service
from grader.server.store import StoreUnavailable
from grader.server.uploads import CSRF_FIELD, UploadReceiver, check_room, keep_upload

LOG = logging.getLogger("grader.server")


async def receive_hand_in(request: Request, assignment: str) -> Queued:
    """Take an upload in. Once this returns, the submission is sure to be graded. Raises RequestRefused."""
    service: Service = request.app.state.service
    caller: Visitor = request.state.caller
    with service.arriving.hold(caller.person.name):
        return await _receive(request, service, caller, assignment)


async def _receive(request: Request, service: Service, caller: Visitor, assignment: str) -> Queued:
    receiver = await run_in_threadpool(_open, request, service, caller, assignment)
    try:
        async for chunk in request.stream():
            await run_in_threadpool(receiver.feed, chunk)
        check_csrf(caller, request.headers.get("x-csrf-token") or receiver.fields.get(CSRF_FIELD, ""))
    except BaseException:
        receiver.discard()
        raise
    # From here on only the thread may discard: it knows whether the row was written.
    return await run_in_threadpool(_keep, service, receiver, caller, assignment)


def _open(request: Request, service: Service, caller: Visitor, assignment: str) -> UploadReceiver:
    """Return what takes the body. Raises RequestRefused where the upload is not to be taken."""
    offer = find_offer(service.course, service.store, assignment)
    if offer is None:
        raise RequestRefused(404, "not_found")
    if not offer.is_open:
        raise RequestRefused(403, "assignment_closed")
    length = request.headers.get("content-length", "")
    check_room(service.data.root, service.limits, int(length) if length.isdecimal() else None)
    check_uploads(caller.person, service.queue, service.limits)
    kind = request.headers.get("content-type", "")
    return UploadReceiver(service.data.uploads / make_id(), kind, service.limits)


def _keep(service: Service, receiver: UploadReceiver, caller: Visitor, assignment: str) -> Queued:
    try:
        queued = keep_upload(receiver, service.queue, assignment=assignment, student=caller.person.name)
    except StoreUnavailable:
        raise  # perhaps the row was written: the next start removes the files where it was not
    except Exception:
        receiver.discard()
        raise
    LOG.info("stored", extra={"submission": queued.id, "assignment": assignment})
    service.workshop.notify(assignment)
    return queued
