"""For those who run the service: health, metrics, and the files that pages need."""

import os
import shutil
from collections import Counter
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from grader.server.pages import STATIC
from grader.server.refusals import RequestRefused
from grader.server.service import Service
from grader.server.store import StoreUnavailable

router = APIRouter(include_in_schema=False)
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/healthz")
def show_health(request: Request) -> JSONResponse:
    """Tell whether the service takes uploads and grades them; the answer names no cause to strangers."""
    service: Service = request.app.state.service
    try:
        with service.store.read() as connection:
            connection.exec_driver_sql("SELECT 1")
        is_stored = True
    except StoreUnavailable:
        is_stored = False
    has_room = shutil.disk_usage(service.data.root).free > service.limits.free_bytes
    is_grading = not service.workshop.list_troubles()
    is_well = is_stored and has_room
    found = {"ok": is_well and is_grading, "database": is_stored, "room": has_room, "grading": is_grading}
    # What is stored is graded later: only what cannot be stored takes the service out of a load balancer.
    return JSONResponse(found, 200 if is_well else 503)


@router.get("/metrics")
def show_metrics(request: Request) -> PlainTextResponse:
    """Return the state of the queue as Prometheus reads it."""
    service: Service = request.app.state.service
    states: Counter[str] = Counter()
    for (_, state), count in service.queue.count_by_state().items():
        states[state] += count
    lines = ["# HELP grader_submissions Submissions by state.", "# TYPE grader_submissions gauge"]
    for state in ("queued", "grading", "graded", "refused", "fault"):
        lines.append(f'grader_submissions{{state="{state}"}} {states[state]}')
    lanes = list(service.workshop.lanes.values())
    values = {
        "grader_lanes": ("Assignments that have workers.", len(lanes)),
        "grader_lanes_in_trouble": ("Assignments that cannot be graded.", sum(bool(lane.trouble) for lane in lanes)),
        "grader_in_hand": ("Submissions that workers are at.", sum(lane.in_hand for lane in lanes)),
        "grader_longest_wait_seconds": ("The longest wait in the queue.", service.queue.find_longest_wait()),
        "grader_disk_free_bytes": ("Free space of the data folder.", shutil.disk_usage(service.data.root).free),
        "grader_resident_bytes": ("Memory of this process.", read_resident_bytes()),
    }
    for name, (meaning, value) in values.items():
        lines += [f"# HELP {name} {meaning}", f"# TYPE {name} gauge", f"{name} {value}"]
    return PlainTextResponse("\n".join([*lines, ""]), media_type=PROMETHEUS)


@router.get("/static/{name}")
def show_static(name: str) -> Response:
    """Return one of the files that pages need; there is no other."""
    if name not in STATIC:
        raise RequestRefused(404, "not_found")
    path, kind = STATIC[name]
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "public, max-age=300"})


def read_resident_bytes() -> int:
    """Return the memory of this process, without its workers."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
