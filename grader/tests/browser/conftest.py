"""A browser, a service on the toy course, and people who are signed in to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.tests.support.browser import Reader, open_chromium
from grader.tests.support.service_process import ServiceProcess
from grader.tests.support.toy import write_project

Open = Callable[..., Reader]


def make_student_link(page: Any, name: str) -> str:
    """Add a student on the page of people, and return the sign-in link that the page shows."""
    page.goto("/staff/people")
    page.locator("input[name=name]").fill(name)
    page.get_by_label("Role").first.select_option("student")
    page.locator("form.bar button").click()
    page.get_by_role("row", name=name).get_by_role("button", name="New sign-in link").click()
    return str(page.locator("p.notice code").inner_text())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser."""
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def running(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A service on the toy course, with the real engine."""
    folder: Path = tmp_path_factory.mktemp("term")
    service = ServiceProcess(write_project(folder / "course"), folder / "data")
    yield service
    service.kill()


@pytest.fixture(scope="module")
def owner_session(chromium: Any, running: ServiceProcess) -> dict[str, Any]:
    """The cookies of the owner, who signed in by the link that the service printed."""
    owner = Reader(chromium, running.address)
    owner.sign_in(running.read_owner_link())
    kept: dict[str, Any] = owner.context.storage_state()
    owner.close()
    return kept


@pytest.fixture
def open_owner(chromium: Any, running: ServiceProcess, owner_session: dict[str, Any]) -> Iterator[Open]:
    """Open a window of the owner."""
    opened: list[Reader] = []

    def open_window(**settings: Any) -> Reader:
        opened.append(Reader(chromium, running.address, storage_state=owner_session, **settings))
        return opened[-1]

    yield open_window
    for reader in opened:
        reader.close()


@pytest.fixture
def admit(chromium: Any, running: ServiceProcess, open_owner: Open) -> Iterator[Open]:
    """Add a student on the page of people, and sign in by the link that the page shows."""
    opened: list[Reader] = []

    def admit_student(name: str, **settings: Any) -> Reader:
        page = open_owner().page
        link = make_student_link(page, name)
        opened.append(Reader(chromium, running.address, **settings))
        opened[-1].sign_in(link)
        return opened[-1]

    yield admit_student
    for reader in opened:
        reader.close()
