"""Blackboard's download: `Homework 4_jdoe_attempt_2025-10-10-10-22-05_attention.py`, flat, all attempts.

Both the assignment's name and the user's may hold underscores. The receipt beside each attempt, a .txt without a file
name, says whose it is; without one, only what every file has in common can be the assignment's name.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.intake.decoding import decode
from grader.intake.downloads.layout import Aside, Find, Layout, are_most
from grader.intake.entries import read_name
from grader.model.errors import SubmissionRefused

# The first `_attempt_` with a time counts: what follows is the student's own.
_NAME = re.compile(r"(?P<label>.+?)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL)
_RECEIPT = re.compile(r"\s*[^:：\n]{1,40}[:：]\s*(?P<name>[^\n]*)\((?P<user>[^()\n]+)\)\s*(?:\n|\Z)")
_MOST_OF_RECEIPT = 4096


@dataclass(frozen=True)
class _User:
    """The person that a receipt names."""

    name: str
    key: str


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return whether most files are named as Blackboard names them."""
    return are_most(sum(1 for path in items if _parse(path)), items)


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each file of each attempt, with every user that its name could mean."""
    matches = [(path, match) for path in items if (match := _parse(path))]
    receipts = {
        (match["label"], match["time"]): user
        for path, match in matches
        if not match["file"] and (user := _read_receipt(path, match["label"]))
    }
    users = _list_users({match["label"] for _, match in matches}, {label: u for (label, _), u in receipts.items()})
    with_files = {(match["label"], match["time"]) for _, match in matches if match["file"]}
    found: list[Find | Aside] = []
    for path, match in matches:
        if not match["file"]:
            lacks = "" if (match["label"], match["time"]) in with_files else "; no file was handed in with it"
            found.append(Aside(path, f"Blackboard's receipt{lacks}"))
            continue
        user = receipts.get((match["label"], match["time"]))
        keys = (user.key,) if user else users[match["label"]]
        name = user.name if user else ""
        time = None
        with suppress(ValueError):
            time = datetime.strptime(match["time"], "%Y-%m-%d-%H-%M-%S").isoformat()
        found.append(Find(path, keys=keys, name=name, file_name=match["file"], submitted_at=time))
    return found


def _list_users(labels: set[str], known: Mapping[str, _User]) -> dict[str, tuple[str, ...]]:
    """Return for each `ASSIGNMENT_USER` what may be the user, the shortest first."""
    assignments = {label: {label[: m.start()] for m in re.finditer("_", label)} for label in labels}
    assignments |= {label: {label[: -len(user.key) - 1]} for label, user in known.items()}
    common = set.intersection(*assignments.values()) if assignments else set()
    users = {}
    for label, choices in assignments.items():
        ends = sorted((common or choices), key=len, reverse=True)
        # Where nothing is common, the whole label keeps two students apart.
        users[label] = (*([] if common else [label]), *(label[len(end) + 1 :] for end in ends))
    return users


def _parse(path: Path) -> re.Match[str] | None:
    match = _NAME.fullmatch(read_name(path.name))
    return match if match and "_" in match["label"] else None


def _read_receipt(path: Path, label: str) -> _User | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        data = file.read(_MOST_OF_RECEIPT)
    try:
        match = _RECEIPT.match(decode(data, path.name))
    except SubmissionRefused:
        return None  # it is no text, so no receipt
    user = match["user"].strip() if match else ""
    if not match or not label.casefold().endswith(f"_{user}".casefold()):
        return None
    return _User(match["name"].strip(), user)


LAYOUT = Layout("blackboard", "Blackboard", recognise, find)
