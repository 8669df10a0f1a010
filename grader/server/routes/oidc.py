"""Sign in at the university: to its OpenID provider and back."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from grader.server.oidc import OidcProvider
from grader.server.refusals import RequestRefused
from grader.server.routes.sign_in import finish_sign_in, stay_here
from grader.server.service import Service

router = APIRouter(include_in_schema=False)
COOKIE = "grader_oidc"
COOKIE_SECONDS = 600


@router.get("/oidc/login")
def begin_oidc(request: Request, next: str = "/") -> Response:
    """Send the browser to the provider."""
    place, binding = _find_provider(request).begin(_make_callback(request), stay_here(next))
    response = RedirectResponse(place, 302)
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        _name_cookie(request), binding, max_age=COOKIE_SECONDS, httponly=True, samesite="lax", secure=is_secure
    )
    return response


@router.get("/oidc/callback")
def finish_oidc(request: Request, state: str, code: str = "") -> Response:
    """Check what the provider says, and let the person in."""
    service: Service = request.app.state.service
    binding = request.cookies.get(_name_cookie(request), "")
    provider = _find_provider(request)
    person, place = provider.finish(service.people, code, state, binding, _make_callback(request))
    return finish_sign_in(request, person, place)


def _find_provider(request: Request) -> OidcProvider:
    service: Service = request.app.state.service
    if service.oidc is None:
        raise RequestRefused(404, "not_found")
    return service.oidc


def _make_callback(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/oidc/callback"


def _name_cookie(request: Request) -> str:
    return f"__Host-{COOKIE}" if request.url.scheme == "https" else COOKIE
