"""Sign in by a token or by a one-time link, and sign out.

Another method of signing in is a router of its own that ends in `finish_sign_in`.
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from grader.model.languages import DEFAULT, find_language
from grader.server.pages import LANGUAGE, render
from grader.server.people import LONGEST_SESSION, Person
from grader.server.permissions import name_cookie, refuse_secret
from grader.server.service import Service

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def show_sign_in(request: Request, next: str = "/") -> HTMLResponse:
    """Show the form for a token."""
    service: Service = request.app.state.service
    return render(request, "sign_in.html", provider=service.oidc, next=next)


@router.post("/sign-in")
def sign_in_by_token(request: Request, token: Annotated[str, Form()], next: Annotated[str, Form()] = "/") -> Response:
    """Sign in by a token."""
    service: Service = request.app.state.service
    person = service.people.find_by_token(token.strip())
    if person is None:
        raise refuse_secret(request, service)
    return finish_sign_in(request, person, next)


@router.get("/sign-in/{code}")
def show_link(request: Request, code: str, next: str = "/") -> HTMLResponse:
    """Ask before a link is used up: programs that look at mail open every link."""
    return render(request, "sign_in_link.html", code=code, next=next)


@router.post("/sign-in/{code}")
def sign_in_by_link(request: Request, code: str, next: Annotated[str, Form()] = "/") -> Response:
    """Sign in by a one-time link."""
    service: Service = request.app.state.service
    person = service.people.redeem_link(code)
    if person is None:
        raise refuse_secret(request, service)
    return finish_sign_in(request, person, next)


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    service: Service = request.app.state.service
    service.people.end_session(request.state.caller.session)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(name_cookie(request), secure=request.url.scheme == "https", httponly=True)
    return response


@router.post("/language")
def choose_language(request: Request, language: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
    """Keep the language of the pages in a cookie."""
    response = RedirectResponse(stay_here(back), 303)
    response.set_cookie(LANGUAGE, find_language(language) or DEFAULT, max_age=10**7, samesite="lax")
    return response


def finish_sign_in(request: Request, person: Person, place: str = "/") -> Response:
    """Open a session and go to `place`: the end of every method of signing in."""
    service: Service = request.app.state.service
    response = RedirectResponse(stay_here(place), 303)
    response.set_cookie(
        name_cookie(request),
        service.people.open_session(person),
        max_age=int(LONGEST_SESSION),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response


def stay_here(place: str) -> str:
    """Return an address on this site; another site's becomes the start page."""
    parts = urlsplit(place)
    is_here = place.startswith("/") and not place.startswith(("//", "/\\")) and not parts.netloc
    return place if is_here and place.isprintable() else "/"
