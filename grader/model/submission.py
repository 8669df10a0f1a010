"""A submission in normal form: one module of definitions, with the origin of each line.

Made by `intake.read_submission`, used by everything that judges or reports.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class SourceFile:
    """One file that was read, under the name it was handed in with."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Origin:
    """The origin of a line of source. Code cells are counted from the top, from 1."""

    path: str
    cell: int | None
    line: int

    @property
    def place(self) -> str:
        """Return the file, or the cell of a notebook."""
        return self.path if self.cell is None else f"cell {self.cell}"

    def describe(self) -> str:
        """`attention.py, line 12`, or `cell 3, line 4`."""
        return f"{self.place}, line {self.line}"


@dataclass(frozen=True)
class Submission:
    """One module of definitions and its provenance; where `refused` is not empty, the reason why there is none."""

    id: str
    student: str
    source: str = ""
    origins: tuple[tuple[int, Origin], ...] = ()
    files: tuple[SourceFile, ...] = ()
    left_out: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    definitions: Mapping[str, int] = field(default_factory=dict)

    def locate(self, line: int) -> Origin:
        """Return the place in the student's own file that `line` of `source` (from 1) came from."""
        if not self.origins:
            raise LookupError(f"no line {line} in a submission without source: {self.refused}")
        index = bisect_right(self.origins, line, key=lambda entry: entry[0]) - 1
        first_line, origin = self.origins[max(index, 0)]
        return replace(origin, line=max(origin.line + line - first_line, 1))
