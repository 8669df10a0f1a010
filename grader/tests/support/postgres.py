"""A PostgreSQL server of Debian's package, reached through a socket of its own."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@contextmanager
def open_postgres() -> Iterator[str]:
    """Give the address of a server that ends with the block."""
    # Not pytest's own folder: the server refuses root, and another user could not enter that one.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield from serve_postgres(Path(folder))


def serve_postgres(folder: Path) -> Iterator[str]:
    """The address of a server that keeps its data here, and ends with the generator."""
    as_user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] if os.geteuid() == 0 else []
    tools = POSTGRES[-1]
    if as_user:
        os.chown(folder, 65534, 65534)
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    subprocess.run([*as_user, tools / "initdb", "-D", folder / "data", "-U", "kim", "-N", "--auth=trust"], **quiet)
    start = ["-o", f"-k {folder} -h '' -F", "-l", folder / "log", "-w"]
    subprocess.run([*as_user, tools / "pg_ctl", "start", "-D", folder / "data", *start], **quiet)
    yield f"postgresql://kim@/postgres?host={folder}"
    subprocess.run([*as_user, tools / "pg_ctl", "stop", "-D", folder / "data", "-m", "fast", "-w"], **quiet)
