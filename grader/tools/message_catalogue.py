"""Find every sentence that a student may read in the grader's sources, and keep the catalogues of translations whole.

Run `python -m grader.tools.message_catalogue` after a sentence has changed: each catalogue gets the new sentences, still
without a translation, and loses those that are gone. An f-string becomes a template: its values are numbered places.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import grader
from grader.reporting.catalogue import LOCALE

PACKAGE = Path(grader.__file__).parent
# Where sentences for students are made. A module that is not listed writes for the staff only.
MODULES = (
    "model/verdict.py",
    "model/submission.py",
    "intake/*.py",
    "sandbox/channel.py",
    "sandbox/reader.py",
    "examiner/*.py",
    "student/*.py",
    "reporting/messages.py",
    "grading/worker.py",
)
NOT_FOR_STUDENTS = {
    "intake/roster.py", "intake/roster_columns.py", "intake/selection.py", "intake/filling.py", "intake/rendering.py",
    "examiner/review_flags.py", "examiner/plugin.py", "examiner/manual_run.py", "examiner/replay.py",
    "examiner/recording.py", "examiner/suite_tools.py",
}  # fmt: skip
# What these receive is for the staff, or is no sentence.
STAFF_CALLS = {
    "GraderFault", "BrokenSuite", "UsageError", "UnknownAssignment", "SubmissionNotFound", "BrokenJail", "ProtocolError",
    "ValueError", "TypeError", "LookupError", "NotImplementedError", "DamagedRecording", "Unrecorded", "compile", "Field",
    "warn", "UsageWarning", "get_context", "AttributeError",
}  # fmt: skip


def extract_messages() -> dict[str, str]:
    """Return each sentence's template with the source that makes it."""
    found: dict[str, str] = {}
    for pattern in MODULES:
        for path in sorted(PACKAGE.glob(pattern)):
            name = path.relative_to(PACKAGE).as_posix()
            if name not in NOT_FOR_STUDENTS:
                for template in read_sentences(path.read_text(encoding="utf-8")):
                    found.setdefault(template, name)
    return found


def read_sentences(source: str) -> Iterator[str]:
    """Yield the template of each string of a module that holds words, but for docstrings and texts for the staff."""
    yield from _walk(ast.parse(source))


def _walk(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call() if _name(node.func) in STAFF_CALLS:
            return
        case ast.Expr(value=ast.Constant()):
            return
        case ast.JoinedStr() | ast.Constant():
            template = make_template(node)
            if " " in template.strip() and any(letter.isalpha() for letter in template):
                yield template
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def make_template(node: ast.expr) -> str:
    """Return a string with its values as numbered places; an empty text for what is no string."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts, number = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(f"{{{number}}}")
            number += 1
    return "".join(parts)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
