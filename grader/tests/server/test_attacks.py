"""Attempts of attackers from outside, and the answers that they get."""

import asyncio
import re
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from grader.server.app import HEADERS, Guard, find_upload_paths, list_routes, to_refusal
from grader.server.people import Role
from grader.server.permissions import RULES
from grader.server.rate_limits import AtOnce
from grader.server.refusals import RequestRefused
from grader.server.routes.students import describe_attachment
from grader.tests.support.service import FakeSite

FORMS = [
    (route.name, route.path)
    for route in list_routes()
    if isinstance(route, APIRoute) and "POST" in route.methods and RULES[route.name].roles
]


@pytest.mark.parametrize(("name", "path"), FORMS, ids=[name for name, _ in FORMS])
def test_every_form_needs_the_token_of_its_session(name: str, path: str, site: FakeSite) -> None:
    """A cookie alone changes nothing."""
    student = site.sign_in("kim")
    client = student if Role.STUDENT in (RULES[name].roles or ()) else site.sign_in("head", Role.OWNER)
    person = site.service.people.find("kim")
    assert person is not None
    submission = site.hand_in(student) if "{submission}" in path else ""
    del client.headers["X-CSRF-Token"]
    address = path.format(name="toy", person=person.id, number=1, submission=submission)
    kind = {"files": {"file": ("toy.py", b"x")}} if RULES[name].is_upload else {"data": {"text": "x"}}
    assert client.post(address, **kind).status_code == 403


def test_session_that_was_chosen_by_another_is_not_taken_over(site: FakeSite) -> None:
    """Signing in always makes a new one."""
    people, client = site.service.people, site.visit()
    client.cookies.set("grader_session", "chosen")
    code = people.create_link(people.add("victim", Role.STUDENT))
    given = client.post(f"/sign-in/{code}").cookies["grader_session"]
    assert given != "chosen" and people.find_session("chosen") is None


def test_method_is_the_one_of_the_request(site: FakeSite) -> None:
    """No header and no field makes a form of an address that was opened."""
    owner = site.sign_in("head", Role.OWNER)
    address = "/staff/assignments/toy/state?is_open=false&_method=POST"
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert owner.get(address, headers={header: "POST"}).status_code == 405
    assert owner.get("/api/v1/assignments").json()[0]["is_open"]


def test_token_in_an_address_is_not_looked_at(site: FakeSite) -> None:
    """Addresses are kept in histories and logs."""
    token = site.service.people.create_token(site.service.people.add("kim", Role.STUDENT))
    for name in ("token", "access_token", "grader_session"):
        assert site.visit().get(f"/api/v1/assignments?{name}={token}").status_code == 401


def test_sign_in_and_language_lead_to_no_other_site(site: FakeSite) -> None:
    """The form may say anything."""
    token = site.service.people.create_token(site.service.people.add("kim", Role.STUDENT))
    replies = [
        site.visit().post("/sign-in", data={"token": token, "next": "//evil.example"}),
        site.visit().post("/language", data={"language": "ko", "back": "https://evil.example"}),
    ]
    assert [reply.headers["location"] for reply in replies] == ["/", "/"]


@pytest.mark.parametrize("name", ['a"\r\nSet-Cookie: x=1\r\n.py', 'a\\".py; filename=b.html', "숙제\u2028.py", "\x00"])
def test_name_of_a_file_adds_no_header(name: str) -> None:
    """Nor another name to the header that it is in."""
    value = describe_attachment(name)["Content-Disposition"]
    assert re.fullmatch(r"attachment; filename=\"[\w ._-]*\"; filename\*=UTF-8''[\w.%~-]*", value, re.ASCII)


def test_stranger_cannot_send_more_than_a_form(site: FakeSite) -> None:
    """Also not as an upload to an address that takes none: a framework would write it to the disk first."""
    files = {"token": ("large", b"x" * 1_000_000)}
    assert site.visit().post("/sign-in", files=files).status_code in (400, 413)
    assert site.visit().post("/staff/people", files=files).status_code in (400, 413)


def test_body_that_stops_is_ended() -> None:
    """A connection must not be held for ever."""

    async def read(scope: Any, receive: Any, send: Any) -> None:
        await receive()

    async def never() -> Any:
        await asyncio.Event().wait()

    answers: list[int] = []

    async def keep(message: Any) -> None:
        answers.extend([message["status"]] if "status" in message else [])

    guard = Guard(read, find_upload_paths(), pause=0.01)
    scope = {"type": "http", "path": "/api/v1/assignments/toy/submissions", "scheme": "http", "headers": []}
    asyncio.run(guard(scope, never, keep))
    assert answers == [408]


@pytest.mark.parametrize("address", ["/", "/api/v1/assignments"])
def test_answer_to_an_error_has_the_headers_of_every_answer(
    address: str, site: FakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page and a JSON text, from a request that failed in an unforeseen way."""
    client = site.call_as("kim")

    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr("grader.server.routes.students.list_offers", fail)
    monkeypatch.setattr("grader.server.routes.api.list_offers", fail)
    reply = client.get(address)
    assert reply.status_code == 500 and "a secret" not in reply.text
    assert HEADERS.items() <= dict(reply.headers).items() and "x-request-id" in reply.headers


def test_answer_that_has_begun_is_cut_off_by_an_error() -> None:
    """A second beginning would hide that the first answer is not whole."""
    sent: list[str] = []

    async def fail(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    async def keep(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "http", "path": "/", "scheme": "http", "headers": []}
    with pytest.raises(ZeroDivisionError):
        asyncio.run(Guard(fail, [])(scope, keep, keep))
    assert sent == ["http.response.start"]


def test_client_that_leaves_is_no_failure_of_the_service() -> None:
    """Its traceback would fill the log."""
    assert to_refusal(ClientDisconnect()).status == 400


def test_few_uploads_of_one_student_arrive_at_once() -> None:
    """So that the hour's limit cannot be passed by many slow ones."""
    arriving = AtOnce(1)
    with arriving.hold("kim"), arriving.hold("lee"), pytest.raises(RequestRefused), arriving.hold("kim"):
        pass
    with arriving.hold("kim"):
        pass
