"""The difference between what a submission returned and what was expected."""

from typing import Any

from grader.model.verdict import Cause


class Mismatch(AssertionError):
    """A result that differs from what was asked; `hint` names the likely mistake, where one fits.

    `compared` holds the found and the expected value, and `whole` those that they are parts of, for public tests: there
    the student may see both.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message}; {hint}" if hint else message)
        self.message = message
        self.hint = hint
        self.compared: tuple[Any, Any] | None = None
        self.whole: tuple[Any, Any] | None = None

    @property
    def cause(self) -> Cause:
        """Return whether the result has another form than what was asked: then its values say nothing."""
        if self.compared is None:
            return ""
        found, expected = self.compared
        if isinstance(found, (int, float)) and isinstance(expected, (int, float)):
            return ""
        if not isinstance(found, type(expected)):
            return "structure"
        forms = [(getattr(value, "shape", None), getattr(value, "dtype", None)) for value in self.compared]
        return "" if forms[0] == forms[1] else "structure"
