"""A term in a real browser: hand in, read, hand in again; adjust, regrade, export; in English and in Korean."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.tests.browser.conftest import Open, make_student_link
from grader.tests.support.browser import Reader
from grader.tests.support.course import COURSE
from grader.tests.support.service_process import ServiceProcess

pytestmark = pytest.mark.browser

RIGHT = "def double(number):\n    return 2 * number\n\ndef shout(word):\n    return word.upper()\n"
HALF = RIGHT.replace("word.upper()", "word")


@pytest.fixture
def half(tmp_path: Path) -> Path:
    """A file that gets 60 of 100 points."""
    path = tmp_path / "toy.py"
    path.write_text(HALF)
    return path


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en-US", ["Changes since the attempt before", "shout: 0 → 40", "the word is not in capitals"]),
        ("ko-KR", ["이전 제출에서 바뀐 점", "shout: 0 → 40", "the word is not in capitals"]),
    ],
)
def test_student_hands_in_reads_and_hands_in_again(locale: str, words: list[str], admit: Open, half: Path) -> None:
    """One file is chosen, the next one dropped; the feedback comes without a reload, the difference with it."""
    student = admit(f"reader {locale}", locale=locale)
    student.hand_in(half)
    first = student.read()
    assert "Toy: 60 / 100" in first and words[2] in first
    student.drop("better.py", RIGHT)
    second = student.read()
    assert "Toy: 100 / 100" in second and words[0] in second and words[1] in second
    assert "+    return word.upper()" in second and "better.py" in second
    student.page.goto("/assignments/toy")
    assert student.page.locator("tbody tr").count() == 2


def test_staff_adjust_and_answer_and_the_student_sees_it(admit: Open, open_owner: Open, half: Path) -> None:
    """The new score and the comment, but not the reason; and the answer to the request."""
    student = admit("adjusted")
    student.hand_in(half)
    feedback = student.page.url
    student.page.get_by_text("Ask for a regrade").click()
    student.page.get_by_label("What was graded wrongly").fill("<b>I did</b> capitals")
    student.page.get_by_role("button", name="Send").click()
    student.page.get_by_text("not answered yet").wait_for()

    page = open_owner().page
    page.goto("/staff/assignments/toy")
    page.get_by_role("link", name="adjusted").click()
    assert "return word" in page.locator(".code").inner_text()
    form = page.locator("form[action$='/adjust']").first
    form.get_by_label("Kind").select_option("bonus")
    form.locator("input[name=points]").fill("7.5")
    form.get_by_label("Reason").fill("oral exam")
    form.get_by_label("Comment").fill("well explained")
    form.get_by_role("button").click()
    page.get_by_text("oral exam").wait_for()
    page.goto("/staff/requests")
    request = page.locator(".request", has_text="<b>I did</b> capitals")
    request.get_by_label("Answer").fill("Look at the second word.")
    request.get_by_role("button", name="Send").click()
    page.get_by_text("Look at the second word.").wait_for()

    student.page.goto(feedback)
    seen = student.read()
    assert "Toy: 67.5 / 100" in seen and "well explained" in seen and "oral exam" not in seen
    assert "Look at the second word." in seen


def test_staff_regrade_see_statistics_and_export(admit: Open, open_owner: Open, half: Path) -> None:
    """The table can be searched and sorted; the export is a file."""
    admit("counted").hand_in(half)
    page = open_owner().page
    page.goto("/staff/assignments/toy")
    page.get_by_label("Search").fill("counted")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**search=counted*")
    assert page.locator("tbody tr").count() == 1
    page.get_by_role("button", name="Score").click()
    assert page.locator("th[aria-sort=ascending]").count() == 1
    page.get_by_label("Regrade counted").check()
    page.get_by_role("button", name="Regrade the chosen").click()
    page.wait_for_url("**/regrades")
    page.get_by_text("No mark has changed.").wait_for()
    page.go_back()
    page.get_by_role("link", name="Statistics").click()
    page.get_by_text("Difficulty and discrimination").wait_for()
    page.go_back()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    assert "counted" in Path(download.value.path()).read_text()


def test_file_that_is_too_large_is_refused_before_it_is_sent(admit: Open, tmp_path: Path) -> None:
    """A browser that is still sending would not read the refusal."""
    large = tmp_path / "large.py"
    large.write_bytes(b"#" * (21 << 20))
    student = admit("large")
    student.page.goto("/assignments/toy")
    student.page.set_input_files("input[type=file]", large)
    student.page.locator("form[data-upload] button").click()
    student.page.get_by_role("alert").get_by_text("more than 20 MB").wait_for()


def test_language_is_chosen_on_any_page(admit: Open, open_owner: Open) -> None:
    """Also on the answer to a form, which has no address of its own."""
    page = admit("speaker").page
    page.goto("/assignments/toy")
    page.get_by_role("button", name="한국어").click()
    page.get_by_text("아직 제출한 것이 없습니다.").wait_for()
    page = open_owner().page
    page.goto("/staff/people")
    page.get_by_role("row", name="speaker").get_by_role("button", name="New sign-in link").click()
    page.get_by_role("button", name="한국어").click()
    page.get_by_role("heading", name="사람").wait_for()


def test_name_of_a_file_is_text(admit: Open) -> None:
    """Never markup, and its download keeps it."""
    student = admit("markup")
    student.drop("<img src=x onerror=alert(1)>.py", HALF)
    assert "<img src=x onerror=alert(1)>.py" in student.read()
    with student.page.expect_download() as download:
        student.page.get_by_role("link", name="Download what you handed in").click()
    assert Path(download.value.path()).read_text() == HALF


def test_file_that_cannot_be_read_is_refused_with_a_reason(admit: Open) -> None:
    """On the page that waits for it."""
    student = admit("broken")
    student.drop("toy.zip", "PK no archive")
    assert "Toy: 0 / 100" in student.read() and "hand it in again" in student.read()
    assert student.page.locator("[data-watch]").count() == 0


def test_page_works_without_its_script(admit: Open, half: Path) -> None:
    """The form is sent by the browser, and a link asks again."""
    page = admit("plain", java_script_enabled=False).page
    page.goto("/assignments/toy")
    page.set_input_files("input[type=file]", half)
    page.locator("form[enctype] button").click()
    page.wait_for_url("**/submissions/*")
    while page.locator("article.feedback").count() == 0:
        page.locator("noscript a").click()
    assert "Toy: 60 / 100" in page.locator("main").inner_text()


@pytest.fixture
def whole_course(chromium: Any, tmp_path: Path) -> Iterator[Reader]:
    """A student of this repository's course."""
    service = ServiceProcess(COURSE.root, tmp_path / "data")
    try:
        owner = Reader(chromium, service.address)
        owner.sign_in(service.read_owner_link())
        student = Reader(chromium, service.address, viewport={"width": 360, "height": 740})
        student.sign_in(make_student_link(owner.page, "kim"))
        yield student
        student.close()
        owner.close()
    finally:
        service.kill()


def test_notebook_of_attention_is_handed_in_and_then_solved(whole_course: Reader) -> None:
    """The skeleton earns nothing; the solution earns everything, and the page says what became better."""
    student = whole_course
    student.hand_in(COURSE.root / "assignments/a4_attention/attention.ipynb", "a4_attention")
    assert ": 0 / 100" in student.read()
    assert student.list_faults() == []
    solution = (COURSE.root / "solutions/a4_attention/attention.py").read_text()
    student.drop("attention.py", solution, "a4_attention")
    assert ": 100 / 100" in student.read() and "luong.score: 0 →" in student.read()
    student.page.screenshot(path="build/screenshots/a4.png", full_page=True)
    assert student.list_faults() == []
