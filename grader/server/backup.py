"""Back up a service's folder while it runs, and restore it.

The order makes the copy consistent. The database of the queue comes first: each later part then holds at least what it
names. What was graded in between is graded again after a restore, from the gradebook.
"""

import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from grader.classroom.gradebook_schema import BUSY_SECONDS
from grader.model.errors import UsageError
from grader.reporting.files import UNFINISHED
from grader.server.settings import DataFolder

PRIVATE = 0o600


def back_up(data: DataFolder, file: Path) -> int:
    """Write everything of a service into one .tar.gz and return the number of files. Raises UsageError."""
    data.read_site()
    unfinished = file.with_name(f".{file.name}{UNFINISHED}")
    try:
        with unfinished.open("xb") as stream:
            unfinished.chmod(PRIVATE)
            with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as archive:
                count = _add_all(data, archive)
        unfinished.replace(file)
    except FileExistsError as error:
        raise UsageError(f"{str(unfinished)!r} is there from a backup that did not end: remove it") from error
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return count


def restore(file: Path, data: DataFolder) -> int:
    """Unpack a backup into a folder that is not there yet and return the number of files. Raises UsageError."""
    if data.root.exists() and (not data.root.is_dir() or any(data.root.iterdir())):
        raise UsageError(f"{str(data.root)!r} is not empty: restore into a new folder, then start the service with it")
    data.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data.root.parent, prefix=f".{data.root.name}.") as folder:
        try:
            with tarfile.open(file, "r:gz") as archive:
                members = archive.getmembers()
                archive.extractall(folder, members, filter="data")
        except (OSError, tarfile.TarError, EOFError) as error:
            raise UsageError(f"{str(file)!r} is no backup that can be read: {error}") from error
        unpacked = DataFolder(Path(folder))
        unpacked.read_site()
        unpacked.create()
        if data.root.exists():
            data.root.rmdir()
        unpacked.root.rename(data.root)
        Path(folder).mkdir()  # for the end of the block, which removes it
    return len(members)


def _add_all(data: DataFolder, archive: tarfile.TarFile) -> int:
    names = [data.site, data.oidc]
    if data.database.exists():
        _add_database(archive, data.database, data.root)
    for run in sorted(path for path in data.runs.iterdir() if path.is_dir()):
        gradebook = data.open_run(run.name).gradebook
        if gradebook.exists():
            _add_database(archive, gradebook, data.root)
        names += [path for path in sorted(run.rglob("*")) if not path.name.startswith((gradebook.name, "."))]
    names += [*sorted(data.uploads.rglob("*")), *sorted(data.keys.glob("*.pem"))]
    count = 0
    for path in names:
        if path.is_file():
            archive.add(path, path.relative_to(data.root).as_posix(), recursive=False)
            count += 1
    return count


def _add_database(archive: tarfile.TarFile, path: Path, root: Path) -> None:
    """Add a copy of a database as it is at one moment, while others write to it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy.db")
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            # A database in WAL mode is more than one file.
            target.execute("PRAGMA journal_mode=DELETE").close()
        copy.chmod(PRIVATE)
        archive.add(copy, path.relative_to(root).as_posix())
