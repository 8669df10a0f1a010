"""Replies over which a test stumbles, and names that are nearly right: what the student reads."""

import pytest

from grader.examiner.near_names import explain_missing_name, find_near_names
from grader.examiner.stumbles import explain_stumble


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TypeError("cannot unpack non-iterable NoneType object"), "is there a `return`"),
        (AttributeError("'NoneType' object has no attribute 'shape'"), "is there a `return`"),
        (ValueError("too many values to unpack (expected 2)"), "the number of results is not 2"),
        (ValueError("not enough values to unpack (expected 3, got 2)"), "the number of results is not 3"),
        (AttributeError("'tuple' object has no attribute 'shape'"), "tuple was returned where another type"),
        (AttributeError("'RemoteObject' object has no attribute 'grad'"), "an object of your code was returned"),
        (TypeError("unsupported: RemoteObject"), "could not use what was returned (unsupported: object)"),
    ],
)
def test_explain_stumble_names_what_was_returned(error: Exception, words: str) -> None:
    """Never a name of the grader's own."""
    sentence = explain_stumble(error)
    assert words in sentence
    assert "Remote" not in sentence


def test_only_the_nearest_names_are_shown() -> None:
    """Not everything that was handed in."""
    places = {"LuongAtention": "line 3", "Decoder": "line 9", "main": "line 20"}
    message = explain_missing_name("LuongAttention", places)
    assert "'LuongAtention' (line 3)" in message
    assert "Decoder" not in message and "main" not in message
    assert "at the top level?" in explain_missing_name("Zebra", places)
    assert "at the top level?" in explain_missing_name("Encoder", {})


def test_find_near_names_sees_through_case_and_underscores() -> None:
    """The commonest slips."""
    assert find_near_names("forward_step", ["forwardStep", "backward", "forward"])[0] == "forwardStep"
