"""An LTI platform on this machine that checks signatures, tokens, scopes and media types."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import jwt
import pytest
from jwcrypto.jwk import JWK

from grader.tests.support.push_server import FakePlatform, Reply, Request

CLIENT = "10000000000007"
TOKEN = "granted.for-a.while"
SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
MEDIA = "application/vnd.ims.lis."
CANVAS = "https://canvas.instructure.com/lti/submission"


class FakeLti(FakePlatform):
    """A course with one other column. Each line item's address has a query, as Moodle's have."""

    command, name, secret = "lti", "the platform", TOKEN
    keys = {"S001": "sub-jane", "S002": "sub-hong"}
    roster = "id,name,lti\nS001,Jane Doe,sub-jane\nS002,홍길동,sub-hong\nS003,Kim,\nS004,Lee,sub-lee\n"
    writes = ("POST", "/scores$")
    listing = "/results$"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.key = make_key()
        self.key_file = folder / "key.pem"
        self.items: list[dict[str, Any]] = [{"tag": "other", "label": "Other", "scoreMaximum": 5}]
        self.scores: dict[tuple[int, str], dict[str, Any]] = {}
        self.audience = ""
        self.known = {"sub-jane", "sub-hong", "sub-lee"}
        self.lasts: dict[str, Any] = {"expires_in": 3600}
        self.trouble = ""

    def answer(self, request: Request) -> Reply:
        """Answer as the specification has it."""
        if request.path == "/token":
            return self.give_token(request.form)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"error": "invalid_token"})
        if request.path == "/lineitems":
            return self.list_items(request) if request.method == "GET" else self.make_item(request)
        item, _, service = request.path.removeprefix("/lineitems/").partition("/lineitem/")
        if request.query != {"type_id": ["1"]} or not item.isdigit() or int(item) >= len(self.items):
            return Reply(404, {"error": "no such line item"})
        return self.take_score(int(item), request) if service == "scores" else self.list_results(int(item), request)

    def give_token(self, form: dict[str, str]) -> Reply:
        """To a tool that signed for just this address, a moment ago."""
        audience = self.audience or f"{self.url}/token"
        try:
            public = self.key.export_to_pem().decode()
            claim = jwt.decode(form["client_assertion"], public, algorithms=["RS256"], audience=audience)
        except (KeyError, jwt.PyJWTError) as error:
            return Reply(400, {"error": "invalid_client", "error_description": str(error)})
        assert claim["iss"] == claim["sub"] == CLIENT
        assert claim["exp"] - claim["iat"] <= 300
        assert claim["jti"]
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        self.granted = set(form["scope"].removeprefix(SCOPE).split(f" {SCOPE}"))
        return Reply(body={"access_token": TOKEN, "token_type": "Bearer", **self.lasts})

    def list_items(self, request: Request) -> Reply:
        """One a page."""
        assert request.headers["Accept"] == f"{MEDIA}v2.lineitemcontainer+json"
        page = int(request.query.get("page", ["0"])[0])
        link = f'<{self.url}/lineitems?page={page + 1}>; rel="next"'
        body = [self.show_item(index) for index in range(len(self.items))][page : page + 1]
        return Reply(body=body, headers={"Link": link} if page + 1 < len(self.items) else {})

    def make_item(self, request: Request) -> Reply:
        """One more column."""
        assert "lineitem" in self.granted
        assert request.headers["Content-Type"] == f"{MEDIA}v2.lineitem+json"
        self.items.append(json.loads(request.body))
        return Reply(201, self.show_item(len(self.items) - 1))

    def show_item(self, index: int) -> dict[str, Any]:
        """With its address."""
        return {"id": f"{self.url}/lineitems/{index}/lineitem?type_id=1", **self.items[index]}

    def take_score(self, item: int, request: Request) -> Reply:
        """Only what is complete, of somebody who is known, and newer than what is there."""
        assert "score" in self.granted
        body = json.loads(request.body)
        self.trouble = self.trouble or find_trouble(request, body)
        before = self.scores.get((item, body["userId"]), {"timestamp": ""})
        if body["userId"] not in self.known:
            return Reply(404, {"error": "no such user"})
        if body["timestamp"] <= before["timestamp"]:
            return Reply(409, {"error": "not newer"})
        self.scores[item, body["userId"]] = body
        return Reply(200, "taken")  # no JSON: the specification does not ask for it

    def list_results(self, item: int, request: Request) -> Reply:
        """Return the results that there are, on a scale of their own."""
        assert "result.readonly" in self.granted
        assert request.headers["Accept"] == f"{MEDIA}v2.resultcontainer+json"
        return Reply(
            body=[
                {"userId": user, "resultScore": body["scoreGiven"] / 10, "resultMaximum": body["scoreMaximum"] / 10}
                for (index, user), body in self.scores.items()
                if index == item
            ]
        )

    @property
    def to(self) -> str:
        """Return the address that scores go to, as the log records it."""
        return f"{self.url}/lineitems"

    def store_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put the private key into a file."""
        monkeypatch.delenv("GRADER_LTI_KEY", raising=False)
        self.key_file.write_bytes(self.key.export_to_pem(private_key=True, password=None))

    def forget_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the key away."""
        self.key_file.unlink()

    def list_options(self, where: str = "--lineitems", path: str = "/lineitems") -> list[object]:
        """Options of `grader push lti`."""
        given = ["--token-url", f"{self.url}/token", "--client-id", CLIENT, where, f"{self.url}{path}"]
        return [*given, "--key-file", self.key_file]

    def read_scores(self, item: int = 1) -> dict[str, float]:
        """Return each student's points in a line item, by the id in the report."""
        scores = {student: self.scores.get((item, key)) for student, key in self.keys.items()}
        return {student: body["scoreGiven"] for student, body in scores.items() if body}

    def read_comments(self, student: str) -> list[str]:
        """Return the comments that a student sees."""
        body = self.scores[1, self.keys[student]]
        return [body["comment"]] if "comment" in body else []

    def list_changed(self) -> list[str]:
        """Return the keys of the students whose grade was written since the requests were cleared."""
        return [json.loads(request.body)["userId"] for request in self.list_writes() if "/scores" in request.path]


def find_trouble(request: Request, body: dict[str, Any]) -> str:
    """Return the part of a request that breaks the specification, or an empty string."""
    wanted = {"activityProgress": "Completed", "gradingProgress": "FullyGraded", "scoreMaximum": 100.0}
    if request.headers["Content-Type"] != f"{MEDIA}v1.score+json":
        return f"media type {request.headers['Content-Type']}"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}Z", body["timestamp"]):
        return f"timestamp {body['timestamp']}"
    return "" if wanted.items() <= body.items() and body[CANVAS] == {"new_submission": False} else f"body {body}"


@cache
def make_key() -> JWK:
    """Return the tool's key, which takes long to generate."""
    return JWK.generate(kty="RSA", size=2048)
