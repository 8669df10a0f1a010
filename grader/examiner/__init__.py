"""Trusted: runs the hidden tests against a submission that lives in a jail.

What hidden tests import comes from here; see `tests_hidden/README.md`. Loaded lazily, since torch takes a second.
"""

from typing import Any

_HOMES = {
    "assert_equal": "parity",
    "assert_moved": "parity",
    "assert_parity": "parity",
    "assert_shape": "parity",
    "assert_unchanged": "parity",
    "enlarge": "parity",
    "in_float64": "parity",
    "load_weights": "parity",
    "parameter_gradients": "proxy",
}
__all__ = sorted(_HOMES)  # noqa: PLE0605 - one list, not two


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"grader.examiner.{_HOMES[name]}"), name)
