"""LTI 1.3: launches from a platform, the choice of an assignment for a new link, registration, and the keys.

In a platform's frame browsers send no cookies, so that no session can live there. A launch in a frame ends in a link
to a window of its own, which works once. Outside a frame the session opens at once, if the launch began in the same
browser.
"""

import logging
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from grader.model.assignment import FULL_SCORE
from grader.server.assignments import find_offer, list_offers
from grader.server.audit import note_alone
from grader.server.lti.platforms import write_origin
from grader.server.lti.registration import register
from grader.server.lti.scores import fetch_roster
from grader.server.lti.tool import Arrived
from grader.server.pages import choose_language_of, make_policy, render
from grader.server.permissions import refuse_secret
from grader.server.refusals import RequestRefused
from grader.server.routes.sign_in import finish_sign_in
from grader.server.routes.staff import Number, go_to
from grader.server.service import Service

LOG = logging.getLogger("grader.server")
router = APIRouter(include_in_schema=False)
COOKIE = "grader_launch"
LINK_SECONDS = 600.0
# What an administrator's address for the registration is made for.
REGISTRATION = "register"
LINK_TYPE = "ltiResourceLink"


@router.get("/lti/login")
def begin_launch(request: Request) -> Response:
    """Send the browser to the platform, which sends it back with a signed token."""
    return _begin(request, dict(request.query_params))


@router.post("/lti/login")
async def begin_launch_by_form(request: Request) -> Response:
    """Do the same for a platform that posts a form."""
    given = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    return await run_in_threadpool(_begin, request, given)


@router.post("/lti/launch")
def finish_launch(request: Request, state: Annotated[str, Form()], id_token: Annotated[str, Form()] = "") -> Response:
    """Check a launch and let the person in."""
    service: Service = request.app.state.service
    platform = service.lti.find_platform(state)
    try:
        arrived = service.lti.finish(state, id_token, request.cookies.get(_name_cookie(request)))
        return _show_arrival(request, arrived)
    except RequestRefused as refusal:
        LOG.warning("a launch from %s was refused: %s", platform.issuer, refusal)
        text = refusal.tell(choose_language_of(request))
        return _frame(render(request, "error.html", refusal.status, text=text), platform.origins)


@router.post("/lti/choose")
def choose_link(request: Request, ticket: Annotated[str, Form()], assignment: Annotated[str, Form()]) -> Response:
    """Answer the platform with a link to the chosen assignment."""
    service: Service = request.app.state.service
    body = service.lti.tickets.read("choice", ticket)
    platform, offer = (
        service.lti.platforms.find(body["platform"]),
        find_offer(service.course, service.store, assignment),
    )
    if platform is None or offer is None:
        raise RequestRefused(404, "not_found")
    title = offer.assignment.description.title
    item = {
        "type": LINK_TYPE,
        "title": title,
        "url": f"{_base_url(request)}/lti/launch",
        "custom": {"assignment": offer.name},
        "lineItem": {"label": title, "scoreMaximum": FULL_SCORE, "tag": offer.name, "resourceId": offer.name},
    }
    answer = service.lti.sign_choice(platform, body["deployment"], body["data"], item)
    page = render(request, "lti_answer.html", address=body["return_url"], answer=answer)
    return _frame(page, {*platform.origins, write_origin(body["return_url"])}, form_to=body["return_url"])


@router.get("/lti/jwks")
def show_keys(request: Request) -> JSONResponse:
    """Publish the public halves of the service's keys."""
    service: Service = request.app.state.service
    return JSONResponse(service.lti.keys.publish(), headers={"Cache-Control": "public, max-age=600"})


@router.get("/lti/register/{code}")
def register_platform(
    request: Request, code: str, openid_configuration: str, registration_token: str = ""
) -> HTMLResponse:
    """Register the service in the platform from which an administrator opened this address."""
    service: Service = request.app.state.service
    owner = service.people.redeem_link(code, REGISTRATION)
    if owner is None:
        refuse_secret(request, service)
        raise RequestRefused(403, "bad_token")  # signing in would not help
    platform = register(service.lti, owner.name, openid_configuration, registration_token, _base_url(request))
    page = render(request, "lti_registered.html", platform=platform)
    return _frame(page, {*platform.origins, write_origin(openid_configuration)})


@router.get("/staff/lti")
def show_platforms(request: Request) -> HTMLResponse:
    """List the platforms with their courses."""
    service: Service = request.app.state.service
    platforms = service.lti.platforms
    rows = [(platform, platforms.list_courses(platform)) for platform in platforms.list_all()]
    return render(request, "platforms.html", rows=rows, base=_base_url(request))


@router.post("/staff/lti/{number}/members")
def fetch_members_of(
    request: Request, number: Number, deployment: Annotated[str, Form()], context: Annotated[str, Form()]
) -> Response:
    """Give the students of a platform's course accounts."""
    service: Service = request.app.state.service
    platform = service.lti.platforms.find(number)
    courses = service.lti.platforms.list_courses(platform) if platform else []
    found = [each for each in courses if (each.deployment, each.context) == (deployment, context)]
    if not found:
        raise RequestRefused(404, "not_found")
    count = fetch_roster(service.lti, found[0])
    note_alone(service.store, request.state.caller.person.name, "fetch members", context, students=count)
    return go_to(request, "show_people")


def _begin(request: Request, given: dict[str, str]) -> Response:
    service: Service = request.app.state.service
    place, binding = service.lti.begin(given, f"{_base_url(request)}/lti/launch")
    response = RedirectResponse(place, 302)
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        _name_cookie(request),
        binding,
        max_age=int(LINK_SECONDS),
        httponly=True,
        samesite="none" if is_secure else "lax",
        secure=is_secure,
    )
    return response


def _show_arrival(request: Request, arrived: Arrived) -> Response:
    service: Service = request.app.state.service
    if arrived.claims.is_deep_linking:
        return _offer_choice(request, arrived)
    place = "/"
    if arrived.assignment in service.course.list_assignments():
        service.lti.keep_link(arrived)
        place = request.url_for("show_assignment", name=arrived.assignment).path
    if arrived.is_bound and request.headers.get("sec-fetch-dest") == "document":
        return finish_sign_in(request, arrived.person, place)
    code = service.people.create_link(arrived.person, seconds=LINK_SECONDS)
    address = request.url_for("show_link", code=code).include_query_params(next=place)
    page = render(request, "lti_window.html", address=str(address), name=arrived.person.full_name)
    return _frame(page, arrived.platform.origins | _list_origins(arrived))


def _offer_choice(request: Request, arrived: Arrived) -> Response:
    service: Service = request.app.state.service
    claims, platform = arrived.claims, arrived.platform
    if not arrived.person.is_staff:
        raise RequestRefused(403, "launch_refused", why="only staff choose what a link leads to")
    if LINK_TYPE not in claims.accepted:
        raise RequestRefused(403, "launch_refused", why="the platform takes no links to a tool here")
    ticket = service.lti.tickets.issue(
        "choice",
        platform=platform.id,
        deployment=claims.deployment,
        data=claims.return_data,
        return_url=platform.check_service(claims.return_url),
    )
    page = render(request, "lti_choice.html", offers=list_offers(service.course, service.store), ticket=ticket)
    return _frame(page, platform.origins | _list_origins(arrived))


def _list_origins(arrived: Arrived) -> set[str]:
    """Return the origins that the platform's signed token names as its own."""
    claims = arrived.claims
    named = (claims.return_url, claims.lineitem, claims.lineitems, claims.memberships, claims.page)
    return {write_origin(arrived.platform.check_service(url)) for url in named if url}


def _frame(page: HTMLResponse, origins: Iterable[str], form_to: str = "") -> HTMLResponse:
    """Let a platform show a page in its frame, and let the page's form go to it."""
    target = f"'self' {write_origin(form_to)}" if form_to else "'self'"
    page.headers["content-security-policy"] = make_policy(" ".join(["'self'", *sorted(origins)]), target)
    return page


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _name_cookie(request: Request) -> str:
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE
