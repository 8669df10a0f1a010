"""The lines of a piece that are kept; those that are left out become blank."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.intake.pieces import ParsedPiece
from grader.intake.statements import Kind, Statement, is_main_guard


def render_piece(item: ParsedPiece) -> list[str]:
    """Return the piece's lines, as many as it had."""
    if item.code is None:
        return [""] * len(item.lines)
    moved = [s for s in item.statements if s.kind is Kind.FUTURE and item.piece.cell is not None]
    edits = [Edit.of(statement.node, statement) for statement in (*list_dropped(item.statements), *moved)]
    edits += [Edit.of(guard) for guard in _list_guards(item.statements)]
    page = _Page([line.encode() for line in item.lines])
    # From the end, so that what is still to come keeps its place.
    for edit in sorted(edits, key=lambda edit: (edit.first, edit.begin), reverse=True):
        page.apply(edit)
    return page.render()


def list_dropped(statements: Sequence[Statement]) -> Iterator[Statement]:
    """List the outermost statements that are not kept."""
    for statement in statements:
        if statement.kept:
            yield from list_dropped(statement.inner)
        elif not isinstance(statement.node, (ast.Break, ast.Continue, ast.Pass)):
            yield statement


def _list_guards(statements: Sequence[Statement]) -> Iterator[ast.expr]:
    """List the conditions `__name__ == "__main__"` that are kept: in a notebook they hold."""
    for statement in statements:
        if statement.kept and isinstance(statement.node, ast.If) and is_main_guard(statement.node.test):
            yield statement.node.test
        yield from _list_guards(statement.inner)


@dataclass(frozen=True)
class Edit:
    """A part of the text to replace; columns count bytes of UTF-8, as syntax trees do. Without a statement: `True`."""

    first: int
    begin: int
    last: int
    end: int
    statement: Statement | None

    @classmethod
    def of(cls, node: ast.stmt | ast.expr, statement: Statement | None = None) -> "Edit":
        """Make the edit of a node's own text."""
        last, end = node.end_lineno or node.lineno, node.end_col_offset or 0
        return cls(node.lineno - 1, node.col_offset, last - 1, end, statement)


class _Page:
    """Lines under change, from the end to the beginning.

    Of each line: up to which column it is as it was, and the parts that follow there, the last one first.
    """

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.margins = [len(line) - len(line.lstrip()) for line in lines]
        self.cuts = [len(line) for line in lines]
        self.tails: list[list[bytes]] = [[] for _ in lines]

    def apply(self, edit: Edit) -> None:
        """Replace one part: by nothing where it has its lines for itself, else by `pass`."""
        gap = self.lines[edit.last][edit.end : self.cuts[edit.last]]
        rest = gap.strip()
        ends = rest.startswith(b"#") or (rest in (b"", b";") and not self.tails[edit.last])
        if edit.statement and not edit.statement.parent and ends and self.margins[edit.first] >= edit.begin:
            for index in range(edit.first, edit.last + 1):
                self.cuts[index], self.tails[index] = 0, []
            return
        # What follows on the last line belongs to the same logical line, as in `pass \ \ ; kept = 1`.
        joint = b" \\" if rest.startswith(b";") or not edit.statement else b""
        self.tails[edit.last].append(gap)
        for index in range(edit.last, edit.first, -1):
            self.cuts[index] = 0
            self.tails[index] += [joint] if index < edit.last else []
        self.cuts[edit.first] = edit.begin
        text = b"pass" if edit.statement else b"True"
        self.tails[edit.first].append(text + (joint if edit.last > edit.first else b""))

    def render(self) -> list[str]:
        """Return the lines as they are now."""
        parts = zip(self.lines, self.cuts, self.tails, strict=True)
        return [(line[:cut] + b"".join(reversed(tail))).decode() for line, cut, tail in parts]
