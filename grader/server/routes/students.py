"""The pages of students: assignments, hand-ins, feedback, downloads and requests."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from grader.model.verdict import Language
from grader.reporting.feedback import describe_page
from grader.server.assignments import find_offer, list_offers
from grader.server.downloads import pack_kit_of, pack_work
from grader.server.hand_in import receive_hand_in
from grader.server.pages import choose_language_of, render
from grader.server.people import Role, Visitor
from grader.server.queue import Queued
from grader.server.rate_limits import count_left
from grader.server.refusals import RequestRefused
from grader.server.regrade_requests import add_request, list_requests
from grader.server.results import find_difference, find_result, list_points
from grader.server.service import Service
from grader.server.store import StoreUnavailable
from grader.server.waiting import find_waiting, tell_state

router = APIRouter(include_in_schema=False)
# Those who wait see their place so often; with many of them more rarely, so that looking takes no time from uploads.
WATCH_SECONDS = 5.0
LOOKS_PER_SECOND = 20
# Proxies close a connection that is silent for a minute.
LONGEST_SILENCE = 30.0


@router.get("/")
def show_home(request: Request) -> HTMLResponse:
    """List the assignments with what was handed in."""
    service: Service = request.app.state.service
    person = request.state.caller.person
    mine: dict[str, Queued] = {}
    counts: dict[tuple[str, str], int] = {}
    if person.role is Role.STUDENT:
        mine = {each.assignment: each for each in reversed(service.queue.list_of(person.name))}
    else:
        counts = service.queue.count_by_state()
    offers = list_offers(service.course, service.store, person.name)
    troubles = service.workshop.list_troubles() if person.is_staff else []
    return render(request, "home.html", offers=offers, mine=mine, counts=counts, troubles=troubles)


@router.get("/assignments/{name}")
def show_assignment(request: Request, name: str) -> HTMLResponse:
    """Show an assignment: when it is due, the form to hand in, and the attempts so far."""
    service: Service = request.app.state.service
    person = request.state.caller.person
    offer = find_offer(service.course, service.store, name, person.name)
    if offer is None:
        raise RequestRefused(404, "not_found")
    if offer.is_open:
        service.workshop.prepare(name)
    attempts = service.queue.list_of(person.name, name)
    return render(
        request,
        "assignment.html",
        offer=offer,
        attempts=attempts,
        counting=find_counting(service, attempts),
        left=count_left(person, service.queue, service.limits),
        limits=service.limits,
        is_opening=offer.is_open and not service.workshop.is_ready(name),
    )


def find_counting(service: Service, attempts: list[Queued]) -> str:
    """Return the id of the attempt that counts; empty where there is none yet."""
    if not any(each.gradings for each in attempts):
        return ""
    first = attempts[0]
    latest = service.open_gradebook(first.assignment).find_latest_attempt(first.student, first.assignment)
    path = latest.evidence.path if latest else ""
    return next((each.id for each in attempts if path.endswith(f"/{each.path}")), "")


@router.get("/assignments/{name}/kit")
def download_kit(request: Request, name: str) -> Response:
    """Return the kit of an assignment."""
    service: Service = request.app.state.service
    offer = find_offer(service.course, service.store, name)
    if offer is None:
        raise RequestRefused(404, "not_found")
    return attach(pack_kit_of(offer.assignment), f"{name}.zip", "application/zip")


@router.post("/assignments/{name}/submissions")
async def hand_in(request: Request, name: str) -> Response:
    """Take an upload from the form, and show the page of the submission."""
    queued = await receive_hand_in(request, name)
    place = request.url_for("show_submission", submission=queued.id).path
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"id": queued.id, "status": queued.status, "url": place}, 202)
    return RedirectResponse(place, 303)


@router.get("/submissions/{submission}")
def show_submission(request: Request, submission: str) -> HTMLResponse:
    """Show how far a submission is, and its feedback once it is there."""
    service: Service = request.app.state.service
    queued: Queued = request.state.submission
    person = request.state.caller.person
    result = find_result(service, queued) if queued.gradings else None
    attempts = service.queue.list_of(queued.student, queued.assignment)
    before = next((each for each in attempts if each.number < queued.number and each.gradings), None)
    language = choose_language_of(request)
    feedback = describe_page(result.show_to(person), language, list_points(service, attempts)) if result else {}
    # The page says whose it is in its own words.
    feedback.pop("language", None)
    return render(
        request,
        "submission.html",
        queued=queued,
        offer=find_offer(service.course, service.store, queued.assignment, queued.student),
        result=result,
        difference=find_difference(service, before, queued) if before and result else None,
        state=tell_state(queued, find_waiting(service, queued), language),
        requests=list_requests(service.store, submission=queued.id),
        **{"report": None, "rows": [], "adjustments": [], "reason": "", "words": {}, **feedback},
    )


@router.get("/submissions/{submission}/events")
async def watch_submission(request: Request, submission: str) -> StreamingResponse:
    """Send the state of a submission as it changes, until it is graded."""
    service: Service = request.app.state.service
    language = choose_language_of(request)

    async def send() -> AsyncIterator[str]:
        former = ""
        while not service.announcer.is_closing and not await request.is_disconnected():
            try:
                state = await run_in_threadpool(describe_state, service, submission, language)
            except StoreUnavailable:
                state = {}
            text = json.dumps(state, ensure_ascii=False)
            # A comment keeps proxies from closing a connection that is silent.
            yield f"data: {text}\n\n" if state and text != former else ": waiting\n\n"
            former = text
            if state.get("final"):
                return
            seconds = min(max(WATCH_SECONDS, service.announcer.watchers / LOOKS_PER_SECOND), LONGEST_SILENCE)
            await service.announcer.wait(submission, seconds)

    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(send(), media_type="text/event-stream", headers=headers)


def describe_state(service: Service, submission: str, language: Language) -> dict[str, Any]:
    """Return what the page shows while it waits."""
    queued = service.queue.find(submission)
    if queued is None:
        return {"final": True}
    text = tell_state(queued, find_waiting(service, queued), language)
    return {"status": queued.status, "text": text, "final": queued.is_final}


@router.get("/submissions/{submission}/files")
def download_submission(request: Request, submission: str) -> Response:
    """Return what was handed in, byte for byte, as a file to be saved."""
    service: Service = request.app.state.service
    queued: Queued = request.state.submission
    path = service.data.uploads / queued.path
    if path.is_dir():
        return attach(pack_work(path), f"{queued.id}.zip", "application/zip")
    return FileResponse(path, media_type="application/octet-stream", headers=describe_attachment(queued.files[0]))


@router.post("/submissions/{submission}/requests")
def ask_for_regrade(request: Request, submission: str, text: Annotated[str, Form()]) -> Response:
    """Keep a student's request to look at a result again."""
    service: Service = request.app.state.service
    caller: Visitor = request.state.caller
    add_request(service.store, request.state.submission, caller.person, text)
    return RedirectResponse(request.url_for("show_submission", submission=submission).path, 303)


def attach(data: bytes, name: str, kind: str) -> Response:
    """Return bytes as a file to be saved."""
    return Response(data, media_type=kind, headers=describe_attachment(name))


def describe_attachment(name: str) -> dict[str, str]:
    """Return the headers of a file that a browser saves and never shows, even where it could show it."""
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._- ") else "_" for letter in name)
    return {"Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"}
