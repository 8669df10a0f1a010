"""Rules for a push to every platform."""

import fcntl
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.tests.support.export_samples import SECRET, make_faulty_report, make_perfect_report, make_report
from grader.tests.support.push_server import DROP, FakePlatform, read_lines, replace_report, run_push

Push = Callable[..., int]
Capture = pytest.CaptureFixture[str]
BOTH = {"S001": 70.0, "S002": 100.0}


def test_push_sends_scores_and_feedback(push: Push, platform: FakePlatform) -> None:
    """Every student with an id and a score gets both."""
    assert push() == 0
    assert platform.read_scores() == BOTH
    assert platform.read_comments("S001")[0].startswith("Attention: Luong, and others: 70 / 100\n")
    assert "got (3, 2) (transpose: h_t)" in platform.read_comments("S001")[0]


def test_push_names_students_who_are_left_out(push: Push, platform: FakePlatform, capsys: Capture) -> None:
    """Those without an id there and those without a score; and the rest is counted."""
    push()
    printed = capsys.readouterr()
    assert printed.err.splitlines()[:2] == [
        "grader: 'S004' has no score yet: the grader itself failed; grade that submission again",
        f"grader: 'S003' is left out: no id for {platform.name}; fill in the roster's column `{platform.command}` and "
        "pass it with --roster",
    ]
    assert printed.out.splitlines() == [
        "sent Jane Doe (S001): 70 / 100", "sent 홍길동 (S002): 100 / 100",
        f"sent 2 scores to {platform.to}; 0 were already there",
    ]  # fmt: skip


def test_push_never_sends_a_grader_fault(push: Push, platform: FakePlatform, run: Path) -> None:
    """Not even to replace an older score."""
    push()
    replace_report(run, 0, make_faulty_report("S001"))
    assert push() == 0
    assert platform.read_scores() == BOTH


def test_push_reveals_nothing_hidden(push: Push, platform: FakePlatform, run: Path, capsys: Capture) -> None:
    """Requests, log and terminal are redacted."""
    push("--dry-run")
    push()
    printed = capsys.readouterr()
    sent = "".join(request.body for request in platform.requests)
    assert "transpose" in sent
    assert SECRET not in sent + printed.out + printed.err + (run / "push.jsonl").read_text()


def test_no_feedback_sends_scores_only(push: Push, platform: FakePlatform) -> None:
    """No comment is sent."""
    assert push("--no-feedback") == 0
    assert platform.read_scores() == BOTH
    assert platform.read_comments("S001") == []


def test_second_push_sends_nothing(push: Push, platform: FakePlatform, capsys: Capture) -> None:
    """The log knows that everything is there; the platform is not even asked."""
    push()
    platform.requests.clear()
    capsys.readouterr()
    assert push() == 0
    assert platform.requests == []
    assert "; 2 were already there" in capsys.readouterr().out


def test_changed_score_is_sent_alone(push: Push, platform: FakePlatform, run: Path) -> None:
    """No other student's score is sent with it."""
    push()
    replace_report(run, 0, make_perfect_report("S001"))
    platform.requests.clear()
    assert push() == 0
    assert platform.list_changed() == [platform.keys["S001"]]
    assert platform.read_scores() == {"S001": 100.0, "S002": 100.0}


def test_scores_on_the_platform_are_not_sent_again(push: Push, platform: FakePlatform, run: Path) -> None:
    """Without a log they are read from the platform, and then they are in the log."""
    push()
    (run / "push.jsonl").unlink()
    platform.requests.clear()
    assert push() == 0
    assert platform.list_writes() == []
    assert [line["outcome"] for line in read_lines(run)] == ["there already"] * 2


def test_dry_run_sends_nothing(
    push: Push, platform: FakePlatform, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """It needs no secret, asks nothing, logs nothing, and prints every score and comment."""
    platform.forget_secret(monkeypatch)
    assert push("--dry-run") == 0
    assert platform.requests == []
    assert not (run / "push.jsonl").exists()
    printed = capsys.readouterr()
    place = f"to {platform.keys['S001']!r} at {platform.to}"
    assert f"would send Jane Doe (S001): 70 / 100 {place}\n    Attention: Luong, and others: 70 / 100\n" in printed.out
    assert "'S003' is left out" in printed.err


def test_dry_run_skips_what_was_sent(push: Push, capsys: Capture, run: Path) -> None:
    """It prints only what a push would send."""
    push("--no-feedback")
    replace_report(run, 1, make_report("S002"))
    capsys.readouterr()
    push("--dry-run", "--no-feedback")
    assert [line.split(" to ")[0] for line in capsys.readouterr().out.splitlines()] == [
        "would send 홍길동 (S002): 70 / 100", "would send 1 scores"
    ]  # fmt: skip


def test_log_records_what_was_sent(push: Push, platform: FakePlatform, run: Path) -> None:
    """Student, points, time, address and reply; neither token nor key."""
    push()
    first = read_lines(run)[0]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+\+00:00", first.pop("at"))
    assert re.fullmatch(r"[0-9a-f]{64}", first.pop("digest"))
    assert first == {
        "system": platform.command, "to": platform.to, "student": "S001", "key": platform.keys["S001"], "score": 70.0,
        "max_score": 100.0, "outcome": "sent", "status": 200, "reason": "",
    }  # fmt: skip
    log = (run / "push.jsonl").read_text()
    assert platform.secret not in log
    assert "PRIVATE" not in log


def test_cut_off_line_of_the_log_costs_only_itself(push: Push, platform: FakePlatform, run: Path) -> None:
    """A process was killed while it wrote: that student is looked up again, and the next line is whole."""
    push()
    log = run / "push.jsonl"
    log.write_bytes(log.read_bytes()[:-20])
    platform.requests.clear()
    assert push() == 0
    assert platform.list_writes() == []
    assert log.read_text().splitlines()[-1].startswith('{"at"')
    platform.requests.clear()
    push()
    assert platform.requests == []


def test_log_survives_control_characters(push: Push, platform: FakePlatform, run: Path, capsys: Capture) -> None:
    """A line separator in a student's id costs no record, and neither log nor terminal contains one."""
    odd = "S\u2028\x85\u202e1"
    platform.roster_file.write_text(platform.roster.replace("S001", odd), encoding="utf-8")
    replace_report(run, 0, make_report(odd))
    assert push() == 0
    platform.requests.clear()
    assert push() == 0
    assert platform.requests == []
    printed = capsys.readouterr()
    text = (run / "push.jsonl").read_text(encoding="utf-8") + printed.out + printed.err
    assert not set("\u2028\x85\u202e") & set(text)
    assert {line["student"] for line in read_lines(run)} == {odd, "S002"}


@pytest.mark.parametrize("status", [408, 429, 500, 503, DROP])
@pytest.mark.parametrize("step", ["write", "list"])
def test_passing_failure_is_retried(
    push: Push, platform: FakePlatform, status: int, step: str, waits: list[float]
) -> None:
    """With longer and longer waits; each score and comment arrives once."""
    method, path = platform.writes if step == "write" else ("GET", platform.listing)
    platform.fail(method, path, status, times=3)
    assert push() == 0
    assert platform.read_scores() == BOTH
    assert len(platform.read_comments("S001")) == 1
    backoff = [wait for wait in waits if wait != 2.0]  # 2.0: between two looks at a job
    assert len(backoff) == 2  # the first attempt follows at once
    assert 2.0 < backoff[0] <= 3.0 < 4.0 < backoff[1] <= 5.0


def test_retry_after_is_obeyed(push: Push, platform: FakePlatform, waits: list[float]) -> None:
    """Within a limit; a value that makes no sense is not an error."""
    for value in ("17", "soon", "1e9999", "99999999"):
        platform.fail(*platform.writes, 429, times=1, headers={"Retry-After": value})
    assert push() == 0
    assert 17 in waits
    assert max(waits) <= 120
    assert platform.read_scores() == BOTH


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (429, r"answered 429, 6 times: it accepts no more requests for now; wait some minutes, then run the same"),
        (500, r"answered 500, 6 times: the problem is on its side; when it is solved, run the same command again"),
        (DROP, r"dropped the connection, 6 times: check the address and the network, then run the same command"),
    ],
)
def test_failing_platform_ends_the_push(
    push: Push, platform: FakePlatform, status: int, text: str, capsys: Capture, run: Path
) -> None:
    """One sentence, exit code 1, a line in the log; the same command sends the rest later."""
    platform.fail(*platform.writes, status)
    assert push() == 1
    error = capsys.readouterr().err
    assert re.match(rf"grader: {platform.name} at 127\.0\.0\.1:\d+ {text}", error)
    assert error.endswith("(0 sent, 2 left)\n")
    assert error.count("\n") == 1
    assert read_lines(run)[-1]["outcome"] == "stopped"
    platform.faults.clear()
    assert push() == 0
    assert platform.read_scores() == BOTH


def test_refused_listing_ends_the_push(push: Push, platform: FakePlatform, capsys: Capture) -> None:
    """A refusal that concerns the whole class: one sentence with advice, exit code 2."""
    platform.fail("GET", platform.listing, 403, body={"error": "no, no"})
    assert push() == 2
    error = capsys.readouterr().err
    assert re.match(rf"grader: {platform.name} at 127\.0\.0\.1:\d+ answered 403 \(no, no\): the to", error)
    assert error.count("\n") == 1
    assert platform.read_scores() == {}


def test_secrets_are_not_repeated(push: Push, platform: FakePlatform, capsys: Capture, run: Path) -> None:
    """Not even if the platform repeats them in a reply."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in platform.secret)
    body = f'{{"error": "not with Bearer {platform.secret}, {escaped}, {"x" * 50}\u202e"}}'
    platform.fail("GET", platform.listing, 403, body=body)
    assert push() == 2
    printed = capsys.readouterr()
    log = (run / "push.jsonl").read_text()
    assert "not with Bearer ..., ..., ...)" in printed.err
    assert platform.secret not in printed.out + printed.err + log


@pytest.mark.parametrize("option", ["--token", "--key"])
def test_no_option_takes_a_secret(push: Push, platform: FakePlatform, option: str) -> None:
    """Every user of the machine can read the arguments of a command."""
    assert push(option, "x") == 2
    assert platform.requests == []


def test_silent_host_is_a_failure(push: Push, platform: FakePlatform, capsys: Capture) -> None:
    """Port 1 of this machine: nothing listens there."""
    options = [str(option).replace(platform.url, "http://127.0.0.1:1") for option in platform.list_options()]
    assert push(options=options) == 1
    assert f"{platform.name} at 127.0.0.1:1 dropped the connection" in capsys.readouterr().err


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "[" * 100_000, "7", '"x"', "", b"\xff\xfe".decode("latin-1")])
def test_reply_of_another_kind_is_a_sentence(push: Push, platform: FakePlatform, capsys: Capture, body: str) -> None:
    """Such as a page to sign in."""
    platform.fail("GET", "", 200, body=body)
    assert push() == 2
    error = capsys.readouterr().err
    assert re.search(rf"{platform.name} at \S+ answers, but not as documented .* check the address", error)


def test_students_with_the_same_id_are_refused(push: Push, platform: FakePlatform, run: Path, capsys: Capture) -> None:
    """One would get the other's score."""
    roster = run.parent / "double.csv"
    roster.write_text(f"id,name,{platform.command}\nS001,Jane,77\nS002,Hong,77\n")
    assert push(roster=roster) == 2
    text = f"'S001' and 'S002' have the same id in the roster's column `{platform.command}`, '77'"
    assert text in capsys.readouterr().err
    assert platform.requests == []


def test_two_pushes_at_once_are_refused(push: Push, platform: FakePlatform, run: Path, capsys: Capture) -> None:
    """They would send everything twice."""
    with (run / "push.jsonl").open("a") as log:
        fcntl.flock(log, fcntl.LOCK_EX)
        assert push() == 2
    assert "another push from" in capsys.readouterr().err
    assert platform.requests == []


def test_mistyped_run_leaves_nothing_behind(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    """No folder, no log."""
    before = sorted(tmp_path.iterdir())
    options = [*platform.list_options(), "--roster", platform.roster_file]
    assert run_push(monkeypatch, platform.command, tmp_path / "rum", *options) == 2
    assert "pass the folder that `grader batch -o` wrote" in capsys.readouterr().err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://lms.example", "'http://lms.example' is not encrypted, so others could read the token"),
        ("lms.example", "'lms.example' is not a web address"),
        ("https://[lms", "not a web address (Invalid IPv6 URL): pass one"),
        ("https://lms.example:99999999", "not a web address (Port out of range 0-65535): pass one"),
        ("https://me:pass@lms.example", "the address of lms.example contains a user or a password"),
    ],
)
def test_address_must_be_safe_for_a_token(
    push: Push, platform: FakePlatform, capsys: Capture, address: str, text: str
) -> None:
    """Checked before anything is sent."""
    options = [address if str(option).startswith(platform.url) else option for option in platform.list_options()]
    assert push(options=options) == 2
    assert capsys.readouterr().err.startswith(f"grader: {text}")
    assert platform.requests == []


def test_nothing_is_sent_to_an_id_that_no_roster_gave(
    push: Push, platform: FakePlatform, tmp_path: Path, capsys: Capture
) -> None:
    """A roster without the students sends nothing, although their labels could be ids; it says how to supply them."""
    (tmp_path / "empty.csv").write_text("id,name\n", encoding="utf-8")
    assert push(roster=tmp_path / "empty.csv") == 2
    assert "a roster says who has which id" in capsys.readouterr().err
    assert platform.requests == []
