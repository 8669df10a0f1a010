"""What is kept of a piece, line for line; what is left out becomes blank."""

import ast
from collections.abc import Iterator, Sequence

from grader.intake.pieces import ParsedPiece
from grader.intake.statements import Kind, Statement


def render_piece(item: ParsedPiece) -> list[str]:
    """The piece's lines, as many as it had."""
    if item.code is None:
        return [""] * len(item.lines)
    # Syntax trees count columns in bytes of UTF-8.
    lines = [line.encode() for line in item.lines]
    moved = [s for s in item.statements if s.kind is Kind.FUTURE and item.piece.cell is not None]
    blanked = [*list_dropped(item.statements), *moved]
    for statement in sorted(blanked, key=lambda s: (s.node.lineno, s.node.col_offset), reverse=True):
        _blank(lines, statement)
    return [line.decode() for line in lines]


def list_dropped(statements: Sequence[Statement]) -> Iterator[Statement]:
    """The outermost statements that are not kept."""
    for statement in statements:
        if statement.kept:
            yield from list_dropped(statement.inner)
        elif not isinstance(statement.node, (ast.Break, ast.Continue, ast.Pass)):
            yield statement


def _blank(lines: list[bytes], statement: Statement) -> None:
    node = statement.node
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    before, after = lines[first][: node.col_offset], lines[last][node.end_col_offset :]
    rest = after.strip()
    alone = not before.strip() and (rest in (b"", b";") or rest.startswith(b"#"))
    if alone and statement.parent is None:
        lines[first : last + 1] = [b""] * (last - first + 1)
    elif first == last:
        lines[first] = before + b"pass" + after
    else:
        # What follows on the last line belongs to the same logical line, as in `pass \ \ ; kept = 1`.
        joint = b" \\" if rest.startswith(b";") else b""
        lines[first : last + 1] = [before + b"pass" + joint, *[joint] * (last - first - 1), after]
