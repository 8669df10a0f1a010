"""Tell values of torch, numpy and pandas without importing any of them.

A library that was never imported has made no value, so asking costs nothing where an assignment does not use it.
"""

import datetime
import sys
from typing import Any

_PLAIN = (bool, int, float, complex, str, bytes, datetime.date, datetime.datetime, datetime.timedelta)


def is_tensor(value: Any) -> bool:
    """Tell whether a value is a tensor of torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def is_array(value: Any) -> bool:
    """Tell whether a value is an array of numpy with at least one axis; one without is a number."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray) and bool(value.ndim)


def is_table(value: Any) -> bool:
    """Tell whether a value is a table of pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)


def is_column(value: Any) -> bool:
    """Tell whether a value is a column or an index of pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.Series, pandas.Index))


def read_number(value: Any) -> Any:
    """Return the plain value of a scalar of numpy, and any other value as it is.

    `np.argmax(...)` and `loss.numpy()` are numbers to their author.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, (numpy.generic, numpy.ndarray)) or value.ndim:
        return value
    if isinstance(value, (numpy.datetime64, numpy.timedelta64)) and type(value.item()) is int:
        value = value.astype(f"{value.dtype.kind}8[us]")  # Python's own dates and spans count no nanoseconds
    plain = value.item()
    return plain if type(plain) in _PLAIN else value
