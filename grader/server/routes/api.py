"""The API: hand in, ask for results, list and export. `GET /api/v1/openapi.json` describes it."""

from datetime import UTC, datetime
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from grader.model.report import GradeReport
from grader.reporting.safe_text import format_table
from grader.server.assignments import find_offer, list_offers
from grader.server.hand_in import receive_hand_in
from grader.server.people import Role, Visitor
from grader.server.queue import Queued
from grader.server.refusals import RequestRefused
from grader.server.results import find_result
from grader.server.service import Service
from grader.server.waiting import find_waiting

router = APIRouter(prefix="/api/v1", tags=["submissions"])
State = Literal["queued", "grading", "graded", "refused", "fault"]
_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}


class Receipt(BaseModel):
    """An upload that was stored, and where its result will be."""

    id: str
    status: State
    url: str


class SubmissionAnswer(BaseModel):
    """A submission; `report` is empty until there is one, and has what the caller's role may see."""

    id: str
    status: State
    assignment: str
    student: str
    received_at: str
    ahead: int | None = None
    seconds: float | None = None
    counts: bool = False
    report: GradeReport | None = None


class SubmissionRow(BaseModel):
    """A submission in a list."""

    id: str
    status: State
    assignment: str
    student: str
    received_at: str
    score: float | None
    max_score: float | None


class AssignmentAnswer(BaseModel):
    """An assignment; `due` is the caller's own."""

    name: str
    title: str
    is_open: bool
    due: str | None


class CsvResponse(Response):
    """A table."""

    media_type = "text/csv"


class Detail(BaseModel):
    """The reason for refusing a request."""

    detail: str


_REFUSED: dict[int | str, dict[str, Any]] = {
    code: {"model": Detail} for code in (400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 503, 507)
}
# For a route that answers in another format: there a model would be described in that format, too.
_REFUSED_AS_JSON: dict[int | str, dict[str, Any]] = {
    code: {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Detail"}}},
    }
    for code in _REFUSED
}


@router.get("/openapi.json", include_in_schema=False)
def api_openapi(request: Request) -> JSONResponse:
    """Return the description of this API."""
    described = request.app.openapi()
    described["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    return JSONResponse(described | {"security": [{"token": []}]})


@router.get("/assignments", responses=_REFUSED)
def api_assignments(request: Request) -> list[AssignmentAnswer]:
    """List the assignments."""
    service: Service = request.app.state.service
    caller: Visitor = request.state.caller
    return [
        AssignmentAnswer(
            name=offer.name,
            title=offer.assignment.description.title,
            is_open=offer.is_open,
            due=offer.due.isoformat() if offer.due else None,
        )
        for offer in list_offers(service.course, service.store, caller.person.name)
    ]


@router.post(
    "/assignments/{name}/submissions",
    status_code=202,
    response_model=Receipt,
    responses=_REFUSED,
    openapi_extra=_UPLOAD,
)
async def api_hand_in(request: Request, name: str) -> Receipt:
    """Hand in one file or several, in the field `file`. The answer comes once they are stored."""
    queued = await receive_hand_in(request, name)
    return Receipt(id=queued.id, status=queued.status, url=str(request.url_for("api_submission", submission=queued.id)))


@router.get("/assignments/{name}/submissions", responses=_REFUSED)
def api_submissions(request: Request, name: str, limit: int = 1000) -> list[SubmissionRow]:
    """List submissions, the newest first: a student's own, or for staff those of the class."""
    service: Service = request.app.state.service
    person = request.state.caller.person
    student = person.name if person.role is Role.STUDENT else None
    if find_offer(service.course, service.store, name) is None:
        raise RequestRefused(404, "not_found")
    rows = service.queue.list_of(student, name, limit=max(1, min(limit, 10_000)))
    return [
        SubmissionRow(
            id=row.id,
            status=row.status,
            assignment=row.assignment,
            student=row.student,
            received_at=_tell_time(row.received_at),
            score=row.score,
            max_score=row.max_score,
        )
        for row in rows
    ]


@router.get("/submissions/{submission}", responses=_REFUSED)
def api_submission(request: Request, submission: str) -> SubmissionAnswer:
    """Return a submission's state, and its report once there is one."""
    service: Service = request.app.state.service
    queued: Queued = request.state.submission
    answer = SubmissionAnswer(
        id=queued.id,
        status=queued.status,
        assignment=queued.assignment,
        student=queued.student,
        received_at=_tell_time(queued.received_at),
    )
    waiting = find_waiting(service, queued)
    if waiting is not None:
        answer.ahead, answer.seconds = waiting.ahead, waiting.seconds
    result = find_result(service, queued) if queued.gradings else None
    if result is not None:
        answer.counts, answer.report = result.counts, result.show_to(request.state.caller.person)
    return answer


@router.get(
    "/assignments/{name}/scores.csv",
    response_class=CsvResponse,
    responses=_REFUSED_AS_JSON,
)
def api_scores(request: Request, name: str) -> CsvResponse:
    """Return the scores of the class as CSV, as adjusted by staff."""
    service: Service = request.app.state.service
    if find_offer(service.course, service.store, name) is None:
        raise RequestRefused(404, "not_found")
    reports = service.view_class(name).read_reports()
    rows: list[list[str | float | None]] = [["student", "score", "max_score", "status", "late_penalty", "excused"]]
    for student, report in sorted(reports.items()):
        score = report.final_score
        rows.append([student, score, report.max_score, report.status, report.late_penalty, str(report.excused)])
    headers = {"Content-Disposition": 'attachment; filename="scores.csv"'}
    return CsvResponse(format_table(rows), headers=headers)


def _tell_time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
