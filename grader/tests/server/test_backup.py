"""Backup and restore."""

import tarfile
from pathlib import Path

import pytest

from grader.model.errors import UsageError
from grader.server.backup import back_up, restore
from grader.server.people import Role
from grader.server.settings import DataFolder
from grader.tests.support.service import FakeSite, open_toy_service
from grader.tests.support.toy import write_project


@pytest.mark.slow
def test_restored_service_has_everything(tmp_path: Path) -> None:
    """Taken while the service runs: people, uploads, grades and adjustments; what waits is graded afterwards."""
    course = write_project(tmp_path / "course")
    with open_toy_service(course, tmp_path / "data") as service:
        site = FakeSite(service)
        client = site.call_as("kim")
        done = site.hand_in(client, "# score 70")
        site.await_result(done)
        back_up(service.data, tmp_path / "backup.tar.gz")
        token = client.headers["Authorization"]
    assert restore(tmp_path / "backup.tar.gz", DataFolder(tmp_path / "again")) > 4
    with open_toy_service(course, tmp_path / "again") as service:
        client = FakeSite(service).visit()
        client.headers["Authorization"] = token
        answer = client.get(f"/api/v1/submissions/{done}").json()
        assert (answer["status"], answer["report"]["score"], answer["counts"]) == ("graded", 70, True)
        assert b"# score 70" in client.get(f"/submissions/{done}/files").content
        assert service.people.add("kim", Role.STUDENT).name == "kim"


def test_restore_overwrites_nothing(tmp_path: Path) -> None:
    """The folder must be new."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    with pytest.raises(UsageError, match="not empty"):
        restore(tmp_path / "backup.tar.gz", DataFolder(tmp_path / "data"))


def test_archive_that_is_no_backup_leaves_nothing(tmp_path: Path) -> None:
    """Nor one that reaches outside of its folder."""
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("../outside")
        archive.addfile(entry)
    with pytest.raises(UsageError):
        restore(tmp_path / "evil.tar.gz", DataFolder(tmp_path / "data"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evil.tar.gz"]
