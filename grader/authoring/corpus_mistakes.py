"""Mistakes in a corpus: what is missing, misspelt, or does not parse."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.model.assignment import Assignment
from grader.model.description_mistakes import suggest

Found = tuple[Path, int, str]
KEYS = ("loses", "keeps", "mistake", "note", "replace", "standalone", "confined")
# The table of mutants that may survive: `mutants` reads it.
OTHER_TABLES = frozenset({"survivors"})
KINDS = ("right_", "wrong_", "cheat_")


def find_corpus_mistakes(assignment: Assignment) -> Iterator[Found]:
    """Give the file, the line and the sentence of each mistake in a corpus."""
    path = assignment.hidden_tests / "corpus" / "expected.toml"
    if not path.is_file():
        yield path, 1, "there is no corpus: write right and wrong answers, and here what each must lose"
        return
    text = path.read_text(encoding="utf-8")
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        yield path, _read_line(str(error)), f"this is no TOML: {error}"
        return
    ids = [todo.id for todo in assignment.todos]
    files = {file.stem: file for file in sorted(path.parent.glob("*.py"))}
    for name, table in tables.items():
        if name in OTHER_TABLES:
            continue
        line = _find_line(text, f"[{name}]")
        if not isinstance(table, dict):
            yield (
                path,
                _find_line(text, name),
                f"{name!r} stands in no table: write [right_...] or [wrong_...] above it",
            )
            continue
        yield from ((path, line, f"{name}: {words}") for words in _check_entry(name, table, ids))
        if "replace" not in table and name not in files:
            yield path, line, f"{name}: there is no {name}.py beside this file{suggest(name, files)}"
    for name, file in files.items():
        if name not in tables:
            yield (
                file,
                1,
                f"expected.toml says nothing of this: add [{name}], with what it must lose{suggest(name, tables)}",
            )
        try:
            ast.parse(file.read_text(encoding="utf-8"))
        except SyntaxError as error:
            if not tables.get(name, {}).get("loses"):
                yield file, error.lineno or 1, f"a right answer that does not parse: {error.msg}"


def _check_entry(name: str, table: dict[str, Any], ids: list[str]) -> Iterator[str]:
    if not name.startswith(KINDS):
        yield f"a variant's name begins with {', '.join(KINDS)}{suggest(name.split('_')[0] + '_', KINDS)}"
    for key in table.keys() - set(KEYS):
        yield f"unknown key {key!r}{suggest(key, KEYS)}"
    for todo in table.get("loses", ()):
        if todo not in ids:
            yield f"assignment.toml has no TODO {todo!r}{suggest(str(todo), ids)}"
    if name.startswith("right_") and table.get("loses"):
        yield "a right answer loses nothing: remove `loses`, or call it wrong_"
    if name.startswith("wrong_") and not table.get("loses"):
        yield "a wrong answer loses at least one TODO: add `loses`"


def _read_line(message: str) -> int:
    _, _, place = message.partition("(at line ")
    return int(place.split(",")[0]) if place else 1


def _find_line(text: str, start: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(start)), 1)
