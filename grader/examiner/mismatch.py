"""The difference between what a submission returned and what was expected."""

from typing import Any

from grader.model.verdict import Cause
from grader.wire.libraries import is_array, is_tensor


class Mismatch(AssertionError):
    """A result that differs from what was asked; `hint` names the likely mistake, where one fits.

    `cause` is only given where what was compared is no longer there.

    `compared` holds the found and the expected value, and `whole` those that they are parts of, for public tests: there
    the student may see both.
    """

    def __init__(self, message: str, hint: str = "", cause: Cause = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint
        self._cause: Cause = cause
        self.compared: tuple[Any, Any] | None = None
        self.whole: tuple[Any, Any] | None = None

    @property
    def cause(self) -> Cause:
        """Return whether the result has another form than what was asked: then its values say nothing."""
        if self.compared is None:
            return self._cause
        found, expected = self.compared
        if isinstance(found, (int, float)) and isinstance(expected, (int, float)):
            return ""
        if not isinstance(found, type(expected)):
            return "structure"
        # Only of values that are here: an object of the submission would be asked for its attributes.
        if not is_tensor(expected) and not is_array(expected):
            return ""
        return "" if (found.shape, found.dtype) == (expected.shape, expected.dtype) else "structure"
