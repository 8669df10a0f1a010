"""Sentences about what was left out of a submission, and about names that nothing defines.

Students read them.
"""

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from grader.intake.names import read_names
from grader.intake.pieces import ParsedPiece
from grader.intake.rendering import list_dropped
from grader.intake.selection import Selection
from grader.intake.statements import Kind, Statement

_PHRASES: dict[type[ast.stmt], str] = {
    ast.For: "a loop{s}",
    ast.AsyncFor: "a loop{s}",
    ast.While: "a loop{s}",
    ast.With: "a `with` block{s}",
    ast.AsyncWith: "a `with` block{s}",
    ast.If: "an `if` block{s}",
    ast.Try: "a `try` block{s}",
    ast.TryStar: "a `try` block{s}",
    ast.Match: "a `match` block{s}",
    ast.Raise: "a `raise`{s}",
    ast.Assert: "an `assert`{s}",
    ast.Delete: "a `del`{s}",
    ast.Import: "an import{s} that no definition needs",
    ast.ImportFrom: "an import{s} that no definition needs",
}


# Within one line, and one line at a time: `\\s*` would go on over blank lines.
_DEFINES = re.compile(r"[ \t]*+(?:(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)|(\w+)[ \t]*+(?::[^=]*+)?=(?!=))")


def list_left_out(item: ParsedPiece) -> Iterator[str]:
    """Return one sentence for each run of like statements that was not kept."""
    if item.code is None:
        yield f"cell {item.piece.cell} {item.note}"
        return
    if item.code.read_tabs_as:
        place = item.describe(1).removesuffix(", line 1").replace("line 1", item.piece.path)
        yield f"{place}: tabs and spaces are mixed; a tab was read as {item.code.read_tabs_as} columns"
    for part in item.code.newer:
        yield f"{item.describe(part.first_line)}: {part.describe()}"
    dropped = [statement for statement in list_dropped(item.statements) if _describe(statement)]
    for phrase, group in groupby(dropped, key=_describe):
        lines = [statement.node.lineno for statement in group]
        place = item.describe(lines[0])
        if len(lines) == 1:
            yield f"{place}: {phrase.format(s='')} was not run"
            continue
        if lines[0] != lines[-1]:
            place = f"{place.replace('line', 'lines')}-{lines[-1]}"
        yield f"{place}: {len(lines)} {phrase.partition(' ')[2].format(s='s')} were not run"


def explain_missing(selection: Selection, pieces: Sequence[ParsedPiece], expected: Collection[str]) -> dict[str, str]:
    """Say of each name that nothing defines who uses it, and which cell or line seems to define it.

    `expected` are the names of the assignment, which tests use.
    """
    places = _list_likely_places(pieces, selection.statements)
    missing: dict[str, str] = {}
    for name in selection.list_missing():
        needed_by = selection.wanted[name]
        place = pieces[needed_by.piece].describe(needed_by.node.lineno)
        user = f"`{label}` ({place})" if (label := getattr(needed_by.node, "name", "")) else place
        sentence = f"`{name}` is used by {user}, and nothing that is kept defines it"
        missing[name] = f"{sentence}; {places[name]}" if name in places else sentence
    for item in pieces:
        for part in item.code.newer if item.code else ():
            reason = f"{item.describe(part.first_line)}: {part.describe()}"
            missing |= {name: f"`{name}` ({reason})" for name in part.names if name in missing or name in expected}
    kept = read_names([statement.node for statement in selection.statements if statement.kept]).binds
    for name in expected:
        if name in places and name not in kept and name not in missing:
            missing[name] = f"`{name}` is missing; {places[name]}"
    return missing


def _list_likely_places(pieces: Sequence[ParsedPiece], statements: Sequence[Statement]) -> dict[str, str]:
    """Map each name to the first statement that would bind it, among those that were not run or do not parse."""
    places: dict[str, str] = {}
    for statement in statements:
        if not statement.kept:
            phrase = _describe(statement).format(s="").partition(" that ")[0] or "a statement"
            place = pieces[statement.piece].describe(statement.node.lineno)
            for name in read_names([statement.node]).binds:
                places.setdefault(name, f"{place} seems to define it, in {phrase} that was not run")
    for item in pieces:
        for number, line in enumerate(item.piece.text.split("\n") if item.code is None else (), start=1):
            if match := _DEFINES.match(line):
                name = match[1] or match[2]
                places.setdefault(name, f"{item.describe(number)} seems to define it, but that cell does not parse")
    return places


def _describe(statement: Statement) -> str:
    # Nothing where nobody would miss the statement: a docstring, `pass`, `global x`, a bare annotation.
    match statement.node:
        case ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            return ""
        case ast.Expr(value=value) | ast.Assign(value=value) if _may_be_magic(statement) and _is_magic(value):
            return "a magic or shell line{s}"
        case ast.Expr(value=ast.Call() | ast.Await()):
            return "a top-level call{s}"
        case ast.Expr():
            return "a top-level expression{s}"
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() if statement.kind is Kind.DRIVER:
            return "an assignment{s} that would wait, end the program or hide a definition"
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            return "an assignment{s} that no definition needs"
        case ast.If() if statement.kind is Kind.DRIVER:
            return "an `if __name__` block{s}"
        case node:
            return _PHRASES.get(type(node), "")


def _may_be_magic(statement: Statement) -> bool:
    # The names of a driver line are not read.
    names = statement.names
    return statement.kind is Kind.DRIVER or "get_ipython" in names.needs or "get_ipython" in names.later


def _is_magic(value: ast.expr) -> bool:
    calls = (item.func for item in ast.walk(value) if isinstance(item, ast.Call))
    names = (call.value if isinstance(call, ast.Attribute) else call for call in calls)
    called = (name.func if isinstance(name, ast.Call) else name for name in names)
    return any(isinstance(name, ast.Name) and name.id == "get_ipython" for name in called)
