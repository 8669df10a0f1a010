"""Looks of the pages: on a phone, on a wide screen, dark, in Korean, with long names."""

from pathlib import Path

import pytest

from grader.tests.browser.conftest import Open
from grader.tests.browser.test_term import HALF
from grader.tests.support.browser import Reader

pytestmark = pytest.mark.browser

PICTURES = Path("build/screenshots")
LOOKS = {
    "phone": {"viewport": {"width": 360, "height": 740}},
    "wide": {"viewport": {"width": 1200, "height": 800}},
    "dark": {"viewport": {"width": 1200, "height": 800}, "color_scheme": "dark"},
    "korean": {"viewport": {"width": 360, "height": 740}, "locale": "ko-KR"},
}
STAFF_PAGES = {
    "home": "/",
    "class": "/staff/assignments/toy",
    "statistics": "/staff/assignments/toy/statistics",
    "similar": "/staff/assignments/toy/similar",
    "regrades": "/staff/assignments/toy/regrades",
    "push": "/staff/assignments/toy/push",
    "people": "/staff/people",
    "requests": "/staff/requests",
    "audit": "/staff/audit",
    "webhooks": "/staff/webhooks",
}


@pytest.fixture(scope="module")
def busy_class() -> set[str]:
    """The names of those who have handed in for the pages to show."""
    return set()


def fill_class(admit: Open, folder: Path, busy_class: set[str]) -> Reader:
    """Have one student hand in twice and ask for a regrade."""
    path = folder / ("a_long_name_without_any_space_" * 3 + ".py")
    path.write_text(HALF + "\n# " + "x" * 200 + "\n")
    name = "한국어 이름이-긴-학생" if not busy_class else f"student-with-a-long-name-{len(busy_class)}@example.edu"
    busy_class.add(name)
    student = admit(name)
    student.hand_in(path)
    student.drop("second.py", HALF.replace("2 * number", "number + number"))
    student.page.locator("details:has(textarea) summary").click()
    student.page.locator("textarea").fill("Why do I lose points for `shout`? " * 8)
    student.page.locator("details button").click()
    student.page.wait_for_load_state()
    return student


@pytest.mark.parametrize("look", LOOKS)
def test_pages_fit_the_window_and_can_be_read(
    look: str, admit: Open, open_owner: Open, tmp_path: Path, busy_class: set[str]
) -> None:
    """No page is wider than the window; no text has less than the contrast of WCAG's level AA; axe finds nothing."""
    student = fill_class(admit, tmp_path, busy_class)
    (PICTURES / look).mkdir(parents=True, exist_ok=True)
    kept = student.context.storage_state()
    session = {"storage_state": kept, **LOOKS[look]}
    reader, owner = Reader(student.context.browser, student.address, **session), open_owner(**LOOKS[look])
    owner.page.goto("/staff/assignments/toy")
    personal = {"student": owner.page.locator("tbody a").first.get_attribute("href")}
    visits = [(owner, f"staff-{name}", path) for name, path in (STAFF_PAGES | personal).items()]
    visits += [(reader, "student-home", "/"), (reader, "assignment", "/assignments/toy")]
    visits += [(reader, "submission", student.page.url)]
    faults = []
    try:
        for who, name, path in visits:
            who.page.goto(path)
            who.page.screenshot(path=PICTURES / look / f"{name}.png", full_page=True)
            faults += who.list_faults()
    finally:
        reader.close()
    assert faults == []
