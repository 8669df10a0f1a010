"""The headings of rosters: our own, and those of the systems' lists, in several languages."""

import re
import unicodedata
from collections.abc import Mapping, Sequence

_COLUMNS: dict[str, tuple[str, ...]] = {
    "id": (
        "id", "student id", "student_id", "studentid", "id number", "idnumber", "student number", "student no",
        "sid", "sis user id", "orgdefinedid", "학번", "학생번호", "학생 번호", "matrikelnummer",
    ),
    "name": ("name", "full name", "fullname", "student name", "student", "display name", "이름", "성명", "학생 이름"),
    "first": ("first name", "first_name", "firstname", "given name", "given names", "vorname", "prénom", "nombre"),
    "last": (
        "last name", "last_name", "lastname", "surname", "family name", "family_name", "성", "nachname", "nom",
        "apellidos",
    ),
    "email": ("email", "email address", "e-mail", "e-mail address", "email_address", "mail", "이메일", "이메일 주소"),
    "login": ("login", "username", "user name", "login id", "sis login id", "아이디"),
    "canvas": ("canvas", "canvas_id", "canvas id"),
    "moodle": ("moodle", "moodle_id", "identifier"),
    "blackboard": ("blackboard", "blackboard_id"),
    "brightspace": ("brightspace", "brightspace_id"),
    "gradescope": ("gradescope", "gradescope_id"),
    "github": ("github", "github_username"),
    "lti": ("lti", "lti_sub", "sub"),
    "section": ("section", "sections", "분반"),
    "group": ("group", "team", "조", "모둠"),
    "language": ("language", "lang", "preferred language", "preferred_language", "언어"),
    "extension": ("extension_days", "extension", "연장"),
}  # fmt: skip
# Columns of the systems' own lists that say nothing of who a student is.
_KNOWN_UNUSED = frozenset(
    {
        "status", "grade", "maximum grade", "grade can be changed", "last modified (submission)",
        "last modified (grade)", "feedback comments", "online text", "last access", "availability", "child course id",
        "last downloaded from this course", "end-of-line indicator", "integration id", "root account", "role", "roles",
        "institution", "department", "assignments current score", "github_id", "no.", "번호", "",
    }
)  # fmt: skip
# A gradebook's columns of scores, as Blackboard, Brightspace, Moodle and Gradescope name them.
_IS_GRADE = re.compile(
    r"\[total pts|(?:points|text) grade|\((?:real|percentage|letter)\)\Z| - (?:max points|submission time|lateness)"
)
_LATER_IN_CANVAS = "section"


def map_columns(header: Sequence[str]) -> dict[str, int]:
    """Return where each of our own columns is, under any of its titles."""
    titles = [_fold_title(title) for title in header]
    columns = {
        column: next(titles.index(alias) for alias in aliases if alias in titles)
        for column, aliases in _COLUMNS.items()
        if any(alias in titles for alias in aliases)
    }
    if _is_canvas_gradebook(titles):  # its ID is Canvas's own
        columns["canvas"] = titles.index("id")
        columns.pop("id")
        if "sis user id" in titles:
            columns["id"] = titles.index("sis user id")
    if "github_username" in titles and "identifier" in titles:  # GitHub Classroom's list, whose identifiers are ours
        columns["id"] = columns.pop("moodle")
    return columns


def _fold_title(title: str) -> str:
    return " ".join(unicodedata.normalize("NFC", title).split()).lstrip("#").casefold()


def _is_canvas_gradebook(titles: Sequence[str]) -> bool:
    has_sis = bool({"sis user id", "sis login id"} & set(titles))
    return "id" in titles and (has_sis or list(titles[:2]) == ["student", "id"])


def list_warnings(
    name: str, header: Sequence[str], columns: Mapping[str, int], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Return one warning that names the headings which are not understood, where there are any with values."""
    titles = [_fold_title(title) for title in header]
    end = len(titles)
    if _is_canvas_gradebook(titles) and _LATER_IN_CANVAS in titles:
        end = titles.index(_LATER_IN_CANVAS)  # what follows are assignments
    used = set(columns.values())
    unknown = [
        title.strip()
        for index, title in enumerate(header[:end])
        if index not in used
        and titles[index] not in _KNOWN_UNUSED
        and not _IS_GRADE.search(titles[index])
        and any(index < len(row) and row[index].strip() for row in rows)
    ]
    if not unknown:
        return []
    columns_said = ", ".join(repr(title) for title in unknown)
    return [
        f"{name}: not used: {columns_said}; the columns that count are {', '.join(_COLUMNS)}, and those of the "
        "systems' own lists"
    ]
