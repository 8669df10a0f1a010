"""The API: hand in, wait, read."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

import grader
from grader.classroom.adjust import adjust_run
from grader.classroom.adjustments import Adjustment
from grader.model.errors import UsageError
from grader.model.report import GradeReport
from grader.server.people import Role
from grader.server.settings import UploadLimits
from grader.tests.support.postgres import POSTGRES, open_postgres
from grader.tests.support.service import LIMITS, FakeSite, open_toy_service
from grader.tests.support.toy import write_project

BONUS = Adjustment(student="kim", kind="bonus", points=5, reason="a good idea", by="ta")


def test_hand_in_is_acknowledged_graded_and_reported(site: FakeSite) -> None:
    """With exactly the fields that others rely on."""
    client = site.call_as("api")
    files = [("file", ("toy.py", b"# score 70\ndef double(number):\n    return 2\n"))]
    reply = client.post("/api/v1/assignments/toy/submissions", files=files)
    assert reply.status_code == 202 and set(reply.json()) == {"id", "status", "url"}
    assert reply.json()["status"] == "queued"
    site.await_result(reply.json()["id"])
    answer = client.get(reply.json()["url"]).json()
    assert (answer["id"], answer["status"], answer["counts"]) == (reply.json()["id"], "graded", True)
    assert answer["report"]["score"] == 70
    report = json.loads((site.service.open_run("toy").reports / "api.json").read_text())
    assert report["submission"]["student"] == "api" and report["score"] == 70


def test_student_gets_a_redacted_report_and_staff_all_of_it(site: FakeSite) -> None:
    """The one redaction function makes the difference."""
    client = site.call_as("secretive")
    submission = site.hand_in(client)
    site.await_result(submission)
    seen, whole = (
        GradeReport.model_validate(who.get(f"/api/v1/submissions/{submission}").json()["report"])
        for who in (client, site.call_as("ta", Role.GRADER))
    )
    assert whole.tests[0].id == "test_double" or whole.tests[0].name == "The first thing works."
    assert seen.tests[0].name == "first, test 1"


def test_file_that_cannot_be_read_is_refused_with_a_reason(site: FakeSite) -> None:
    """The confined intake refuses it, without a worker."""
    client = site.call_as("broken")
    reply = client.post("/api/v1/assignments/toy/submissions", files={"file": ("toy.zip", b"PK\x03\x04 no archive")})
    site.await_result(reply.json()["id"])
    answer = client.get(f"/api/v1/submissions/{reply.json()['id']}").json()
    assert answer["status"] == "refused" and answer["report"]["submission"]["refused"]


def test_several_files_are_one_submission(site: FakeSite) -> None:
    """As a folder."""
    client = site.call_as("several")
    files = [("file", ("toy.py", b"# score 30\ndef double(number): pass\n")), ("file", ("zz.txt", b"a note"))]
    submission = client.post("/api/v1/assignments/toy/submissions", files=files).json()["id"]
    site.await_result(submission)
    assert client.get(f"/api/v1/submissions/{submission}").json()["report"]["score"] == 30


def test_last_attempt_counts_although_the_older_one_is_graded_later(site: FakeSite) -> None:
    """The queue may have any order."""
    client = site.call_as("twice")
    older, newer = site.hand_in(client, "# score 90"), site.hand_in(client, "# score 40")
    for submission in (older, newer):
        site.await_result(submission)
    counts = [client.get(f"/api/v1/submissions/{each}").json()["counts"] for each in (older, newer)]
    assert counts == [False, True]
    assert json.loads((site.service.open_run("toy").reports / "twice.json").read_text())["score"] == 40


@pytest.mark.parametrize(
    ("limits", "status"),
    [(UploadLimits(bytes_at_once=10, free_bytes=0), 413), (UploadLimits(free_bytes=1 << 60), 507)],
    ids=["too large", "disk full"],
)
def test_refused_upload_leaves_nothing(limits: UploadLimits, status: int, site: FakeSite) -> None:
    """Neither a file nor a row."""
    before = sorted(site.service.data.uploads.iterdir())
    site.service.limits = limits
    try:
        reply = site.call_as("refused").post("/api/v1/assignments/toy/submissions", files={"file": ("a", b"x" * 99)})
    finally:
        site.service.limits = LIMITS
    assert reply.status_code == status and reply.json()["detail"]
    assert sorted(site.service.data.uploads.iterdir()) == before
    assert site.service.queue.list_of("refused") == []


def test_students_hour_has_so_many_uploads_and_staff_allow_more(site: FakeSite) -> None:
    """The refusal says how long to wait."""
    client = site.call_as("eager")
    site.service.limits = UploadLimits(per_hour=1, free_bytes=0)
    try:
        site.hand_in(client)
        reply = client.post("/api/v1/assignments/toy/submissions", files={"file": ("toy.py", b"")})
        assert reply.status_code == 429 and 3500 < int(reply.headers["retry-after"]) <= 3600
        assert "60 minutes" in reply.json()["detail"]
        person = site.service.people.find("eager")
        assert person is not None
        site.service.people.change(person, more_per_hour=1)
        site.hand_in(client)
    finally:
        site.service.limits = LIMITS


def test_lists_and_scores_are_for_those_who_may(site: FakeSite) -> None:
    """A student's list is their own; scores are CSV that no spreadsheet runs."""
    client, ta = site.call_as("=cmd"), site.call_as("ta", Role.GRADER)
    submission = site.hand_in(client)
    site.await_result(submission)
    assert [row["id"] for row in client.get("/api/v1/assignments/toy/submissions").json()] == [submission]
    assert len(ta.get("/api/v1/assignments/toy/submissions").json()) > 1
    table = csv.DictReader(io.StringIO(ta.get("/api/v1/assignments/toy/scores.csv").text))
    assert {row["student"]: row["score"] for row in table}["'=cmd"] == "100"


@pytest.mark.slow
@pytest.mark.skipif(not POSTGRES, reason="no PostgreSQL here: apt install postgresql")
def test_service_kept_in_postgresql_goes_on_after_a_restart(tmp_path: Path) -> None:
    """People, queue and grades; and it refuses another data folder."""
    course = write_project(tmp_path / "course")
    with open_postgres() as address:
        with open_toy_service(course, tmp_path / "data", address) as service:
            client = FakeSite(service).call_as("kim")
            submission = FakeSite(service).hand_in(client, "# score 70")
            FakeSite(service).await_result(submission)
            adjust_run(service.open_run("toy"), [BONUS], address)
        with open_toy_service(course, tmp_path / "data") as service:
            answer = FakeSite(service).call_as("kim").get(f"/api/v1/submissions/{submission}").json()
            assert (answer["status"], answer["report"]["score"]) == ("graded", 75)
        with pytest.raises(UsageError, match="another data folder"), open_toy_service(course, tmp_path / "b", address):
            pass


def test_openapi_describes_the_upload(site: FakeSite) -> None:
    """With its field, and every refusal."""
    described = site.call_as("reader").get("/api/v1/openapi.json").json()
    upload = described["paths"]["/api/v1/assignments/{name}/submissions"]["post"]
    assert "file" in upload["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert {"202", "401", "413", "429", "507"} <= set(upload["responses"])
    assert all(path.startswith("/api/v1/") for path in described["paths"])


def test_dashboard_shows_metrics_that_exist_and_all_of_them(site: FakeSite) -> None:
    """A panel of another name would stay empty."""
    dashboard = json.loads((Path(grader.__file__).parent / "docs" / "dashboard.json").read_text(encoding="utf-8"))
    asked = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    lines = site.visit().get("/metrics").text.splitlines()
    assert set(re.findall(r"grader_\w+", asked)) == {line.split()[2] for line in lines if line.startswith("# TYPE")}


def test_openapi_describes_the_token_and_the_formats(site: FakeSite) -> None:
    """A table in one format, and its refusals in another."""
    described = site.call_as("reader").get("/api/v1/openapi.json").json()
    [name] = described["security"][0]
    assert described["components"]["securitySchemes"][name] == {"type": "http", "scheme": "bearer"}
    answers = described["paths"]["/api/v1/assignments/{name}/scores.csv"]["get"]["responses"]
    assert {code: list(answer["content"]) for code, answer in answers.items() if code in ("200", "404")} == {
        "200": ["text/csv"],
        "404": ["application/json"],
    }


def test_method_that_an_address_does_not_take_is_named(site: FakeSite) -> None:
    """With those that it takes."""
    reply = site.call_as("reader").delete("/api/v1/assignments/toy/submissions")
    assert reply.status_code == 405 and reply.headers["allow"] == "GET, POST"
