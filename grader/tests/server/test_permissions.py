"""Permissions: every route with every role."""

import pytest
from starlette.testclient import TestClient

from grader.server.app import list_routes
from grader.server.people import Role
from grader.server.permissions import RULES, check_rules
from grader.tests.support.service import FakeSite

# Written by hand and not taken from the rules: a rule that was changed by mistake differs from this.
EXPECTED = {
    "anyone": "show_health show_metrics show_static show_sign_in sign_in_by_token show_link sign_in_by_link "
    "choose_language begin_launch begin_launch_by_form finish_launch choose_link show_keys register_platform "
    "begin_oidc finish_oidc",
    "everyone": "sign_out show_home show_assignment download_kit show_submission watch_submission download_submission "
    "ask_for_regrade api_openapi api_assignments api_submissions api_submission",
    "students": "hand_in api_hand_in",
    "graders": "api_scores show_class show_student show_statistics show_similar show_requests answer_request "
    "adjust_student regrade_student show_regrades",
    "staff": "export_class show_push push_scores regrade_class extend_student change_state show_people add_person "
    "add_roster make_link change_person show_audit",
    "owners": "show_platforms fetch_members_of show_webhooks add_webhook_address remove_webhook_address",
}
GROUPS = {name: group for group, names in EXPECTED.items() for name in names.split()}
ALLOWED: dict[str, set[str]] = {
    "anyone": {"outsider", "student", "other", "grader", "staff", "owner"},
    "everyone": {"student", "grader", "staff", "owner"},
    "students": {"student", "other"},
    "graders": {"grader", "staff", "owner"},
    "staff": {"staff", "owner"},
    "owners": {"owner"},
}
# Another student sees these, since they name no submission.
SHARED = {
    "sign_out",
    "show_home",
    "show_assignment",
    "download_kit",
    "api_openapi",
    "api_assignments",
    "api_submissions",
}
# No link has this code, no request or platform this number, and no platform stands behind a launch.
ASKED_IN_VAIN = {
    *("sign_in_by_link", "remove_webhook_address", "answer_request", "fetch_members_of"),
    *("begin_launch", "begin_launch_by_form", "finish_launch", "choose_link", "register_platform"),
    *("begin_oidc", "finish_oidc"),
}
ROUTES = [(route.name, next(iter(route.methods)), route.path) for route in list_routes()]


@pytest.fixture(scope="module")
def visitors(site: FakeSite) -> dict[str, TestClient]:
    """One client for each role, a student whose submission the routes name, and another student."""
    return {
        "outsider": site.visit(),
        "student": site.call_as("kim"),
        "other": site.call_as("lee"),
        "grader": site.call_as("ta", Role.GRADER),
        "staff": site.call_as("prof", Role.STAFF),
        "owner": site.call_as("head", Role.OWNER),
    }


@pytest.fixture(scope="module")
def submission(site: FakeSite, visitors: dict[str, TestClient]) -> str:
    """A graded submission of the student."""
    number = site.hand_in(visitors["student"])
    site.await_result(number)
    return number


def test_every_route_is_listed_here() -> None:
    """A new route needs a line in the table above, besides its rule."""
    assert sorted(GROUPS) == sorted(name for name, _, _ in ROUTES) == sorted(RULES)


def test_a_route_without_a_rule_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is open by oversight."""
    monkeypatch.delitem(RULES, "show_home")
    with pytest.raises(LookupError, match="show_home"):
        check_rules(list_routes())


@pytest.mark.parametrize(("name", "method", "path"), ROUTES, ids=[name for name, _, _ in ROUTES])
def test_route_admits_only_its_roles(
    name: str, method: str, path: str, site: FakeSite, visitors: dict[str, TestClient], submission: str
) -> None:
    """A stranger is asked to sign in; for a student, what belongs to others or to staff is not found."""
    person = site.service.people.find("kim")
    assert person is not None
    values = {"name": "style.css" if name == "show_static" else "toy", "person": person.id, "number": 1, "code": "none"}
    address = path.format(submission=submission, **values)
    for who, client in visitors.items():
        reply = client.request(method, address)
        refused = reply.status_code in (401, 403, 404) or reply.headers.get("location", "").startswith("/sign-in?next")
        group = GROUPS[name]
        may = who in ALLOWED[group] or (who == "other" and group == "everyone" and name in SHARED)
        # These answer "no" to what they are asked here, and only after the role was checked.
        if may and name in ASKED_IN_VAIN:
            continue
        assert refused is not may, (who, reply.status_code, reply.text[:200])
        if not may and who in ("student", "other") and name != "api_hand_in":
            assert reply.status_code == 404
