"""Traffic between the service and a platform's own services: registration, members, scores."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from grader.server.audit import list_changes
from grader.server.lti.links import list_columns
from grader.server.lti.scores import ScoreSender
from grader.server.people import DAY, People, Role
from grader.server.routes.lti import REGISTRATION
from grader.server.schema import VERSION
from grader.server.settings import DataFolder
from grader.server.store import open_store
from grader.tests.support.fake_lti import CLIENT, MEDIA, FakeLti
from grader.tests.support.fake_worker import make_report
from grader.tests.support.lti_launches import AGS, CLAIM, LEARNER, NRPS, SCOPE, LaunchingPlatform, read_policy
from grader.tests.support.push_server import Reply, Request
from grader.tests.support.service import FakeSite

ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
MEMBERS = [
    {"user_id": "sub-jane", "roles": ["Learner"], "name": "Jane Doe", "lis_person_sourcedid": "S001"},
    {"user_id": "sub-hong", "roles": [LEARNER], "name": "홍길동", "status": "Active"},
    {"user_id": "sub-gone", "roles": [LEARNER], "status": "Deleted"},
    {"user_id": "sub-prof", "roles": ["Instructor"]},
    {"user_id": "sub-guest", "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"]},
]


class FakeCourse(FakeLti):
    """The platform of `grader push`, with a list of members and dynamic registration."""

    def answer(self, request: Request) -> Reply:
        """Answer as the specifications have it."""
        if request.path == "/openid":
            return Reply(body=self.describe())
        if request.path == "/register":
            assert request.headers["Authorization"] == "Bearer once"
            assert '"initiate_login_uri": "http://testserver/lti/login"' in request.body
            return Reply(body={"client_id": CLIENT, "deployment_id": "d1"})
        if request.path == "/members" and request.headers["Accept"].startswith(f"{MEDIA[:-4]}lti-nrps"):
            page = int(request.query.get("page", ["0"])[0])
            link = {"Link": f'<{self.url}/members?page=1>; rel="next"'} if page == 0 else {}
            return Reply(body={"members": MEMBERS[:2] if page == 0 else MEMBERS[2:]}, headers=link)
        return super().answer(request)

    def describe(self) -> dict[str, Any]:
        """Return what a platform publishes of itself."""
        names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "jwks"}
        found = {name: f"{self.url}/{path}" for name, path in names.items()}
        return {"issuer": self.url, "registration_endpoint": f"{self.url}/register", **found}


@pytest.fixture
def course(tmp_path: Path, site: FakeSite) -> Iterator[FakeCourse]:
    """A platform that listens, and knows the service's key."""
    found = FakeCourse(tmp_path)
    found.key = site.service.lti.keys.choose().jwk
    with found.listen():
        yield found


def connect(site: FakeSite, course: FakeCourse) -> LaunchingPlatform:
    """Return the platform, registered and with a course, as it launches."""
    addresses = {name: f"{course.url}/{name.partition('_')[0]}" for name in ("auth_url", "token_url", "jwks_url")}
    platform = LaunchingPlatform(site.service, CLIENT, course.url, **addresses)
    platform.open_course(site)
    return platform


def list_services(course: FakeCourse) -> dict[str, Any]:
    """Return the claims that name a course's services."""
    scopes = [SCOPE + name for name in ("lineitem", "score", "result.readonly")]
    return {
        AGS: {"scope": scopes, "lineitems": f"{course.url}/lineitems", "lineitem": None},
        NRPS: {"context_memberships_url": f"{course.url}/members"},
    }


def grade(site: FakeSite, student: str, score: float) -> None:
    """Keep a report of a student as a lane does."""
    with site.service.open_run("toy").stage_report(make_report(student, score=score)):
        pass


def test_final_score_goes_to_the_platform_once(site: FakeSite, course: FakeCourse) -> None:
    """A better one later goes there as well, and neither of them twice; the launch says where to."""
    platform = connect(site, course)
    assert platform.launch(site.visit(), "sub-jane", **list_services(course)).status_code == 200
    student = f"{platform.registered.source}-sub-jane"
    site.service.scores.stop()  # here the test looks for scores
    sender = ScoreSender(site.service.lti, clock=lambda: 0.0)
    assert sender.send_new() == 0
    grade(site, student, 40.0)
    assert sender.send_new() == 1 and sender.send_new() == 0
    assert course.scores[1, "sub-jane"]["scoreGiven"] == 40 and course.items[1]["tag"] == "toy"
    grade(site, student, 90.0)
    assert sender.send_new() == 1 and ScoreSender(site.service.lti).send_new() == 0
    assert course.scores[1, "sub-jane"]["scoreGiven"] == 90 and not course.trouble
    site.service.lti.platforms.remove("test", platform.registered)


def test_staff_see_and_send_what_a_platform_lacks(site: FakeSite, course: FakeCourse) -> None:
    """A platform that was down gets the scores by hand; a refusal is told, with its reason."""
    platform = connect(site, course)
    site.service.scores.stop()  # here only staff send
    assert platform.launch(site.visit(), "sub-jane", **list_services(course)).status_code == 200
    grade(site, f"{platform.registered.source}-sub-jane", 40.0)
    staff, address = site.sign_in("prof", Role.STAFF), "/staff/assignments/toy/push"
    page = staff.get(address).text
    assert "would send" in page and "40 / 100" in page and "Sequence models" in page
    key = re.search(r'name="column" value="(\w+)"', page)
    assert key is not None and staff.post(address, data={"column": "other"}).status_code == 404
    course.fail("POST", "/scores$", 422, times=1)
    assert "refused the score" in staff.post(address, data={"column": key[1]}).text
    assert "1 sent" in staff.post(address, data={"column": key[1]}).text
    assert course.scores[1, "sub-jane"]["scoreGiven"] == 40
    assert "would send 0 scores" in staff.get(address).text
    course.fail("POST", "/token$", 400)
    assert "does not recognise the tool" in staff.post(address, data={"column": key[1], "again": "true"}).text
    actions = [row.action for row in list_changes(site.service.store, limit=10)]
    assert actions.count("push") == 3
    site.service.lti.platforms.remove("test", platform.registered)


def test_address_on_this_machine_is_no_service_of_a_platform_elsewhere(site: FakeSite, course: FakeCourse) -> None:
    """A platform must not have the service ask what only this machine can reach."""
    platform = LaunchingPlatform(site.service, "elsewhere")
    platform.open_course(site)
    assert platform.launch(site.visit(), "sub-jane", **list_services(course)).status_code == 422
    assert course.requests == []
    site.service.lti.platforms.remove("test", platform.registered)


def test_members_of_a_course_get_accounts(site: FakeSite, course: FakeCourse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Students only, by the id of the institution where there is one."""
    platform = connect(site, course)
    platform.launch(site.visit(), "sub-jane", **{**list_services(course), f"{CLAIM}lis": {"person_sourcedid": "S001"}})
    owner = site.sign_in("head", Role.OWNER)
    assert "Sequence models" in owner.get("/staff/lti").text
    monkeypatch.setattr("grader.tests.support.fake_lti.SCOPE", "")
    form = {"deployment": "d1", "context": "course-1"}
    assert owner.post(f"/staff/lti/{platform.registered.id}/members", data=form).status_code == 303
    names = {person.name: person.full_name for person in site.service.people.list_all(Role.STUDENT)}
    source = platform.registered.source
    assert names[f"{source}-sub-hong"] == "홍길동" and "S001" in names
    assert not {f"{source}-{sub}" for sub in ("sub-jane", "sub-gone", "sub-prof", "sub-guest")} & set(names)
    site.service.lti.platforms.remove("test", platform.registered)


def test_platform_registers_itself_once(site: FakeSite, course: FakeCourse) -> None:
    """It uses the address that an owner made; the page may be framed by the platform, and closes itself."""
    people = site.service.people
    code = people.create_link(people.add("head", Role.OWNER), REGISTRATION, DAY)
    query = {"openid_configuration": f"{course.url}/openid", "registration_token": "once"}
    reply = site.visit().get(f"/lti/register/{code}", params=query)
    assert reply.status_code == 200 and "data-registered" in reply.text
    assert course.url in read_policy(reply)["frame-ancestors"]
    found = site.service.lti.platforms.find_by_issuer(course.url)
    assert found is not None and found.client_id == CLIENT and found.token_url == f"{course.url}/token"
    assert site.visit().get(f"/lti/register/{code}", params=query).status_code == 403
    site.service.lti.platforms.remove("test", found)


def test_database_of_an_earlier_version_gets_the_new_tables(tmp_path: Path) -> None:
    """An update needs no hand."""
    data = DataFolder(tmp_path / "data")
    data.create()
    site = data.remember(tmp_path, None)
    store = open_store(data, site)
    with store.write() as connection:
        connection.exec_driver_sql("DROP TABLE server_lti_links")
        connection.exec_driver_sql("ALTER TABLE server_people DROP COLUMN language")
        connection.execute(update(VERSION).values(version=1))
    store.close()
    store = open_store(data, site)
    assert list_columns(store) == []
    assert People(store).add("kim", Role.STUDENT, language="ko").language == "ko"
    store.close()


@pytest.mark.parametrize("field", ["issuer", "registration_endpoint"])
def test_platform_cannot_register_as_another(field: str, site: FakeSite, course: FakeCourse) -> None:
    """Its description counts for its own host only, and its token goes nowhere else."""
    own = course.describe()
    course.describe = lambda: {**own, field: "https://lms.example.edu/x"}  # type: ignore[method-assign]
    people = site.service.people
    code = people.create_link(people.add("head", Role.OWNER), REGISTRATION, DAY)
    query = {"openid_configuration": f"{course.url}/openid", "registration_token": "once"}
    assert site.visit().get(f"/lti/register/{code}", params=query).status_code == 422
    assert [request.path for request in course.requests] == ["/openid"]
    assert site.service.lti.platforms.find_by_issuer(course.url) is None
