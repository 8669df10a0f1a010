"""The log of a service: ids that lead from an upload to its grade, as JSON and as text, without secrets."""

import json
import logging
import sys
import time

import pytest

from grader.server.service_log import HEADER, EventFormatter
from grader.tests.support.service import PATIENCE, FakeSite


def read_events(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """Return the events that were logged, as a program reads them."""
    formatter = EventFormatter(is_json=True)
    return [json.loads(formatter.format(record)) for record in caplog.records if record.name == "grader.server"]


def make_record(message: str, **fields: object) -> logging.LogRecord:
    """Return an event with fields."""
    return logging.makeLogRecord({"msg": message, "levelname": "INFO", "created": 0.0, **fields})


def test_submission_is_followed_from_its_upload_to_its_grade(site: FakeSite, caplog: pytest.LogCaptureFixture) -> None:
    """The same id on each line."""
    caplog.set_level(logging.INFO, "grader.server")
    submission = site.hand_in(site.call_as("logged"))
    site.await_result(submission)
    end = time.monotonic() + PATIENCE
    while True:
        events = [event for event in read_events(caplog) if event.get("submission") == submission]
        # The last line is written after the result is kept.
        if len(events) == 3 or time.monotonic() > end:
            break
        time.sleep(0.01)
    assert [event["message"] for event in events] == ["stored", "grading", "done"]
    assert events[-1]["outcome"] == "graded"


def test_request_has_its_id_in_the_answer_and_on_each_line(site: FakeSite, caplog: pytest.LogCaptureFixture) -> None:
    """An id that the web server in front chose is kept; text that is no id is not."""
    caplog.set_level(logging.INFO, "grader.server")
    client = site.visit()
    kept = client.get("/api/v1/assignments", headers={HEADER: "from-the-proxy.1"}).headers[HEADER]
    made = client.get("/api/v1/assignments", headers={HEADER: "an id = forged"}).headers[HEADER]
    assert kept == "from-the-proxy.1" and made.isalnum()
    events = read_events(caplog)
    assert [(event["route"], event["status"]) for event in events] == [("api_assignments", 401)] * 2
    assert all(event["milliseconds"] >= 0 for event in events)


def test_link_to_sign_in_is_not_logged(site: FakeSite, caplog: pytest.LogCaptureFixture) -> None:
    """It is a secret in an address."""
    caplog.set_level(logging.DEBUG, "grader.server")
    site.visit().post("/sign-in/a-secret-code")
    assert [event["route"] for event in read_events(caplog)] == ["sign_in_by_link"]
    assert "a-secret-code" not in caplog.text


def test_json_line_has_a_failure_with_its_traceback() -> None:
    """The event is on one line, with any message."""
    try:
        raise ValueError("no room")
    except ValueError:
        record = make_record("a\nb", exc_info=sys.exc_info(), status=500)
    line = EventFormatter(is_json=True).format(record)
    assert "\n" not in line
    event = json.loads(line)
    assert (event["message"], event["status"]) == ("a\nb", 500)
    assert "ValueError: no room" in event["traceback"]


def test_text_line_cannot_be_broken_by_a_message() -> None:
    """Nor a terminal be written to."""
    line = EventFormatter(is_json=False).format(make_record("a\nb \x1b[2J", submission="x1"))
    assert line == r"1970-01-01T00:00:00.000+00:00 INFO a b \x1b[2J submission=x1"
