"""The service as a tool of a platform that others wrote: the package lti1p3platform."""

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from grader.server.lti.id_tokens import IssuerKeys
from grader.tests.support.fake_lti import make_key
from grader.tests.support.lti_launches import LEARNER, SCOPE, TEACHER
from grader.tests.support.service import FakeSite

LMS = "https://independent.example.edu"


@pytest.mark.slow
def test_independent_platform_launches_links_and_grants_tokens(site: FakeSite) -> None:
    """From the start of a sign-in to the answer of deep linking, and the tool's signature for a token."""
    from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
    from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
    from lti1p3platform.oidc_login import OIDCLoginAbstract
    from lti1p3platform.registration import Registration

    private = make_key().export_to_pem(private_key=True, password=None).decode()
    public = make_key().export_to_pem().decode()
    tool = site.service.lti
    registration = Registration().set_iss(LMS).set_client_id("tool-7").set_deployment_id("1")
    registration.set_launch_url("http://testserver/lti/launch").set_oidc_login_url("http://testserver/lti/login")
    registration.set_deeplink_launch_url("http://testserver/lti/launch")
    registration.set_platform_public_key(public).set_platform_private_key(private)
    registration.set_tool_key_set(site.visit().get("/lti/jwks").json())

    class Platform(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
        def init_platform_config(self, **kwargs: Any) -> None:
            pass

        def get_registration_by_params(self, **kwargs: Any) -> Any:
            return registration

    class Login(OIDCLoginAbstract):  # type: ignore[misc]
        def set_lti_message_hint(self, **kwargs: Any) -> None:
            self._lti_message_hint = "resource-1"

        def get_redirect(self, url: str) -> str:
            return url

    class Launch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]
        def get_preflight_response(self) -> dict[str, str]:
            return dict(self._request)

        def render_launch_form(self, launch_data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
            return launch_data

    lms = Platform()
    lms.get_registration()
    site.service.lti.issuer_keys = IssuerKeys(lambda address: lms.get_jwks())
    names = {"auth_url": f"{LMS}/auth", "token_url": f"{LMS}/token", "jwks_url": f"{LMS}/jwks"}
    registered = tool.platforms.add("test", issuer=LMS, client_id="tool-7", **names)

    def launch(sub: str, role: str, *, is_choice: bool = False) -> Any:
        client, login = site.visit(), Login(None, lms)
        login.set_lti_message_hint()
        asked = client.get(login.initiate_login(sub)).headers["location"]
        message = Launch(dict(parse_qsl(urlsplit(asked).query)), lms)
        message.set_user_data(sub, [role], full_name=f"Name of {sub}")
        message.set_resource_link_claim("resource-1")
        message.set_launch_context_claim("course-1", context_title="Sequence models")
        message.set_custom_parameters_claim({"assignment": "toy"})
        message.set_ags(f"{LMS}/items", f"{LMS}/items/1")
        message.set_nrps(f"{LMS}/members")
        if is_choice:
            message.set_dl(f"{LMS}/return", extra_data={"opaque": 1})
        sent = message.lti_launch()
        return client.post(sent["launch_url"], data={"state": sent["state"], "id_token": sent["id_token"]})

    assert launch("early", LEARNER).status_code == 403
    page = launch("prof", TEACHER, is_choice=True)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    answer = site.visit().post("/lti/choose", data={"ticket": ticket[1], "assignment": "toy"}).text
    token = re.search(r'name="JWT" value="([^"]+)"', answer)
    assert token is not None
    [item] = lms.validate_deeplinking_resp({"JWT": token[1]})
    assert item["custom"] == {"assignment": "toy"}
    assert "/sign-in/" in launch("kim", LEARNER).text
    assert grant_token(lms, tool, registered) == f"{SCOPE}score"


def grant_token(lms: Any, tool: Any, registered: Any) -> str:
    """Return the scopes of a token that the platform grants for the tool's own claim."""
    from grader.push.lti import LtiConnector, register_tool
    from grader.push.session import PlatformSession

    site, key = tool.open_site(registered, f"{LMS}/items/1")
    granted: dict[str, Any] = {}

    class Session(PlatformSession):
        def post(self, url: str, data: Any = None, **kwargs: Any) -> Any:
            granted.update(lms.get_access_token(data))

            class Answer:
                ok = True

                def json(self) -> dict[str, Any]:
                    return granted

            return Answer()

    connector = LtiConnector(register_tool(site, key), Session("the platform", site.token_url))
    assert lms.validate_token(connector.get_access_token([f"{SCOPE}score"]), [f"{SCOPE}score"])
    return str(granted["scope"])
