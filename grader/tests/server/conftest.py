"""One service for all tests of a module: its reader is a process, which takes long to start."""

from collections.abc import Iterator

import pytest

from grader.tests.support.service import FakeSite, open_toy_service
from grader.tests.support.toy import write_project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeSite]:
    """A service on the toy course with a fake worker."""
    folder = tmp_path_factory.mktemp("site")
    with open_toy_service(write_project(folder / "course"), folder / "data") as service:
        yield FakeSite(service)
