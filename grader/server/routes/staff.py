"""Pages and actions of staff for a class: the table, a student's page, adjustments, regrades, statistics, exports."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast, get_args

from fastapi import APIRouter, Form, Query, Request
from fastapi import Path as PathParameter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from grader.authoring.similar_work import find_similar_work
from grader.classroom.adjust import adjust_run
from grader.classroom.adjustments import Adjustment, Kind
from grader.classroom.statistics import describe_class
from grader.classroom.time_to_solve import read_attempts
from grader.exports import FORMATS, ExportOptions, export_run
from grader.intake.roster import Roster, Student
from grader.model.report import GradeReport
from grader.reporting.safe_text import remove_control_characters
from grader.server.assignments import Offer, find_offer, set_extension, set_open
from grader.server.audit import note_alone, note_change
from grader.server.downloads import pack_work
from grader.server.pages import render
from grader.server.people import Person, Role
from grader.server.queue import Queued
from grader.server.refusals import RequestRefused
from grader.server.regrade_requests import list_requests
from grader.server.results import find_result, read_source
from grader.server.routes.students import attach, find_counting
from grader.server.service import Service

router = APIRouter(prefix="/staff/assignments/{name}", include_in_schema=False)
MOST_ATTEMPTS = 100_000
MOST_DAYS = 365.0
# What a database keeps as the number of a row.
Number = Annotated[int, PathParameter(ge=1, lt=1 << 31)]


@dataclass(frozen=True)
class ClassRow:
    """One student in the table of a class."""

    person: Person
    attempts: int
    latest: Queued | None
    report: GradeReport | None

    @property
    def state(self) -> str:
        """Return the state of the latest attempt; empty where there is none."""
        return self.latest.status if self.latest else ""


def open_offer(request: Request, name: str, student: str = "") -> tuple[Service, Offer]:
    """Return the service and the assignment of a request. Raises RequestRefused where there is none of that name."""
    service: Service = request.app.state.service
    offer = find_offer(service.course, service.store, name, student)
    if offer is None:
        raise RequestRefused(404, "not_found")
    return service, offer


def find_student(service: Service, number: int) -> Person:
    """Return the student with that number. Raises RequestRefused where there is none."""
    person = service.people.find_by_number(number)
    if person is None or person.role is not Role.STUDENT:
        raise RequestRefused(404, "not_found")
    return person


def list_rows(service: Service, name: str) -> list[ClassRow]:
    """Return every student of the class."""
    reports = service.view_class(name).read_reports()
    attempts: dict[str, list[Queued]] = {}
    for each in service.queue.list_of(assignment=name, limit=MOST_ATTEMPTS):
        attempts.setdefault(each.student, []).append(each)
    return [
        ClassRow(
            person,
            len(attempts.get(person.name, ())),
            attempts.get(person.name, [None])[0],
            reports.get(person.name),
        )
        for person in service.people.list_all(Role.STUDENT)
    ]


@router.get("")
def show_class(request: Request, name: str, search: str = "", state: str = "") -> HTMLResponse:
    """Show the class as it fills up."""
    service, offer = open_offer(request, name)
    rows = list_rows(service, name)
    wanted = search.strip().casefold()
    shown = [
        row
        for row in rows
        if (not state or row.state == state)
        and (not wanted or wanted in row.person.name.casefold() or wanted in row.person.full_name.casefold())
    ]
    troubles = [text for text in service.workshop.list_troubles() if text.startswith(f"{name}:")]
    return render(
        request,
        "class.html",
        offer=offer,
        troubles=troubles,
        rows=shown,
        all_rows=rows,
        search=search,
        state=state,
        formats=list(FORMATS),
    )


@router.get("/students/{person}")
def show_student(request: Request, name: str, person: Number) -> HTMLResponse:
    """Show a student's attempts, the code that counts beside its tests, and what staff may do."""
    service: Service = request.app.state.service
    student = find_student(service, person)
    service, offer = open_offer(request, name, student.name)
    attempts = service.queue.list_of(student.name, name)
    counting = find_counting(service, attempts)
    chosen = next((each for each in attempts if each.id == counting), None)
    result = find_result(service, chosen) if chosen else None
    source = read_source(service, name, result.attempt) if result else None
    adjustments = service.open_gradebook(name).list_adjustments(name, student.name).get(student.name, [])
    return render(
        request,
        "student.html",
        offer=offer,
        student=student,
        attempts=attempts,
        counting=counting,
        result=result,
        lines=(source or "").splitlines(),
        made=adjustments,
        requests=list_requests(service.store, student=student.name, assignment=name),
    )


@router.post("/students/{person}/adjust")
def adjust_student(
    request: Request,
    name: str,
    person: Number,
    kind: Annotated[str, Form()],
    reason: Annotated[str, Form()],
    todo: Annotated[str, Form()] = "",
    points: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
    undoes: Annotated[int | None, Form()] = None,
) -> Response:
    """Correct a report by hand, by the code of `grader adjust`."""
    service, _ = open_offer(request, name)
    student, author = find_student(service, person), request.state.caller.person
    if kind not in get_args(Kind):
        raise RequestRefused(422, "bad_input", why=f"no kind {kind!r} of adjustment")
    try:
        amount = float(points) if points.strip() and kind in ("todo", "score", "bonus") else None
    except ValueError as error:
        raise RequestRefused(422, "bad_input", why=f"{points!r} is no number of points") from error
    if kind in ("todo", "score", "bonus") and amount is None:
        raise RequestRefused(422, "bad_input", why="points are missing")
    made = Adjustment(
        student=student.name, kind=cast(Kind, kind), todo=todo if kind == "todo" else "", points=amount,
        reason=remove_control_characters(reason), comment=remove_control_characters(comment), by=author.name,
        undoes=undoes if kind == "undo" else None,
    )  # fmt: skip
    adjust_run(service.open_run(name), [made], service.gradebook_url)
    detail = {"kind": kind, "todo": made.todo, "points": amount, "reason": reason, "undoes": made.undoes}
    note_alone(service.store, author.name, "adjust", f"{name} {student.name}", **detail)
    return go_to(request, "show_student", name=name, person=person)


@router.post("/students/{person}/extend")
def extend_student(request: Request, name: str, person: Number, days: Annotated[float, Form()]) -> Response:
    """Give a student more days, and charge lateness again for what was handed in."""
    service, _ = open_offer(request, name)
    student = find_student(service, person)
    if not 0 <= days <= MOST_DAYS:
        raise RequestRefused(422, "bad_input", why=f"0 to {MOST_DAYS:g} days")
    with service.store.write() as connection:
        set_extension(connection, name, student.name, days)
        service.queue.queue_again(connection, name, [student.name])
        note_change(connection, request.state.caller.person.name, "extend", f"{name} {student.name}", days=days)
    service.workshop.notify(name)
    return go_to(request, "show_student", name=name, person=person)


@router.post("/state")
def change_state(request: Request, name: str, is_open: Annotated[bool, Form()]) -> Response:
    """Open the assignment for hand-ins, or close it."""
    service, _ = open_offer(request, name)
    with service.store.write() as connection:
        set_open(connection, name, is_open=is_open)
        note_change(connection, request.state.caller.person.name, "open" if is_open else "close", name)
    if is_open:
        service.workshop.prepare(name)
    return go_to(request, "show_class", name=name)


@router.get("/statistics")
def show_statistics(request: Request, name: str) -> HTMLResponse:
    """Show the page of `grader stats`."""
    service, offer = open_offer(request, name)
    reports = service.view_class(name).read_reports().values()
    if not any(report.final_score is not None for report in reports):
        return render(request, "empty.html", title=offer.assignment.description.title)
    run = service.open_run(name)
    found = describe_class(run.read_reports(), read_attempts(run, name, service.gradebook_url))
    title, up = f"{found.title}: statistics", request.url_for("show_class", name=name).path
    return render(request, "statistics.html", title=title, up=up, found=found)


@router.get("/similar")
def show_similar(request: Request, name: str) -> HTMLResponse:
    """Show the page of `grader similar`."""
    service, offer = open_offer(request, name)
    if not service.view_class(name).read_reports():
        return render(request, "empty.html", title=offer.assignment.description.title)
    left_out: list[str] = []
    # A thread that stays: the confined reader that it starts ends with it.
    job = service.inspector.submit(
        find_similar_work,
        service.open_run(name),
        service.course,
        isolation=service.workshop.options.isolation,
        on_left_out=lambda student, reason: left_out.append(f"{student}: {reason}"),
        store=service.gradebook_url,
    )
    found = job.result()
    notes: dict[str, list[str]] = {f"left out: {text}": [] for text in left_out}
    return render(
        request,
        "similar.html",
        title=found.title,
        up=request.url_for("show_class", name=name).path,
        pairs=found.pairs,
        mistakes={**found.mistakes, **notes},
    )


@router.get("/export")
def export_class(request: Request, name: str, to: Annotated[str, Query(alias="format")] = "csv") -> Response:
    """Return what `grader export` writes."""
    service, _ = open_offer(request, name)
    people = service.people.list_all(Role.STUDENT)
    students = (Student(id=person.name, name=person.full_name, language=person.language) for person in people)
    roster = Roster(tuple(students))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export")
        export_run(
            service.open_run(name).folder,
            path,
            to=to,
            options=ExportOptions(roster=roster),
            store=service.gradebook_url,
        )
        note_alone(service.store, request.state.caller.person.name, "export", name, format=to)
        if path.is_dir():
            return attach(pack_work(path), f"{name}-{to}.zip", "application/zip")
        suffix = "csv" if "csv" in to else "txt"
        return attach(path.read_bytes(), f"{name}-{to}.{suffix}", "application/octet-stream")


def go_to(request: Request, route: str, **values: object) -> Response:
    """Show a page after a form was sent."""
    return RedirectResponse(request.url_for(route, **values).path, 303)
