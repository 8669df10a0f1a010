"""Find every sentence that a student may read in the grader's sources, and keep the catalogues of translations whole.

Run `python -m grader.tools.message_catalogue` after a sentence has changed: each catalogue gets the new sentences,
still without a translation, and loses those that are gone. An f-string becomes a template with numbered places.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

import grader
from grader.model.verdict import MEANINGS
from grader.reporting.catalogue import LABEL, LOCALE, PLACES
from grader.reporting.messages import ADJUSTMENTS, LABELS
from grader.server import labels as server_labels

PACKAGE = Path(grader.__file__).parent
# Where sentences for students are made. A module that is not listed writes for the staff only.
MODULES = (
    "model/assignment.py",
    "model/verdict.py",
    "model/submission.py",
    "intake/*.py",
    "sandbox/channel.py",
    "sandbox/reader.py",
    "examiner/*.py",
    "student/*.py",
    "grading/job.py",
    "grading/worker.py",
)
NOT_FOR_STUDENTS = {
    "intake/roster.py", "intake/roster_columns.py", "intake/selection.py", "intake/filling.py", "intake/rendering.py",
    "intake/unpacker.py",
    "examiner/review_flags.py", "examiner/plugin.py", "examiner/manual_run.py",
    "examiner/failure_display.py", "examiner/replay.py",
    "examiner/recording.py", "examiner/suite_tools.py",
}  # fmt: skip
# What these receive is for the staff, or is no sentence.
STAFF_CALLS = {
    "AttributeError", "BrokenJail", "BrokenSuite", "DamagedRecording", "Field", "GraderFault", "LookupError",
    "NotImplementedError", "ProtocolError", "RuntimeError", "SubmissionNotFound", "TypeError", "UnknownAssignment",
    "Unrecorded", "UsageError", "ValueError", "compile", "get_context", "note", "review", "warn",
}  # fmt: skip
# Strings with words that no student reads.
NO_SENTENCES = frozenset(
    {
        "from __future__ import {0}",
        "^[ \\t]+",
        'File "<{}>", line (\\d+) in (\\S+)',
        "fchmod fchmodat chmod utimensat flock",
        "### BEGIN SOLUTION",
        "### END SOLUTION",
        "<{0} in the jail>",
        ": pass `student.define(...)` of it",
        "the {0}",
        "there is no test in it",
        "^(\\S+\\.py:\\d+): in ",
        # Types.
        "numpy.ndarray[Any, Any]",
        "Callable[[torch.Tensor, dict[str, Any]], torch.Tensor]",
        "{0}, round {1}",
        "multipart/form-data; boundary={0}",
        "Bearer {0}",
        # Parts of places in a file, which `PLACES` has as they are shown.
        "{0}, line {1}",
        " (line {0})",
        "cell {0} {1}",
        ", line 1",
        "line 1",
    }
)
# Made in steps, so that no string of the sources holds them as they are shown.
COMPOSED = (*PLACES, "the keys differ", "the members differ", "a {0}", "infinite", "nothing", "none")
_WORD = re.compile(r"[^\W\d_]{2,}")
_PLACE = re.compile(r"\{(\d+)\}")


def extract_messages() -> dict[str, str]:
    """Return each sentence's template with the source that makes it."""
    found = dict.fromkeys(COMPOSED, "examiner/parity.py")
    found |= dict.fromkeys((meaning.en for meaning in MEANINGS.values()), "model/verdict.py")
    for pattern in MODULES:
        for path in sorted(PACKAGE.glob(pattern)):
            name = path.relative_to(PACKAGE).as_posix()
            if name not in NOT_FOR_STUDENTS:
                for template in read_sentences(path.read_text(encoding="utf-8")):
                    found.setdefault(template, name)
    return found


def extract_labels() -> dict[str, str]:
    """Return each label with the source that has it."""
    found = dict.fromkeys(server_labels.LABELS.values(), "server/labels.py")
    return found | dict.fromkeys((*LABELS.values(), *ADJUSTMENTS.values()), "reporting/messages.py")


def read_sentences(source: str) -> Iterator[str]:
    """Yield the template of each string of a module that holds words, but for docstrings and texts for the staff."""
    yield from _walk(ast.parse(source))


def _walk(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call() if _name(node.func) in STAFF_CALLS:
            return
        case ast.Expr(value=ast.Constant()):
            return
        case ast.JoinedStr():
            yield from _spell_out(make_template(node))
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    yield from _walk(value.value)
            return
        case ast.Constant():
            yield from _spell_out(make_template(node))
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _spell_out(template: str) -> Iterator[str]:
    """Yield the sentences that a string stands for: with `{s}` the singular and the plural."""
    if (
        " " not in template.strip()
        or "\n" in template
        or template.endswith(" | None")  # a type
        or not _WORD.search(_PLACE.sub("", template))
        or template in NO_SENTENCES
    ):
        return
    if "{s}" in template:
        yield template.replace("{s}", "")
        yield template.partition(" ")[2].replace("{s}", "s")
    elif template.startswith((" ", ";")):
        # Something that is added to another sentence: that one comes first.
        yield "{0}" + _PLACE.sub(lambda place: f"{{{int(place[1]) + 1}}}", template)
    else:
        yield template


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


def extract_course_messages(folder: Path) -> dict[str, str]:
    """Return what a folder of tests says to students: the tests' own sentences, and those of their failures."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        sentences = [*_read_test_names(ast.parse(source)), *read_sentences(source)]
        for sentence in sentences:
            found.setdefault(sentence, path.name)
    return found


def _read_test_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield (ast.get_docstring(node) or "").strip().split("\n")[0]


def update_catalogue(path: Path, messages: Mapping[str, str], labels: Mapping[str, str]) -> list[str]:
    """Write a catalogue with exactly these texts, and the translations that it has. Return those without one."""
    with path.open("rb") as file:
        former = read_po(file)
    known = {(str(message.id), message.context): str(message.string) for message in former if message.id}
    texts: dict[tuple[str, str | None], str] = {(text, None): place for text, place in messages.items()}
    texts |= {(text, LABEL): place for text, place in labels.items()}
    catalogue = Catalog(former.locale, project="grader", creation_date=former.creation_date, charset="utf-8")
    catalogue.revision_date = former.revision_date
    catalogue.fuzzy = False
    for (text, context), place in texts.items():
        catalogue.add(text, known.get((text, context), ""), locations=[(place, 1)], context=context)
    with path.open("wb") as file:
        write_po(file, catalogue, width=120, sort_by_file=True, include_lineno=False)
    return [text for text, context in texts if not known.get((text, context))]


def main() -> None:
    """Update the grader's catalogues, and those of the courses' tests that are given as folders."""
    for folder in [None, *map(Path, sys.argv[1:])]:
        messages = extract_course_messages(folder) if folder else extract_messages()
        labels = {} if folder else extract_labels()
        for path in sorted((folder / "locale" if folder else LOCALE).glob("*.po")):
            for sentence in update_catalogue(path, messages, labels):
                print(f"{path}: without a translation: {sentence!r}")


if __name__ == "__main__":
    main()
