"""Send scores to the learning platforms by hand: what they lack, or all of them again."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse

from grader.model.errors import GraderError
from grader.push.delivery import PushResult
from grader.server.audit import note_alone
from grader.server.lti.links import GradeColumn, list_columns
from grader.server.pages import render
from grader.server.refusals import RequestRefused
from grader.server.routes.staff import open_offer
from grader.server.service import Service

router = APIRouter(prefix="/staff/assignments/{name}", include_in_schema=False)


@dataclass
class ColumnView:
    """A column as the page shows it: the platform, and the lines and the outcome of a push or of a trial."""

    key: str
    issuer: str
    course: str
    lines: list[str] = field(default_factory=list)
    trouble: str = ""
    result: PushResult | None = None


@router.get("/push")
def show_push(request: Request, name: str) -> HTMLResponse:
    """Show what each column of the assignment does not have yet."""
    service, _ = open_offer(request, name)
    return _render(
        request, name, [_push(service, each, dry_run=True) for each in _list_columns(service, name).values()]
    )


@router.post("/push")
def push_scores(
    request: Request, name: str, column: Annotated[str, Form()], again: Annotated[bool, Form()] = False
) -> HTMLResponse:
    """Send scores to one column, and show what became of each."""
    service, _ = open_offer(request, name)
    columns = _list_columns(service, name)
    if column not in columns:
        raise RequestRefused(404, "not_found")
    view = _push(service, columns[column], again=again)
    sent, refused = (view.result.sent, len(view.result.refused)) if view.result else (0, 0)
    author = request.state.caller.person.name
    note_alone(service.store, author, "push", name, to=view.issuer, sent=sent, refused=refused, again=again)
    return _render(request, name, [view])


def _list_columns(service: Service, name: str) -> dict[str, GradeColumn]:
    return {each.key: each for each in list_columns(service.store) if each.assignment == name}


def _push(service: Service, column: GradeColumn, *, dry_run: bool = False, again: bool = False) -> ColumnView:
    platform = service.lti.platforms.find(column.platform)
    courses = service.lti.platforms.list_courses(platform) if platform else []
    title = next((each.title for each in courses if each.context == column.context and each.title), column.context)
    view = ColumnView(column.key, platform.issuer if platform else "", title)
    try:
        view.result = service.scores.push(column, view.lines.append, dry_run=dry_run, again=again)
    except GraderError as error:
        view.trouble = str(error)
    return view


def _render(request: Request, name: str, columns: list[ColumnView]) -> HTMLResponse:
    _, offer = open_offer(request, name)
    return render(request, "push.html", offer=offer, columns=columns, is_done=request.method == "POST")
