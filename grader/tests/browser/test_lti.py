"""A term from a learning platform: launches in its frame, scores in its gradebook, a regrade that reaches both."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.server.labels import translate
from grader.server.lti.tool import LtiTool
from grader.server.settings import DataFolder
from grader.server.store import open_store
from grader.tests.browser.test_term import HALF
from grader.tests.support.browser import PATIENCE_MS, Reader
from grader.tests.support.browser_lms import CHOOSE, BrowserLms
from grader.tests.support.fake_lti import CLIENT
from grader.tests.support.service_process import ServiceProcess
from grader.tests.support.toy import write_project

pytestmark = pytest.mark.browser

STUDENT = "sub-jane"
# A cookie that only a browser with third-party cookies keeps in a frame.
PROBE = "document.cookie = 'probe=1; SameSite=None; Secure', document.cookie.includes('probe')"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A course whose tests change during the term."""
    return write_project(tmp_path / "course")


@pytest.fixture
def lab(course: Path, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service of its own, since its course changes."""
    service = ServiceProcess(course, tmp_path / "data")
    yield service
    service.kill()


@pytest.fixture
def lms(lab: ServiceProcess, tmp_path: Path) -> Iterator[BrowserLms]:
    """A platform with the service as a tool."""
    platform, data = BrowserLms(tmp_path, lab.address), DataFolder(lab.data)
    with platform.listen():
        store = open_store(data, data.read_site())
        tool = LtiTool(data, store)
        platform.key = tool.keys.choose().jwk
        addresses = {name: f"{platform.url}/{name.partition('_')[0]}" for name in ("auth_url", "token_url", "jwks_url")}
        tool.platforms.add("test", issuer=platform.url, client_id=CLIENT, **addresses)
        store.close()
        yield platform


def enter(reader: Reader, lms: BrowserLms, who: str, what: str, language: Any) -> None:
    """Launch the tool in the platform's frame, and go on in the window that it opens."""
    reader.page.goto(f"{lms.url}/course?who={who}&what={what}")
    link = reader.page.frame_locator("iframe").get_by_role("link", name=translate(language, "open_window"))
    link.wait_for()
    assert not reader.page.frames[1].evaluate(PROBE)
    with reader.page.expect_popup() as popup:
        link.click()
    reader.page = popup.value
    reader.page.locator("main button").click()
    reader.page.wait_for_url(f"{reader.address}/**/toy")
    assert reader.page.evaluate(PROBE)


def await_score(lms: BrowserLms, score: float) -> None:
    """Wait until the platform's column has the student's score."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while lms.scores.get((1, STUDENT), {}).get("scoreGiven") != score:
        assert time.monotonic() < end, lms.scores
        time.sleep(0.1)


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("ko-KR", "ko")])
def test_term_from_a_platform(
    locale: str, language: Any, chromium: Any, lab: ServiceProcess, lms: BrowserLms, course: Path, tmp_path: Path
) -> None:
    """The browser keeps no cookie of a frame of another site; the platform is down for a while."""
    teacher = Reader(chromium, lab.address, locale=locale)
    teacher.page.goto(f"{lms.url}/course?who=prof&what={CHOOSE}")
    frame = teacher.page.frame_locator("iframe")
    frame.get_by_role("button", name="Toy").click()
    frame.get_by_role("heading", name="Link added").wait_for()
    assert [link["custom"] for link in lms.links] == [{"assignment": "toy"}]

    lms.fail("POST", "/token$", 400)
    student = Reader(chromium, lab.address, locale=locale)
    enter(student, lms, STUDENT, "0", language)
    (tmp_path / "toy.py").write_text(HALF)
    student.hand_in(tmp_path / "toy.py")
    feedback = student.page.url
    assert "Toy: 60 / 100" in student.read()

    enter(teacher, lms, "prof", "0", language)
    page, address = teacher.page, "/staff/assignments/toy"
    page.goto(address)
    page.get_by_role("link", name=translate(language, "push"), exact=True).click()
    page.get_by_text("60 / 100").wait_for()
    page.get_by_role("button", name=translate(language, "push_now")).click()
    page.get_by_role("alert").wait_for()
    lms.faults.clear()
    page.get_by_role("button", name=translate(language, "push_now")).click()
    page.get_by_text(translate(language, "push_result", sent=1, kept=0)).wait_for()
    assert lms.scores[1, STUDENT]["scoreGiven"] == 60 and not lms.trouble

    tests = course / "tests_hidden" / "toy" / "test_toy.py"
    tests.write_text(tests.read_text().replace("student.shout(word) ==", "student.shout(word).upper() =="))
    page.goto(address)
    page.get_by_role("button", name=translate(language, "regrade_chosen")).click()
    page.wait_for_url("**/regrades")
    row = page.locator("tbody tr", has_text="shout")
    while row.count() == 0:
        page.wait_for_timeout(500)
        page.reload()
    assert row.locator("td").all_inner_texts() == ["shout", "0", "40", translate(language, "why_suite")]
    assert teacher.list_faults() == []

    student.page.goto(feedback)
    assert "Toy: 100 / 100" in student.read()
    await_score(lms, 100)
    student.close()
    teacher.close()
