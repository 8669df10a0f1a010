"""One folder or one file for each student, named after the student: what is left where no system's layout fits."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from grader.intake.downloads.layout import Aside, Find, Layout
from grader.intake.entries import read_name

# The endings of files that hold code, or hold files that do.
SOURCES = re.compile(
    r"(?:\.(?:py|ipynb)(?:\.txt|\.json)?|\.zip|\.7z|\.rar|\.tar|\.tgz|\.txz|\.tbz2?|(?:\.tar)?\.(?:gz|xz|bz2))\Z",
    re.IGNORECASE,
)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")


def recognise(folder: Path, items: Sequence[Path]) -> bool:
    """Return True: any folder can be read so."""
    return True


def find(folder: Path, items: Sequence[Path]) -> list[Find | Aside]:
    """Return each folder and file; a file whose ending promises no code is doubtful."""
    labels = Counter(_make_label(path) for path in items)
    found: list[Find | Aside] = []
    for path in items:
        label, name = _make_label(path), read_name(path.name)
        # `kim.py` and `kim.ipynb` are two entries: without a roster neither may take the other's place.
        keys = (label,) if labels[label] == 1 else (name, label)
        doubtful = not path.is_dir() and not SOURCES.search(name)
        found.append(Find(path, keys=keys, name=label, doubtful=doubtful))
    return found


def _make_label(path: Path) -> str:
    name = read_name(path.name)
    if path.is_dir():
        return name
    bare = SOURCES.sub("", name)
    return (bare if bare != name else _ENDING.sub("", name)) or name


LAYOUT = Layout("", "", recognise, find, by_parts=True)
