"""Launches from a learning platform: who gets in, in a frame and outside, and everyone who does not."""

import itertools
import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

from grader.server.lti.keys import PUBLISHED_BEFORE, ToolKeys
from grader.server.lti.tickets import LASTS, Tickets
from grader.server.people import Role
from grader.server.refusals import RequestRefused
from grader.tests.support.lti_launches import (
    CLAIM,
    ISSUER,
    LEARNER,
    LINKING,
    TEACHER,
    LaunchingPlatform,
    make_other_key,
    read_policy,
)
from grader.tests.support.service import FakeSite

NUMBERS = itertools.count()


@pytest.fixture
def platform(site: FakeSite) -> Iterator[LaunchingPlatform]:
    """A platform whose course was admitted."""
    found = LaunchingPlatform(site.service, f"client-{next(NUMBERS)}")
    found.open_course(site)
    yield found
    site.service.lti.platforms.remove("test", found.registered)


def find_link(page: str) -> str:
    """Return the address of the window in a page."""
    found = re.search(r'href="http://testserver(/sign-in/[^"]+)"', page)
    assert found is not None
    return unescape(found[1])


def test_launch_in_a_frame_leads_to_a_window_of_its_own(site: FakeSite, platform: LaunchingPlatform) -> None:
    """Without any cookie; the link works once and opens the assignment."""
    frame, window = site.visit(), site.visit()
    reply = platform.launch(frame, "kim")
    assert reply.status_code == 200 and "grader_session" not in frame.cookies
    link = find_link(reply.text)
    assert window.get(link).status_code == 200
    code, _, place = link.partition("?next=")
    entered = window.post(code, data={"next": "/assignments/toy"})
    assert place == "%2Fassignments%2Ftoy" and entered.headers["location"] == "/assignments/toy"
    assert f"{platform.registered.source}-kim" in window.get("/assignments/toy").text
    assert site.visit().post(code).status_code == 401


def test_launch_in_a_window_signs_in_at_once(site: FakeSite, platform: LaunchingPlatform) -> None:
    """If it began in the same browser; if not, a stranger's launch must not take the place of one's own session."""
    client, other = site.visit(), site.visit()
    reply = platform.launch(client, "lee", dest="document")
    assert reply.headers["location"] == "/assignments/toy" and "grader_session" in client.cookies
    asked = platform.begin(site.visit())
    token = platform.sign(platform.make_claims(asked["nonce"], "attacker", LEARNER))
    assert platform.post(other, asked["state"], token, "document").status_code == 200
    assert "grader_session" not in other.cookies


def test_only_the_platform_may_frame_a_launch(site: FakeSite, platform: LaunchingPlatform) -> None:
    """Every other page stays out of frames."""
    reply = platform.launch(site.visit(), "kim")
    assert read_policy(reply)["frame-ancestors"] == f"'self' {ISSUER}" and "x-frame-options" not in reply.headers
    other = site.visit().get("/sign-in")
    assert read_policy(other)["frame-ancestors"] == "'none'" and other.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another-tool"},
        {"aud": ["another-tool"]},
        {"azp": "another-tool"},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"exp": timedelta(seconds=-120)},
        {"exp": None},
        {"iat": timedelta(seconds=600)},
        {"iat": timedelta(hours=-2)},
        {"sub": None},
        {"sub": ""},
        {f"{CLAIM}deployment_id": "d2"},
        {f"{CLAIM}deployment_id": None},
        {f"{CLAIM}version": "1.1"},
        {f"{CLAIM}message_type": "LtiSubmissionReviewRequest"},
        {f"{CLAIM}context": {"id": "course-2"}},
        {f"{CLAIM}context": None},
        {f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"]},
        {f"{CLAIM}roles": "Learner"},
    ],
    ids=lambda changes: "-".join(f"{name.rpartition('/')[2]}={value}"[:40] for name, value in changes.items()),
)
def test_launch_with_a_wrong_claim_is_refused(
    changes: dict[str, Any], site: FakeSite, platform: LaunchingPlatform
) -> None:
    """The page says why, within the platform's frame, and lets no one in."""
    now = time.time()
    claims = {name: int(now + at.total_seconds()) if isinstance(at, timedelta) else at for name, at in changes.items()}
    reply = platform.launch(site.visit(), "wrong", **claims)
    assert reply.status_code == 403 and "not accepted" in reply.text
    assert ISSUER in read_policy(reply)["frame-ancestors"]
    assert site.service.people.find(f"{platform.registered.source}-wrong") is None


def test_launch_with_a_wrong_signature_is_refused(site: FakeSite, platform: LaunchingPlatform) -> None:
    """Another key under the same id, no signature, and a public key or client id taken for a shared secret."""
    asked = platform.begin(site.visit())
    claims = platform.make_claims(asked["nonce"], "forger", LEARNER)
    good = platform.sign(claims).split(".")
    forged = ".".join([good[0], good[1][:-4] + "AAAA", good[2]])
    unsigned = "eyJhbGciOiJub25lIn0." + good[1] + "."
    shared = JWS(json.dumps(claims))
    secret = JWK(kty="oct", k="c2VjcmV0" * 8)
    shared.add_signature(secret, protected=json.dumps({"alg": "HS256", "kid": platform.key_id}))
    for token in (forged, unsigned, shared.serialize(compact=True), "", "a.b.c", "." * 2):
        assert platform.post(site.visit(), asked["state"], token).status_code == 403
    assert platform.post(site.visit(), asked["state"], ".".join(good)).status_code == 200


def test_launch_counts_once(site: FakeSite, platform: LaunchingPlatform) -> None:
    """A token that was seen on the way lets no one in again."""
    asked = platform.begin(site.visit())
    token = platform.sign(platform.make_claims(asked["nonce"], "kim", LEARNER))
    assert platform.post(site.visit(), asked["state"], token).status_code == 200
    assert platform.post(site.visit(), asked["state"], token).status_code == 403


@pytest.mark.parametrize("state", ["", "abc", "abc.def", "e30=.0"])
def test_launch_with_a_state_of_others_is_refused(state: str, site: FakeSite, platform: LaunchingPlatform) -> None:
    """Before the token is looked at."""
    assert platform.post(site.visit(), state, "token").status_code in (403, 422)
    assert platform.fetched == 1


def test_ticket_serves_one_purpose_for_ten_minutes() -> None:
    """It is no ticket of another kind, and none after its time."""
    now = 0.0
    tickets = Tickets(clock=lambda: now)
    ticket = tickets.issue("launch", nonce="n")
    assert tickets.read("launch", ticket)["nonce"] == "n"
    with pytest.raises(RequestRefused):
        tickets.read("choice", ticket)
    now = LASTS + 1
    with pytest.raises(RequestRefused):
        tickets.read("launch", ticket)


def test_keys_of_a_platform_are_kept_and_renewed(site: FakeSite, platform: LaunchingPlatform) -> None:
    """One request for many launches; a new key is looked for, but not at every stranger's wish."""
    assert platform.launch(site.visit(), "kim").status_code == 200 and platform.fetched == 1
    fresh = make_other_key()
    platform.published = [fresh.export_public(as_dict=True)]
    old, platform.key, platform.key_id = platform.key, fresh, "other"
    platform.sign = lambda claims: sign_by_curve(fresh, claims)  # type: ignore[method-assign]
    assert platform.launch(site.visit(), "kim").status_code == 403 and platform.fetched == 1
    platform.now += 60
    assert platform.launch(site.visit(), "kim").status_code == 200 and platform.fetched == 2
    del platform.sign
    platform.key, platform.key_id = old, "platform-key"
    assert platform.launch(site.visit(), "kim").status_code == 403


def sign_by_curve(key: JWK, claims: dict[str, Any]) -> str:
    """Return a token signed by another kind of key."""
    jws = JWS(json.dumps(claims))
    jws.add_signature(key, protected=json.dumps({"alg": "ES256", "kid": "other"}))
    return str(jws.serialize(compact=True))


def test_platform_must_be_registered(site: FakeSite) -> None:
    """A launch from elsewhere does not even begin."""
    query = {"iss": "https://unknown.example", "login_hint": "1"}
    assert site.visit().get("/lti/login", params=query).status_code == 403
    assert site.visit().post("/lti/login", data=query, headers={"Origin": "null"}).status_code == 403


def test_first_course_is_admitted_by_its_teacher(site: FakeSite) -> None:
    """A learner cannot, and the teacher of another course of the same platform is not staff here."""
    platform = LaunchingPlatform(site.service, "fresh")
    assert platform.launch(site.visit(), "early").status_code == 403
    platform.open_course(site)
    assert platform.launch(site.visit(), "early").status_code == 200
    reply = platform.launch(site.visit(), "stranger", TEACHER, **{f"{CLAIM}context": {"id": "their-course"}})
    assert reply.status_code == 403 and "grader lti admit" in reply.text
    site.service.lti.platforms.remove("test", platform.registered)


def test_student_is_known_by_the_institution_and_staff_never(site: FakeSite, platform: LaunchingPlatform) -> None:
    """Neither may a second person of the platform take the account of the first."""
    people = site.service.people
    student, head = people.add("s100", Role.STUDENT), people.add("chief", Role.OWNER)
    for sub, known_as, role in (("a", "s100", LEARNER), ("b", "s100", LEARNER), ("c", "chief", TEACHER)):
        lis = {f"{CLAIM}lis": {"person_sourcedid": known_as}}
        assert platform.launch(site.visit(), sub, role, **lis).status_code == 200
    source = platform.registered.source
    with site.service.store.read() as connection:
        linked = dict(connection.exec_driver_sql("SELECT subject, person FROM server_identities").fetchall())
    assert linked["a"] == student.id and linked["b"] != student.id and linked["c"] != head.id
    assert people.find(f"{source}-b") and people.find(f"{source}-c")


def test_account_that_is_shut_out_stays_out(site: FakeSite, platform: LaunchingPlatform) -> None:
    """The platform may say anything."""
    platform.launch(site.visit(), "gone")
    person = site.service.people.find(f"{platform.registered.source}-gone")
    assert person is not None
    site.service.people.change(person, is_active=False)
    assert platform.launch(site.visit(), "gone").status_code == 403


def choose(site: FakeSite, platform: LaunchingPlatform, sub: str, role: str) -> Any:
    """Launch the choice of an assignment."""
    settings = {"deep_link_return_url": f"{ISSUER}/return", "accept_types": ["ltiResourceLink"], "data": "opaque"}
    changes = {f"{CLAIM}message_type": "LtiDeepLinkingRequest", f"{LINKING}deep_linking_settings": settings}
    return platform.launch(site.visit(), sub, role, **changes, **{f"{CLAIM}resource_link": None})


def test_teacher_chooses_the_assignment_of_a_link(site: FakeSite, platform: LaunchingPlatform) -> None:
    """In the frame and without a cookie; the answer is signed by the published key."""
    page = choose(site, platform, "teacher", TEACHER)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    answer = site.visit().post("/lti/choose", data={"ticket": ticket[1], "assignment": "toy"})
    assert read_policy(answer)["form-action"] == f"'self' {ISSUER}"
    assert f'action="{ISSUER}/return"' in answer.text
    token = re.search(r'name="JWT" value="([^"]+)"', answer.text)
    assert token is not None
    [key] = site.visit().get("/lti/jwks").json()["keys"]
    assert "d" not in key
    jws = JWS()
    jws.deserialize(token[1], JWK(**key))
    claims = json.loads(jws.payload)
    assert (claims["iss"], claims["aud"]) == (platform.client_id, ISSUER)
    assert claims[f"{LINKING}data"] == "opaque" and claims[f"{CLAIM}deployment_id"] == "d1"
    [item] = claims[f"{LINKING}content_items"]
    assert item["custom"] == {"assignment": "toy"} and item["lineItem"]["tag"] == "toy"


def test_student_chooses_no_assignment(site: FakeSite, platform: LaunchingPlatform) -> None:
    """Nor anyone with a ticket that is not ours."""
    assert choose(site, platform, "kim", LEARNER).status_code == 403
    assert site.visit().post("/lti/choose", data={"ticket": "a.b", "assignment": "toy"}).status_code == 403


def test_new_key_is_published_before_it_signs(site: FakeSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Platforms keep the key set for a while; the old key stays in it."""
    keys = ToolKeys(site.service.data.keys)
    old, now = keys.choose(), time.time()
    monkeypatch.setattr("grader.server.lti.keys.BITS", 1024)
    new = keys.add()
    assert keys.choose().id == old.id
    assert [each["kid"] for each in site.visit().get("/lti/jwks").json()["keys"]] == [old.id, new.id]
    monkeypatch.setattr("grader.server.lti.keys.time.time", lambda: now + PUBLISHED_BEFORE + 60)
    assert keys.choose().id == new.id
    assert {path.stat().st_mode & 0o777 for path in keys.folder.glob("*.pem")} == {0o600}
