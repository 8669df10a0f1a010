"""Pages and actions of staff beside a class: people and their links, regrade requests, the audit log, webhooks."""

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, Response

from grader.intake.roster import read_roster
from grader.server.audit import list_changes, note_alone, note_change
from grader.server.pages import render
from grader.server.people import Person, Role
from grader.server.permissions import may_manage
from grader.server.refusals import RequestRefused
from grader.server.regrade_requests import answer_request_by, list_requests
from grader.server.routes.staff import Number, go_to
from grader.server.service import Service
from grader.server.webhooks import add_webhook, list_webhooks, remove_webhook

router = APIRouter(prefix="/staff", include_in_schema=False)
MOST_PER_HOUR = 1000


@router.get("/people")
def show_people(request: Request) -> HTMLResponse:
    """List everyone with an account."""
    return _render_people(request)


@router.post("/people")
def add_person(
    request: Request,
    name: Annotated[str, Form()],
    role: Annotated[Role, Form()],
    full_name: Annotated[str, Form()] = "",
) -> Response:
    """Add a person."""
    service: Service = request.app.state.service
    if not may_manage(request.state.caller, role):
        raise RequestRefused(403, "not_allowed")
    person = service.people.add(name, role, full_name.strip())
    note_alone(service.store, request.state.caller.person.name, "add person", person.name, role=person.role)
    return go_to(request, "show_people")


@router.post("/people/roster")
def add_roster(request: Request, table: Annotated[str, Form()]) -> Response:
    """Add the students of a roster who are new. Sent twice, it changes nothing."""
    service: Service = request.app.state.service
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "roster.csv")
        path.write_text(table, encoding="utf-8")
        roster = read_roster(path)
    known = {person.name for person in service.people.list_all()}
    added = [student for student in roster.students if student.id not in known]
    for student in added:
        service.people.add(student.id, Role.STUDENT, student.name, student.language)
    note_alone(service.store, request.state.caller.person.name, "add roster", "people", students=len(added))
    return go_to(request, "show_people")


@router.post("/people/{person}/link")
def make_link(request: Request, person: Number) -> HTMLResponse:
    """Make a sign-in link that works once, and show it once."""
    service: Service = request.app.state.service
    found = _find_managed(request, person)
    code = service.people.create_link(found)
    note_alone(service.store, request.state.caller.person.name, "make link", found.name)
    return _render_people(request, link=str(request.url_for("show_link", code=code)), owner=found.name)


@router.post("/people/{person}")
def change_person(
    request: Request,
    person: Number,
    is_active: Annotated[bool | None, Form()] = None,
    role: Annotated[Role | None, Form()] = None,
    more_per_hour: Annotated[int | None, Form()] = None,
) -> Response:
    """Let a person in or shut them out, change the role of staff, or allow a student more hand-ins."""
    service: Service = request.app.state.service
    found, caller = _find_managed(request, person), request.state.caller
    values: dict[str, object] = {}
    if more_per_hour is not None:
        values["more_per_hour"] = max(0, min(more_per_hour, MOST_PER_HOUR))
    if is_active is not None:
        values["is_active"] = is_active
    if role is not None and role is not found.role:
        if not may_manage(caller, role) or Role.STUDENT in (role, found.role):
            raise RequestRefused(403, "not_allowed")
        values["role"] = role
    if found.id == caller.person.id and values.keys() & {"is_active", "role"}:
        raise RequestRefused(422, "bad_input", why="ask another owner to change your own account")
    if values:
        service.people.change(found, **values)
        note_alone(service.store, caller.person.name, "change person", found.name, **values)
    return go_to(request, "show_people")


@router.get("/requests")
def show_requests(request: Request) -> HTMLResponse:
    """List regrade requests, those that wait first."""
    service: Service = request.app.state.service
    numbers = {person.name: person.id for person in service.people.list_all(Role.STUDENT)}
    return render(request, "requests.html", requests=list_requests(service.store), numbers=numbers)


@router.post("/requests/{number}")
def answer_request(request: Request, number: Number, text: Annotated[str, Form()]) -> Response:
    """Answer a regrade request."""
    service: Service = request.app.state.service
    answer_request_by(service.store, number, request.state.caller.person, text)
    return go_to(request, "show_requests")


@router.get("/audit")
def show_audit(request: Request) -> HTMLResponse:
    """Show the last changes, the newest first."""
    service: Service = request.app.state.service
    return render(request, "audit.html", changes=list_changes(service.store))


@router.get("/webhooks")
def show_webhooks(request: Request) -> HTMLResponse:
    """List the addresses that receive a message for every graded submission."""
    service: Service = request.app.state.service
    return render(request, "webhooks.html", webhooks=list_webhooks(service.store))


@router.post("/webhooks")
def add_webhook_address(request: Request, url: Annotated[str, Form()]) -> Response:
    """Add an address."""
    service: Service = request.app.state.service
    with service.store.write() as connection:
        add_webhook(connection, url.strip())
        note_change(connection, request.state.caller.person.name, "add webhook", url.strip())
    return go_to(request, "show_webhooks")


@router.post("/webhooks/{number}/remove")
def remove_webhook_address(request: Request, number: Number) -> Response:
    """Remove an address and what waits for it."""
    service: Service = request.app.state.service
    with service.store.write() as connection:
        remove_webhook(connection, number)
        note_change(connection, request.state.caller.person.name, "remove webhook", str(number))
    return go_to(request, "show_webhooks")


def _find_managed(request: Request, number: int) -> Person:
    service: Service = request.app.state.service
    found = service.people.find_by_number(number)
    if found is None:
        raise RequestRefused(404, "not_found")
    if not may_manage(request.state.caller, found.role):
        raise RequestRefused(403, "not_allowed")
    return found


def _render_people(request: Request, link: str = "", owner: str = "") -> HTMLResponse:
    service: Service = request.app.state.service
    everyone = service.people.list_all()
    managed = {person.id for person in everyone if may_manage(request.state.caller, person.role)}
    roles = [role for role in Role if may_manage(request.state.caller, role)]
    return render(request, "people.html", people=everyone, managed=managed, roles=roles, link=link, owner=owner)
