"""Show an author why a hidden test failed: the last call of the submission, and both values.

Only where tests are run by hand. A student's report holds no expected value.
"""

from collections.abc import Iterator
from typing import Any

from grader.examiner.mismatch import Mismatch
from grader.wire.libraries import is_array, is_tensor
from grader.wire.messages import Call

MAX_SHOWN = 400
MAX_VALUES = 40


def describe_failure(raised: BaseException, last_call: Call | None) -> Iterator[str]:
    """Give the lines that pytest prints below a failed test."""
    if last_call is not None:
        given = [show_value(value) for value in last_call.args]
        given += [f"{name}={show_value(value)}" for name, value in last_call.kwargs.items()]
        yield f"last call: {last_call.name or 'the object'}({', '.join(given)})"
    if isinstance(raised, Mismatch) and raised.compared is not None:
        found, expected = raised.compared
        yield f"found:     {show_value(found)}"
        yield f"expected:  {show_value(expected)}"


def show_value(value: Any) -> str:
    """Return a value as text, and of a large array or tensor only its kind."""
    if is_tensor(value) or is_array(value):
        from grader.examiner.array_parity import name_dtype, to_array

        values = to_array(value)
        shape = "x".join(map(str, values.shape))
        is_number = values.dtype.kind in "iuf"
        if values.size > MAX_VALUES:
            ends = f", from {values.min():.4g} to {values.max():.4g}" if is_number else ""
            return f"<{name_dtype(value)} {shape}{ends}>"
        return f"<{name_dtype(value)} {shape}: {(values.round(5) if is_number else values).tolist()}>"
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ..."
