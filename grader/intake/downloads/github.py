"""Clones of GitHub Classroom: `attention-jdoe/.git`, one repository a student, the assignment's name in front.

The time is that of the last commit, which is the student's own claim.
"""

import os
import re
import subprocess
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name

# A clone's configuration may name programs: git is kept from every one that reading a commit could start.
_SAFE = {
    "GIT_ALLOC_LIMIT": "64m",  # a commit is unpacked as a whole before any of it is printed
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
_SECONDS = 10
_MOST_GIT_FILES = 100_000
_MAX_COMMIT = 2**16


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether most entries are clones."""
    return are_most(len(_list_clones(items)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each clone, with every user that its name could mean."""
    clones = _list_clones(items)
    prefixes = _list_prefixes(folder, [read_name(path.name) for path in clones])
    return [
        Find(
            path,
            keys=tuple(read_name(path.name).removeprefix(prefix) for prefix in prefixes),
            submitted_at=_read_commit_time(path),
        )
        for path in clones
    ]


def _list_clones(items: Sequence[Path]) -> list[Path]:
    return [path for path in items if (path / ".git").is_dir() and not (path / ".git").is_symlink()]


def _list_prefixes(folder: Path, names: Sequence[str]) -> list[str]:
    """Return what may be the assignment's part of the names, the likeliest first."""
    # `gh classroom clone` puts `attention-jdoe` into `attention-submissions`.
    named = f"{folder.name.removesuffix('-submissions')}-"
    if all(name.startswith(named) for name in names):
        return [named]
    # Two users may begin alike: `lab-kim-a` and `lab-kim-b`.
    common = os.path.commonprefix(list(names))  # noqa: RUF071 - of names, not of paths
    ends = [match.end() for match in re.finditer("-", common)]
    return [common[:end] for end in reversed(ends)] if len(names) > 1 else ["", *(common[:end] for end in ends)]


def _read_commit_time(clone: Path) -> str | None:
    if not _holds_plain_files(clone / ".git"):
        return None
    command = ["git", "--no-pager", "--git-dir", str(clone / ".git"), "cat-file", "commit", "HEAD"]
    environment = {"PATH": os.environ.get("PATH", ""), **_SAFE}
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            # A message may be as long as its author likes; the time stands before it.
            timer = threading.Timer(_SECONDS, process.kill)
            timer.start()
            try:
                data = process.stdout.read(_MAX_COMMIT) if process.stdout else b""
            finally:
                timer.cancel()
                process.kill()
    except OSError:
        return None  # no git on this machine
    return _parse_commit(data)


def _holds_plain_files(folder: Path) -> bool:
    """Return whether git could neither be led elsewhere by a link nor made to wait by a pipe."""
    waiting, seen = [folder], 0
    while waiting:
        with os.scandir(waiting.pop()) as items:
            for item in items:
                seen += 1
                if item.is_dir(follow_symlinks=False):
                    waiting.append(Path(item.path))
                elif not item.is_file(follow_symlinks=False) or seen > _MOST_GIT_FILES:
                    return False
    return True


def _parse_commit(data: bytes) -> str | None:
    head = data.partition(b"\n\n")[0]
    lines = [line for line in head.splitlines() if line.startswith(b"committer ")]
    if not lines:
        return None
    try:
        seconds, zone = map(int, lines[0].split()[-2:])
        offset = timedelta(hours=abs(zone) // 100, minutes=abs(zone) % 100)
        return datetime.fromtimestamp(seconds, UTC).astimezone(timezone(-offset if zone < 0 else offset)).isoformat()
    except (ValueError, OverflowError, OSError):
        return None


LAYOUT = Layout("github", "GitHub", recognise, find)
