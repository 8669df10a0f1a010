"""The limit to what is read of one submission: one budget for all its files and cells together."""

import re
from dataclasses import dataclass

from grader.model.errors import SubmissionRefused

MAX_BYTES = 512 * 2**20
# Python's parser takes nearly a kilobyte of memory and some microseconds for each token.
MAX_TOKENS = 250_000
# Blank lines are no tokens, but each costs some microseconds to keep its number.
MAX_LINES = 200_000
# So much is not counted: counting costs time as well, and most submissions are smaller.
FREE_CHARACTERS = 50_000
# Until Python 3.12 the parser searches a whole f-string for each of its fields.
MAX_FIELD_WORK = 4_000_000

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass
class Budget:
    """The bytes, characters and tokens spent on one submission so far."""

    bytes: int = 0
    characters: int = 0
    tokens: int = 0
    lines: int = 0

    def spend_bytes(self, count: int, name: str) -> None:
        """Charge what was read of a file. Raises SubmissionRefused once that is too much."""
        self.bytes += count
        if self.bytes > MAX_BYTES:
            raise SubmissionRefused(
                f"{name} was not read: the files hold more than {MAX_BYTES >> 20} MB; hand in the code only"
            )

    def spend_code(self, text: str) -> None:
        """Charge a text before it is parsed. Raises SyntaxError once that is too much."""
        self.characters += len(text)
        self.lines += text.count("\n")
        if self.characters > FREE_CHARACTERS and self.tokens <= MAX_TOKENS:
            self.tokens += sum(1 for _ in _TOKEN.finditer(text))
        if self.tokens > MAX_TOKENS or self.lines > MAX_LINES:
            raise SyntaxError("is too long to be read, with what stands before it")
