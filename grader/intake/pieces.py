"""Text that came from one place, parsed: a whole module, or one cell of a notebook."""

from dataclasses import dataclass, field

from grader.intake.budget import Budget
from grader.intake.python import Code, parse_code
from grader.intake.statements import Statement, list_statements
from grader.model.errors import SubmissionRefused
from grader.model.submission import Origin


@dataclass(frozen=True)
class Piece:
    """A run of lines; `cell` counts code cells from 1, and is None for a module."""

    text: str
    path: str
    cell: int | None = None


@dataclass
class ParsedPiece:
    """A piece and its place in the submission's module; without `code` it does not parse, and `note` says why."""

    piece: Piece
    lines: list[str]
    code: Code | None = None
    statements: list[Statement] = field(default_factory=list)
    note: str = ""
    offset: int = 0

    def describe(self, line: int) -> str:
        """Return a line of it in words; a module's own name goes without saying."""
        if self.piece.cell is None:
            return f"line {line}"
        return Origin(self.piece.path, self.piece.cell, line).describe()


def parse_piece(piece: Piece, index: int, budget: Budget | None = None) -> ParsedPiece:
    """Parse a module or a cell. Raises SubmissionRefused for a module that does not parse: it cannot ever have run."""
    try:
        code = parse_code(piece.text, budget)
        statements = list_statements(code.tree, index, in_notebook=piece.cell is not None)
    except SyntaxError as error:
        where = f" (line {error.lineno})" if error.lineno else ""
        note = f"does not parse: {error.msg}{where}"
        if piece.cell is None:
            raise SubmissionRefused(
                f"{piece.path} {note}; correct that, run the file once by yourself, and hand it in again"
            ) from error
        return ParsedPiece(piece, piece.text.split("\n"), note=note)
    return ParsedPiece(piece, code.text.split("\n"), code, statements)
