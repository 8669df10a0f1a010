"""The permissions of each role: the one place where they are decided.

`authorise` runs before every route. A route without a line in `RULES` makes the service refuse to start. Nothing tells
an outsider whether a person, a submission or an assignment of another exists: each is "not found".
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from grader.server.people import Role, Visitor
from grader.server.refusals import RequestRefused
from grader.server.service import Service

SESSION = "grader_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OWNERS = frozenset({Role.OWNER})
STAFF = OWNERS | {Role.STAFF}
GRADERS = STAFF | {Role.GRADER}
STUDENTS = frozenset({Role.STUDENT})
EVERYONE = GRADERS | STUDENTS


@dataclass(frozen=True)
class Rule:
    """The roles that may use a route; None stands for everybody, signed in or not.

    A student sees only submissions of their own, on every route. `is_upload` says that the route reads its body
    itself, and looks for the form's token there. `is_foreign` says that the form comes from another site: the route
    checks a signature, and does not look at who is signed in.
    """

    roles: frozenset[Role] | None
    is_upload: bool = False
    is_foreign: bool = False


PUBLIC, SIGNED_IN = Rule(None), Rule(EVERYONE)

# By the name of the route's function.
RULES: dict[str, Rule] = {
    # operations and sign-in
    "show_health": PUBLIC,
    "show_metrics": PUBLIC,
    "show_static": PUBLIC,
    "show_sign_in": PUBLIC,
    "sign_in_by_token": PUBLIC,
    "show_link": PUBLIC,
    "sign_in_by_link": PUBLIC,
    "choose_language": PUBLIC,
    "sign_out": SIGNED_IN,
    "begin_oidc": PUBLIC,
    "finish_oidc": PUBLIC,
    # LTI: a platform or its signature stands behind each of these
    "begin_launch": PUBLIC,
    "begin_launch_by_form": Rule(None, is_foreign=True),
    "finish_launch": Rule(None, is_foreign=True),
    "choose_link": Rule(None, is_foreign=True),
    "show_keys": PUBLIC,
    "register_platform": PUBLIC,
    "show_platforms": Rule(OWNERS),
    "fetch_members_of": Rule(OWNERS),
    # students
    "show_home": SIGNED_IN,
    "show_assignment": SIGNED_IN,
    "download_kit": SIGNED_IN,
    "hand_in": Rule(STUDENTS, is_upload=True),
    "show_submission": SIGNED_IN,
    "watch_submission": SIGNED_IN,
    "download_submission": SIGNED_IN,
    "ask_for_regrade": SIGNED_IN,
    # API
    "api_openapi": SIGNED_IN,
    "api_assignments": SIGNED_IN,
    "api_hand_in": Rule(STUDENTS, is_upload=True),
    "api_submissions": SIGNED_IN,
    "api_submission": SIGNED_IN,
    "api_scores": Rule(GRADERS),
    # staff
    "show_class": Rule(GRADERS),
    "show_student": Rule(GRADERS),
    "show_statistics": Rule(GRADERS),
    "show_similar": Rule(GRADERS),
    "show_requests": Rule(GRADERS),
    "answer_request": Rule(GRADERS),
    "adjust_student": Rule(GRADERS),
    "export_class": Rule(STAFF),
    "regrade_class": Rule(STAFF),
    "regrade_student": Rule(GRADERS),
    "show_regrades": Rule(GRADERS),
    "show_push": Rule(STAFF),
    "push_scores": Rule(STAFF),
    "extend_student": Rule(STAFF),
    "change_state": Rule(STAFF),
    "show_people": Rule(STAFF),
    "add_person": Rule(STAFF),
    "add_roster": Rule(STAFF),
    "make_link": Rule(STAFF),
    "change_person": Rule(STAFF),
    "show_audit": Rule(STAFF),
    "show_webhooks": Rule(OWNERS),
    "add_webhook_address": Rule(OWNERS),
    "remove_webhook_address": Rule(OWNERS),
}


def check_rules(routes: Iterable[BaseRoute]) -> None:
    """Raise LookupError where a route has no rule, or a rule no route."""
    names = [route.name for route in routes if isinstance(route, APIRoute)]
    others = [route for route in routes if not isinstance(route, APIRoute)]
    if others:
        raise LookupError(f"routes that no rule can guard: {others}")
    if sorted(names) != sorted(RULES):
        raise LookupError(f"routes and rules differ: {sorted(set(names) ^ set(RULES))}, or a name is there twice")


def may_manage(caller: Visitor, role: Role) -> bool:
    """Tell whether a person may add, change or let in people of a role: only owners touch staff."""
    return caller.person.role is Role.OWNER or (caller.person.role is Role.STAFF and role is Role.STUDENT)


async def authorise(request: Request) -> None:
    """Find out who asks. Leaves the visitor in `request.state.caller`.

    Raises RequestRefused where the route is not theirs.
    """
    service: Service = request.app.state.service
    rule = RULES[request.scope["route"].name]
    await run_in_threadpool(_admit, request, service, rule)
    caller: Visitor | None = request.state.caller
    if request.method in SAFE or rule.is_foreign:
        return
    if not request.headers.get("authorization"):
        check_origin(request)
    if caller is not None and caller.csrf and not rule.is_upload:
        if request.headers.get("content-type", "").startswith("multipart/"):
            raise RequestRefused(415, "bad_input", why="this form takes no files")
        given = request.headers.get("x-csrf-token") or str((await request.form()).get("csrf", ""))
        check_csrf(caller, given)


def _admit(request: Request, service: Service, rule: Rule) -> None:
    caller = _identify(request, service)
    request.state.caller = caller
    if rule.roles is not None:
        if caller is None:
            raise RequestRefused(401, "sign_in_first")
        service.requests.check(caller.person.name)
        service.requests.count(caller.person.name)
        if caller.person.role not in rule.roles:
            # For a student, what is only for staff does not exist.
            raise RequestRefused(403, "not_allowed") if caller.person.is_staff else RequestRefused(404, "not_found")
    wanted = request.path_params.get("submission")
    if wanted is not None and caller is not None:
        found = service.queue.find(wanted)
        if found is None or not (caller.person.is_staff or found.student == caller.person.name):
            raise RequestRefused(404, "not_found")
        request.state.submission = found


def _identify(request: Request, service: Service) -> Visitor | None:
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        person = service.people.find_by_token(token.strip()) if kind.lower() == "bearer" else None
        if person is None:
            raise refuse_secret(request, service)
        return Visitor(person)
    cookie = request.cookies.get(name_cookie(request))
    return service.people.find_session(cookie) if cookie else None


def refuse_secret(request: Request, service: Service) -> RequestRefused:
    """Return the refusal of a wrong token or link. Raises another one where an address has tried many."""
    address = request.client.host if request.client else ""
    # Looked up before: those who share an address with a guesser can still sign in.
    service.sign_ins.check(address)
    service.sign_ins.count(address)
    return RequestRefused(401, "bad_token")


def check_origin(request: Request) -> None:
    """Raise RequestRefused for a form that another site sent.

    Browsers say where a form is from; other programs need not.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin", "none"):
        raise RequestRefused(403, "forged")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise RequestRefused(403, "forged")


def check_csrf(caller: Visitor, given: str) -> None:
    """Raise RequestRefused where a form does not have the session's token."""
    if caller.csrf and not hmac.compare_digest(caller.csrf.encode(), given.encode("utf-8", "replace")):
        raise RequestRefused(403, "forged")


def name_cookie(request: Request) -> str:
    """Return the cookie's name: over TLS with the prefix that ties it to this host."""
    return f"__Host-{SESSION}" if request.url.scheme == "https" else SESSION
