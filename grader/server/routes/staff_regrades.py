"""Regrades: ask for one, and see what it changed."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import HTMLResponse, Response

from grader.server.pages import render
from grader.server.people import Role
from grader.server.refusals import RequestRefused
from grader.server.regrades import begin_regrade, compare_classes, list_regrades
from grader.server.routes.staff import Number, find_student, go_to, open_offer

router = APIRouter(prefix="/staff/assignments/{name}", include_in_schema=False)


@router.post("/students/{person}/regrade")
def regrade_student(request: Request, name: str, person: Number) -> Response:
    """Grade a student's submissions again, where anything has changed since."""
    service, _ = open_offer(request, name)
    begin_regrade(service, request.state.caller.person, name, [find_student(service, person).name])
    return go_to(request, "show_student", name=name, person=person)


@router.post("/regrade")
def regrade_class(request: Request, name: str, student: Annotated[list[int] | None, Form()] = None) -> Response:
    """Grade the chosen students' submissions again, or everyone's where none is chosen."""
    service, _ = open_offer(request, name)
    everyone = service.people.list_all(Role.STUDENT)
    chosen = [person.name for person in everyone if not student or person.id in student]
    begin_regrade(service, request.state.caller.person, name, chosen)
    return go_to(request, "show_regrades", name=name)


@router.get("/regrades")
def show_regrades(
    request: Request, name: str, number: Annotated[int | None, Query(ge=1, lt=1 << 31)] = None
) -> HTMLResponse:
    """Show what a regrade changed, the last one where none is named."""
    service, offer = open_offer(request, name)
    regrades = list_regrades(service, name)
    index = next((at for at, each in enumerate(regrades) if number in (None, each.id)), None)
    if index is None and number is not None:
        raise RequestRefused(404, "not_found")
    chosen = None if index is None else regrades[index]
    following = regrades[index - 1] if index else None
    states = service.queue.count_by_state()
    return render(
        request,
        "regrades.html",
        offer=offer,
        regrades=regrades,
        chosen=chosen,
        changes=compare_classes(service, name, chosen, following) if chosen else [],
        waiting=sum(states.get((name, state), 0) for state in ("queued", "grading")),
        numbers={person.name: person.id for person in service.people.list_all(Role.STUDENT)},
    )
