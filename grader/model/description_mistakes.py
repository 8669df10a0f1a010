"""Say in a sentence, with file and line, what is wrong in an assignment.toml."""

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")
_HEADER = re.compile(r"^\s*\[\[?\s*([\w.-]+)\s*\]\]?")


def explain_syntax(error: tomllib.TOMLDecodeError, text: str, path: Path) -> str:
    """Return the sentence for a file that is no TOML."""
    found = _PLACE.search(str(error))
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    return f"{name_place(path, line)}: this is no TOML: {_PLACE.sub('', str(error))}"


def explain_fields(error: ValidationError, text: str, path: Path, model: type[BaseModel]) -> str:
    """Return one line for each wrong key or value."""
    return "\n".join(_explain_fields(error, text, path, model))


def _explain_fields(error: ValidationError, text: str, path: Path, model: type[BaseModel]) -> Iterator[str]:
    for found in error.errors(include_url=False, include_input=False):
        place = found["loc"]
        where = f"{name_place(path, find_line(text, place))}: "
        key = str(place[-1]) if place else "the file"
        table = _name_table(place[:-1])
        if found["type"] == "extra_forbidden":
            yield f"{where}unknown key {key!r} in {table}{suggest(key, list_keys(model, place[:-1]))}"
        elif found["type"] == "missing":
            yield f"{where}the key {key!r} is missing in {table}"
        else:
            keys = [str(part) for part in place if isinstance(part, str)]
            yield f"{where}{'.'.join(keys) or 'the file'}: {found['msg'].removeprefix('Value error, ')}"


def list_keys(model: type[BaseModel], place: Sequence[Any]) -> list[str]:
    """Return the keys that a table may have."""
    kind: Any = model
    for part in place:
        if isinstance(part, str) and part in kind.model_fields:
            kind = _find_model(kind.model_fields[part].annotation)
        if kind is None:
            return []
    return list(kind.model_fields)


def _find_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    parts = getattr(annotation, "__args__", ())
    return next((found for part in parts if (found := _find_model(part)) is not None), None)


def find_line(text: str, place: Sequence[Any]) -> int:
    """Return the line of a key, or of the table that lacks it: `("todo", 1, "points")` is in the second [[todo]]."""
    names = [part for part in place if isinstance(part, str)]
    number = next((part for part in place if isinstance(part, int)), 0)
    table, count, header = "", -1, 1
    for line, content in enumerate(text.splitlines(), start=1):
        found = _HEADER.match(content)
        if found:
            table = found[1]
            count += names[:1] == [table]
            if names[:1] == [table] and count == number:
                header = line
        key = content.split("=")[0].strip().strip('"') if "=" in content else ""
        inside = (names[:1] == [table] and count == number) if table else len(names) == 1
        if names and key == names[1 if table and len(names) > 1 else 0] and inside:
            return line
    return header


def _name_table(place: Sequence[Any]) -> str:
    if not place:
        return "the file"
    number = next((part for part in place if isinstance(part, int)), None)
    return f"[{place[0]}]" if number is None else f"[[{place[0]}]] number {number + 1}"


def suggest(name: str, known: Collection[str]) -> str:
    """Return the end of a sentence that names what was probably meant; empty where nothing is near."""
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f": did you mean {near[0]!r}?" if near else ""


def name_place(path: Path, line: int) -> str:
    """Return a file within its course, and the line."""
    return f"{'/'.join(path.parts[-3:])}:{line}"
