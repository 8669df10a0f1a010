"""`student_raises`: an exception that a submission is asked to raise."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from grader.examiner.mismatch import Mismatch
from grader.examiner.session import SubmissionSession
from grader.model.verdict import SubmissionError, Verdict

# Where a test is run by hand, pytest shows the test's own lines only.
__tracebackhide__ = True


@contextmanager
def expect_exception(session: SubmissionSession, kind: type[BaseException], *, match: str = "") -> Iterator[None]:
    """Check that what is inside makes the submission raise `kind`, or a class made from it.

    `match` is a regular expression that its message must hold. Raises Mismatch; an open TODO, a time-out and the like
    stay what they are.
    """
    try:
        yield
        session.settle()  # making an object is only posted, and raises here
    except SubmissionError as error:
        if not error.exception_type or error.verdict in (Verdict.UNFILLED, Verdict.MALFORMED_REPLY):
            raise
        if kind.__name__ not in (error.exception_type, *error.bases):
            raise Mismatch(f"expected a {kind.__name__}, found {error.message}") from error
        if match and not re.search(match, error.text):
            raise Mismatch(f"the message of the {kind.__name__} does not say what was asked for") from error
        return
    raise Mismatch(f"expected a {kind.__name__}, and nothing was raised")
