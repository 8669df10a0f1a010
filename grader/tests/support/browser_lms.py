"""A learning platform in a browser: pages that frame the tool, launches by the package lti1p3platform, and AGS."""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.message_launch import LTIAdvantageMessageLaunchAbstract
from lti1p3platform.oidc_login import OIDCLoginAbstract
from lti1p3platform.registration import Registration

from grader.tests.support.fake_lti import CLIENT, FakeLti, make_key
from grader.tests.support.lti_launches import LEARNER, TEACHER
from grader.tests.support.push_server import Reply, Request

TEACHERS = ("prof",)
# The link under which a teacher chooses what a new link leads to.
CHOOSE = "choose"


class _Conf(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
    """The package's idea of a platform with one tool."""

    def __init__(self, registration: Registration) -> None:
        self._mine = registration
        super().__init__()
        self.get_registration()

    def init_platform_config(self, **kwargs: Any) -> None:
        pass

    def get_registration_by_params(self, **kwargs: Any) -> Registration:
        return self._mine


class _Login(OIDCLoginAbstract):  # type: ignore[misc]
    def set_lti_message_hint(self, **kwargs: Any) -> None:
        self._lti_message_hint = kwargs["hint"]

    def get_redirect(self, url: str) -> str:
        return url


class _Launch(LTIAdvantageMessageLaunchAbstract):  # type: ignore[misc]
    def get_preflight_response(self) -> dict[str, str]:
        return dict(self._request or {})

    def render_launch_form(self, launch_data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return launch_data


class BrowserLms(FakeLti):
    """One course, whose links are what a teacher chose. It is another site than the service: localhost, not 127.0.0.1.

    `/course?who=SUB&what=LINK` frames the tool; the link `choose` is the choice of a new link.
    """

    def __init__(self, folder: Path, tool: str) -> None:
        super().__init__(folder)
        self.tool = tool
        self.links: list[dict[str, Any]] = []

    @contextmanager
    def listen(self) -> Iterator[None]:
        """Serve in a thread."""
        with super().listen():
            self.url = self.url.replace("127.0.0.1", "localhost")
            launch = f"{self.tool}/lti/launch"
            registration = Registration().set_iss(self.url).set_client_id(CLIENT).set_deployment_id("1")
            registration.set_launch_url(launch).set_deeplink_launch_url(launch)
            registration.set_oidc_login_url(f"{self.tool}/lti/login")
            registration.set_platform_public_key(make_key().export_to_pem().decode())
            registration.set_platform_private_key(make_key().export_to_pem(private_key=True, password=None).decode())
            registration.set_tool_key_set_url(f"{self.tool}/lti/jwks")
            self.conf = _Conf(registration)
            yield

    def answer(self, request: Request) -> Reply:
        """Answer a browser, or else a tool."""
        asked = {name: values[0] for name, values in request.query.items()}
        if request.path == "/course":
            place = f"/start?who={asked['who']}&what={asked['what']}"
            return show(f'<h1>Course</h1><iframe src="{escape(place)}" width="900" height="600"></iframe>')
        if request.path == "/start":
            login = _Login(None, self.conf)
            login.set_lti_message_hint(hint=asked["what"])
            return Reply(302, headers={"Location": login.initiate_login(asked["who"])})
        if request.path == "/auth":
            return self.launch(asked)
        if request.path == "/jwks":
            return Reply(body=self.conf.get_jwks())
        if request.path == "/return":
            self.links += self.conf.validate_deeplinking_resp({"JWT": request.form["JWT"]})
            return show("<h1>Link added</h1>")
        return super().answer(request) if urlsplit(request.path).path != "/favicon.ico" else Reply(404)

    def launch(self, asked: dict[str, str]) -> Reply:
        """Send the browser to the tool with a signed launch."""
        who, what = asked["login_hint"], asked["lti_message_hint"]
        message = _Launch(asked, self.conf)
        message.set_user_data(who, [TEACHER if who in TEACHERS else LEARNER], full_name=f"Name of {who}")
        message.set_launch_context_claim("course-1", context_title="Sequence models")
        message.set_ags(f"{self.url}/lineitems", None)
        if what == CHOOSE:
            message.set_dl(f"{self.url}/return", extra_data={"opaque": 1})
        else:
            message.set_resource_link_claim(what)
            message.set_custom_parameters_claim(self.links[int(what)]["custom"])
        sent = message.lti_launch()
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(sent[name])}">' for name in ("state", "id_token")
        )
        form = f'<form method="post" action="{escape(sent["launch_url"])}">{fields}</form>'
        return show(f"{form}<script>document.forms[0].submit()</script>")


def show(text: str) -> Reply:
    """Return a page."""
    return Reply(body=f'<!doctype html><link rel="icon" href="data:,">{text}', headers={"Content-Type": "text/html"})
