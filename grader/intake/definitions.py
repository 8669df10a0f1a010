"""Pieces of a student's Python -> one module of definitions that knows what it leaves out.

What is left out becomes blank lines, so that a line of a module keeps its number, and a line of a notebook can be
traced to its cell.
"""

import __future__

import ast
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.intake.budget import Budget
from grader.intake.omissions import explain_missing, list_left_out
from grader.intake.pieces import ParsedPiece, Piece, parse_piece
from grader.intake.rendering import render_piece
from grader.intake.selection import select_statements
from grader.intake.statements import Kind, Statement
from grader.model.errors import SubmissionRefused
from grader.model.marks import SENTINEL
from grader.model.submission import Origin

_OPEN_STUB = re.compile(rf"^(?![ \t]*def\b)[^#\n]*\b{SENTINEL}\b", re.MULTILINE)


@dataclass(frozen=True)
class Extract:
    """A module of definitions with its provenance. `imports` maps a package to the line that imports it."""

    source: str
    origins: tuple[tuple[int, Origin], ...]
    left_out: tuple[str, ...]
    missing: dict[str, str]
    definitions: dict[str, int]
    imports: dict[str, int]

    @property
    def open_stubs(self) -> int:
        """Return how many lines still hold the skeleton's sentinel."""
        return len(_OPEN_STUB.findall(self.source))


def extract_definitions(
    pieces: Sequence[Piece], expected: Collection[str] = (), budget: Budget | None = None
) -> Extract:
    """Join the definitions of all pieces into one module; `expected` names what others will ask for.

    Raises SubmissionRefused for a module that does not parse; a cell that does not is skipped and named.
    """
    budget = budget or Budget()
    try:
        parsed = [parse_piece(piece, index, budget) for index, piece in enumerate(pieces)]
        header = _join_future_imports(parsed)
        offset = len(header)
        for item in parsed:
            item.offset = offset
            offset += len(item.lines)
        selection = select_statements([statement for item in parsed for statement in item.statements], expected)
        return Extract(
            source="\n".join([*header, *(line for item in parsed for line in render_piece(item))]),
            origins=tuple((item.offset + 1, Origin(item.piece.path, item.piece.cell, 1)) for item in parsed),
            left_out=tuple(sentence for item in parsed for sentence in list_left_out(item)),
            missing=explain_missing(selection, parsed, expected),
            # Where a name is defined more than once, the last definition wins.
            definitions={
                name: parsed[statement.piece].offset + statement.node.lineno
                for statement in selection.statements
                if statement.kept and statement.kind in (Kind.DEFINITION, Kind.BINDING) and not statement.is_import
                for name in sorted(statement.names.binds)
            },
            imports=_map_imports(selection.statements, parsed),
        )
    except RecursionError as error:
        raise SubmissionRefused(
            f"{pieces[0].path} is nested too deeply to be read: simplify it and hand it in again"
        ) from error


def _join_future_imports(parsed: Sequence[ParsedPiece]) -> list[str]:
    # Each cell of a notebook may have its own; in a module they must stand at the top.
    names = {
        alias.name
        for item in parsed
        for statement in item.statements
        if item.piece.cell is not None and isinstance(statement.node, ast.ImportFrom) and statement.kind is Kind.FUTURE
        for alias in statement.node.names
    }
    known = sorted(names.intersection(__future__.all_feature_names))
    return [f"from __future__ import {', '.join(known)}"] if known else []


def _map_imports(statements: Sequence[Statement], parsed: Sequence[ParsedPiece]) -> dict[str, int]:
    found: dict[str, int] = {}
    for statement in statements:
        match statement.node:
            case ast.Import(names=names) if statement.kept:
                packages = [alias.name for alias in names]
            case ast.ImportFrom(module=module, names=names) if statement.kept:
                packages = [module] if module else [alias.name for alias in names]
            case _:
                continue
        line = parsed[statement.piece].offset + statement.node.lineno
        found |= {package.partition(".")[0]: line for package in packages}
    return found
