"""Peculiarities of `grader push lti`: line items, signed claims and tokens."""

import re
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest
from jwcrypto.jwk import JWK

from grader.tests.support.fake_lti import FakeLti, make_key
from grader.tests.support.push_server import DROP_AFTERWARDS, Reply, read_lines, run_push

Push = Callable[..., int]
Capture = pytest.CaptureFixture[str]
SCORES = "/scores$"
BOTH = {"S001": 70.0, "S002": 100.0}


@pytest.fixture
def kind() -> str:
    """Only LTI."""
    return "lti"


@pytest.fixture
def tool(platform: FakeLti) -> FakeLti:
    """The platform under its own name."""
    return platform


def count_tokens(tool: FakeLti) -> int:
    """Count the requests for a token."""
    return [request.path for request in tool.requests].count("/token")


def test_line_item_is_created(push: Push, tool: FakeLti, capsys: Capture) -> None:
    """For the assignment, with one token for everything; the staff is named."""
    assert push() == 0
    title = "Attention: Luong, and others"
    assert tool.items[1] == {"scoreMaximum": 100.0, "label": title, "tag": "a4_attention"}
    assert tool.granted == {"lineitem", "score", "result.readonly"}
    assert count_tokens(tool) == 1
    assert f"a line item {title!r} was created" in capsys.readouterr().err


def test_line_item_is_found(push: Push, tool: FakeLti, capsys: Capture) -> None:
    """Its tag is enough, on any page; none is created."""
    push()
    capsys.readouterr()
    push("--again", "--no-feedback")
    assert len(tool.items) == 2
    assert "was created" not in capsys.readouterr().err


def test_line_item_may_be_given(push: Push, tool: FakeLti) -> None:
    """Then the tool needs no right to create one."""
    assert push(options=tool.list_options("--lineitem", "/lineitems/0/lineitem?type_id=1")) == 0
    assert tool.read_scores(0) == BOTH
    assert tool.granted == {"score", "result.readonly"}
    assert len(tool.items) == 1


def test_label_is_no_id(push: Push, tool: FakeLti) -> None:
    """A student who is not on the roster is left out, and no other."""
    tool.roster_file.write_text("id,lti\nS001,sub-jane\n")
    assert push() == 0
    assert tool.read_scores() == {"S001": 70.0}


@pytest.mark.parametrize(("method", "path"), [("POST", "/token$"), ("GET", "/lineitems$"), ("POST", "/lineitems$")])
def test_passing_failure_of_other_requests_is_retried(push: Push, tool: FakeLti, method: str, path: str) -> None:
    """For a token, and for the line items."""
    tool.fail(method, path, 503, times=3)
    assert push() == 0
    assert tool.read_scores() == BOTH


def test_lost_reply_creates_nothing_twice(push: Push, tool: FakeLti) -> None:
    """A score is sent with a new time, and a line item that was created is found."""
    tool.fail("POST", "/lineitems$", DROP_AFTERWARDS, times=1)
    tool.fail("POST", SCORES, DROP_AFTERWARDS, times=1)
    assert push() == 0
    assert tool.read_scores() == BOTH
    assert len(tool.items) == 2


def test_failure_keeps_what_was_sent(push: Push, tool: FakeLti, capsys: Capture, run: Path) -> None:
    """The same command sends the rest."""
    tool.fail("POST", SCORES, 500, user="sub-hong")
    assert push() == 1
    assert capsys.readouterr().err.endswith("(1 sent, 1 left)\n")
    assert [line["outcome"] for line in read_lines(run)] == ["sent", "stopped"]
    tool.faults.clear()
    tool.requests.clear()
    assert push() == 0
    assert tool.list_changed() == ["sub-hong"]


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/token$", 401, "401 (no, no): it does not accept the tool's signature or token; check --client-id"),
        ("POST", "/token$", 403, "403 (no, no): the tool may not use that service; have its scopes"),
        ("GET", "/lineitems$", 404, "404 (no, no): there is no such service; check --lineitems or --lineitem"),
        ("POST", "/lineitems$", 422, "422 (no, no): it takes no such line item; check the assignment's title"),
        ("POST", SCORES, 401, "401 (no, no): it does not accept the tool's signature or token"),
        ("POST", SCORES, 403, "403 (no, no): the tool may not use that service"),
    ],
)
def test_refusal_is_explained(
    push: Push, tool: FakeLti, capsys: Capture, method: str, path: str, status: int, text: str
) -> None:
    """One sentence and exit code 2."""
    tool.fail(method, path, status, body={"error": "no, no"})
    assert push() == 2
    error = capsys.readouterr().err
    assert re.search(r"grader: the platform at 127\.0\.0\.1:\d+ answered " + re.escape(text), error)
    assert tool.read_scores() == {}


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_refused_student_stops_no_other(push: Push, tool: FakeLti, status: int, run: Path, capsys: Capture) -> None:
    """The one is named and in the log, and alone sent again later."""
    tool.fail("POST", SCORES, status, user="sub-jane")
    assert push() == 1
    assert tool.read_scores() == {"S002": 100.0}
    assert f"the platform refused the score of 'S001' (id there: 'sub-jane'): {status};" in capsys.readouterr().err
    assert [(line["student"], line["status"]) for line in read_lines(run)] == [("S001", status), ("S002", 200)]
    tool.faults.clear()
    tool.requests.clear()
    assert push() == 0
    assert tool.list_changed() == ["sub-jane"]


def test_wrong_key_is_explained(push: Push, tool: FakeLti, capsys: Capture) -> None:
    """The platform finds the signature wrong."""
    other = JWK.generate(kty="RSA", size=2048).export_to_pem(private_key=True, password=None)
    tool.key_file.write_bytes(other)
    assert push() == 2
    error = capsys.readouterr().err
    assert "answered 400 (invalid_client, Signature verification failed): it does not recognise the tool" in error


def test_key_id_is_the_thumbprint_or_given(push: Push, tool: FakeLti) -> None:
    """As in the key set that a platform was given."""
    push()
    push("--again", "--no-feedback", "--key-id", "mine")
    claims = [request.form["client_assertion"] for request in tool.requests if request.path == "/token"]
    assert [jwt.get_unverified_header(claim)["kid"] for claim in claims] == [make_key().thumbprint(), "mine"]


def test_audience_may_be_given(push: Push, tool: FakeLti) -> None:
    """Some platforms have another name than the address of their tokens."""
    tool.audience = "https://api.platform.example/auth/token"
    assert push("--audience", tool.audience) == 0
    assert tool.read_scores() == BOTH


@pytest.mark.parametrize("lasts", [{"expires_in": 1}, {"expires_in": "1"}])
def test_expired_token_is_renewed(push: Push, tool: FakeLti, lasts: dict[str, object]) -> None:
    """A class may take longer than a token is valid."""
    tool.lasts = lasts
    assert push() == 0
    assert count_tokens(tool) > 2


def test_token_without_an_end_is_kept_for_a_while(push: Push, tool: FakeLti) -> None:
    """It is not asked for with every score."""
    tool.lasts = {}
    assert push() == 0
    assert count_tokens(tool) == 1


def test_key_may_come_from_the_environment(tool: FakeLti, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If no file is given."""
    monkeypatch.setenv("GRADER_LTI_KEY", tool.key_file.read_text())
    options = tool.list_options()[:-2]
    assert run_push(monkeypatch, "lti", run, *options, "--roster", tool.roster_file) == 0
    assert tool.read_scores() == BOTH


@pytest.mark.parametrize("content", ["words", "public", "elliptic", "empty", "missing"])
def test_impossible_key_is_not_shown(push: Push, tool: FakeLti, content: str, capsys: Capture) -> None:
    """Nothing is sent."""
    elliptic = JWK.generate(kty="EC", crv="P-256").export_to_pem(private_key=True, password=None)
    texts = {"words": b"open sesame", "public": make_key().export_to_pem(), "elliptic": elliptic, "empty": b"\n"}
    tool.key_file.unlink()
    if content in texts:
        tool.key_file.write_bytes(texts[content])
    assert push() == 2
    error = capsys.readouterr().err
    pattern = r"grader: (GRADER_LTI_KEY or the file does not hold a private RSA|no private key|cannot read the file)"
    assert re.match(pattern, error)
    assert "sesame" not in error
    assert "BEGIN" not in error
    assert tool.requests == []


def test_signed_claim_is_not_repeated(push: Push, tool: FakeLti, capsys: Capture, run: Path) -> None:
    """With it anyone could ask for a token for a minute."""
    claims: list[str] = []

    def give_token(form: dict[str, str]) -> Reply:
        claims.append(form["client_assertion"])
        return Reply(400, {"error": f"bad claim {form['client_assertion']}"})

    tool.give_token = give_token  # type: ignore[method-assign]
    assert push() == 2
    error = capsys.readouterr().err
    assert "bad claim ..." in error
    assert claims[0] not in error + (run / "push.jsonl").read_text()


@pytest.mark.parametrize("more", [[], ["--lineitem", "https://lms.example/1"]])
def test_exactly_one_address_is_needed(push: Push, tool: FakeLti, capsys: Capture, more: list[str]) -> None:
    """Of one line item, or of all of them."""
    options = tool.list_options()
    where = options.index("--lineitems")
    both = [*options, *more] if more else options[:where] + options[where + 2 :]
    assert push(options=both) == 2
    assert "pass either --lineitems" in capsys.readouterr().err
