"""Signing in, sessions, and forms from elsewhere."""

import time

import pytest
from sqlalchemy import update

from grader.server.people import IDLE_SECONDS, People, Role
from grader.server.rate_limits import RateLimit
from grader.server.routes.sign_in import stay_here
from grader.server.schema import SESSIONS, TOKENS
from grader.tests.support.service import ORIGIN, FakeSite


def make_link(people: People, name: str) -> str:
    """The code of a link for a student."""
    return people.create_link(people.add(name, Role.STUDENT))


def test_link_signs_in_once(site: FakeSite) -> None:
    """Looking at it does not use it up: programs that look at mail open every link."""
    code, client = make_link(site.service.people, "once"), site.visit()
    assert client.get(f"/sign-in/{code}").status_code == 200
    assert client.post(f"/sign-in/{code}").status_code == 303
    assert client.get("/").status_code == 200
    assert site.visit().post(f"/sign-in/{code}").status_code == 401


def test_old_link_does_not_sign_in(site: FakeSite) -> None:
    """A link ends after two days."""
    people = site.service.people
    code = make_link(people, "late")
    with people.store.write() as connection:
        connection.execute(update(TOKENS).values(expires_at=time.time() - 1))
    assert site.visit().post(f"/sign-in/{code}").status_code == 401


def test_cookie_is_out_of_reach_of_scripts_and_other_sites(site: FakeSite) -> None:
    """Over TLS it is bound to TLS and to this host as well."""
    people, client = site.service.people, site.visit()
    plain = client.post(f"/sign-in/{make_link(people, 'c1')}").headers["set-cookie"].lower()
    assert "httponly" in plain and "samesite=lax" in plain and "secure" not in plain
    client.base_url = client.base_url.copy_with(scheme="https")
    bound = client.post(f"/sign-in/{make_link(people, 'c2')}").headers["set-cookie"]
    assert bound.startswith("__Host-") and "Secure" in bound and "Path=/" in bound and "Domain" not in bound


def test_idle_session_ends(site: FakeSite) -> None:
    """After twelve hours without a request."""
    client = site.sign_in("idle")
    with site.service.store.write() as connection:
        connection.execute(update(SESSIONS).values(seen_at=time.time() - IDLE_SECONDS - 1))
    assert client.get("/").status_code == 303


def test_signing_out_ends_the_session(site: FakeSite) -> None:
    """The cookie of then is worth nothing."""
    client = site.sign_in("out")
    cookie = client.cookies["grader_session"]
    assert client.post("/sign-out").status_code == 303
    client.cookies.set("grader_session", cookie)
    assert client.get("/").status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_form_from_elsewhere_is_refused(headers: dict[str, str], site: FakeSite) -> None:
    """Without the session's token, or sent by another site's page."""
    client = site.sign_in("victim")
    assert client.post("/sign-out", headers=headers).status_code == 403
    files = {"file": ("toy.py", b"x")}
    assert client.post("/assignments/toy/submissions", files=files, headers=headers).status_code == 403
    assert site.service.queue.list_of("victim") == []


def test_form_of_ones_own_is_taken(site: FakeSite) -> None:
    """Without a script, the token is a field of the form."""
    client = site.sign_in("honest")
    csrf = client.headers.pop("X-CSRF-Token")
    reply = client.post("/sign-out", data={"csrf": csrf}, headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"})
    assert reply.status_code == 303


def test_many_wrong_tokens_are_slowed_down(site: FakeSite) -> None:
    """A right one from the same address still signs in."""
    client = site.visit()
    codes = [client.post("/sign-in", data={"token": "wrong"}).status_code for _ in range(30)]
    assert codes[0] == 401 and codes[-1] == 429
    assert site.call_as("right").get("/api/v1/assignments").status_code == 200
    site.service.sign_ins = RateLimit(20, 60)  # for the tests that follow


def test_person_who_is_shut_out_has_no_way_in(site: FakeSite) -> None:
    """Neither by session nor by token nor by link."""
    people, session, token = site.service.people, site.sign_in("gone"), site.call_as("gone")
    person = people.find("gone")
    assert person is not None
    code = people.create_link(person)
    people.change(person, is_active=False)
    assert session.get("/").status_code == 303
    assert token.get("/api/v1/assignments").status_code == 401
    assert site.visit().post(f"/sign-in/{code}").status_code == 401


def test_secret_has_letters_and_digits_only(site: FakeSite) -> None:
    """A leading hyphen would be marked as a formula in a table of tokens, and be an option on a command line."""
    person = site.service.people.add("plain", Role.STUDENT)
    makers = [site.service.people.create_token, site.service.people.create_link] * 5
    made = [make(person) for make in makers]
    assert all(secret.isalnum() for secret in made)


def test_secrets_are_not_in_the_database(site: FakeSite) -> None:
    """A reader of the database cannot sign in with it."""
    people = site.service.people
    token = people.create_token(people.add("secret", Role.STUDENT))
    data = b"".join(path.read_bytes() for path in site.service.data.root.glob("server.db*"))
    assert token.encode() not in data


@pytest.mark.parametrize(
    "place", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\nx", "evil"]
)
def test_sign_in_leads_to_no_other_site(place: str) -> None:
    """Nor anywhere else that is not a path of this one."""
    assert stay_here(place) == "/"
