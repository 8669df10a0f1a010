"""Read what a submission says of the statements that did not load. It is a claim, and checked like any reply."""

from typing import Any

from grader.model.submission import Submission
from grader.model.text import cut_text
from grader.model.verdict import SubmissionError, Verdict
from grader.wire.messages import Loaded

MAX_NAME = 200
MAX_BYTES = 1000


def read_failures(loaded: Loaded, source: str, submission: Submission) -> dict[str, str]:
    """Return a sentence for each name that could not be defined. Raises SubmissionError for a malformed report.

    `source` is the text that was loaded.
    """
    lines = len(source.splitlines()) + 1
    sentences: dict[str, str] = {}
    if len(loaded.failures) > len(source) or any(not _is_failure(failure, lines) for failure in loaded.failures):
        raise SubmissionError(Verdict.MALFORMED_REPLY, "a load report of an unknown form")
    for names, kind, message, line in loaded.failures:
        place = submission.locate(line).describe()
        sentence = f"{cut_text(kind, MAX_NAME)}: {cut_text(message, MAX_BYTES)} ({place})"
        sentences |= dict.fromkeys(names, sentence)
    return sentences


def _is_failure(failure: Any, lines: int) -> bool:
    """Tell whether this is a list of names, an exception's type and message, and a line of the source."""
    if not isinstance(failure, list) or len(failure) != 4:
        return False
    names, kind, message, line = failure
    return (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and isinstance(kind, str)
        and isinstance(message, str)
        and type(line) is int
        and 1 <= line <= lines
    )
