"""Names that a student may have meant: only the nearest are shown, not all that there are."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from itertools import islice

MOST_NAMES = 3
MOST_CONSIDERED = 500
LEAST_LIKENESS = 0.5


def find_near_names(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are nearly this one, the nearest first. Case and underscores count for little."""
    plain: dict[str, str] = {}
    # A student can write any number of names: the first are enough.
    for other in islice(names, MOST_CONSIDERED):
        plain.setdefault(_simplify(other), other)
    found = get_close_matches(_simplify(name), list(plain), MOST_NAMES, LEAST_LIKENESS)
    return [plain[other] for other in found]


def explain_missing_name(name: str, places: Mapping[str, str], reason: str = "") -> str:
    """Say that a definition is not there, and which of the `places`, name -> place, come near it.

    `reason` is what intake knows of it; a name that is nearly right explains more.
    """
    if near := find_near_names(name, places):
        found = ", ".join(f"{other!r} ({places[other]})" for other in near)
        return f"no {name!r} was handed in; the nearest is {found}: restore the skeleton's name"
    if reason:
        return reason
    return f"no {name!r} was handed in: is its cell in the file, and does it define {name!r} at the top level?"


def _simplify(name: str) -> str:
    return name.replace("_", "").casefold()
