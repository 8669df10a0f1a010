"""Say what was wrong with a reply over which a test stumbled: its form differs from what the test works with.

Python's own texts name objects of the grader; a student reads what was returned instead.
"""

import re

from grader.model.text import shorten

MAX_SHOWN = 160
_NOTHING = re.compile(r"NoneType")
_NOT_SEVERAL = re.compile(r"^cannot unpack non-(?:iterable|sequence) (\w+) object")
_OTHER_NUMBER = re.compile(r"^(?:too many|not enough) values to unpack \(expected (?:at least )?(\d+)")
_OTHER_TYPE = re.compile(r"^'(\w+)' object (?:has no attribute|is not|does not|cannot)")
_OTHER_NUMBERS = re.compile(r"\b(?:Double|Half|BFloat16|Long|Int)\b|\bdtype\b")
_OTHER_SHAPE = re.compile(r"shape|size|dimension|broadcast", re.IGNORECASE)
_REMOTE = re.compile(r"RemoteObject|LazyAttribute|Remote")


def explain_stumble(error: BaseException) -> str:
    """Return a sentence for an exception that only this reply makes a test raise."""
    text = str(error)
    if _NOTHING.search(text):
        return "None was returned where a result was asked for: is there a `return`, and is it reached?"
    if found := _OTHER_NUMBER.match(text):
        return f"the number of results is not {found[1]}, as asked for: compare the `return` with the skeleton's"
    if found := _NOT_SEVERAL.match(text):
        return f"one {_name(found[1])} was returned where several results are asked for"
    if isinstance(error, (KeyError, IndexError)):
        return "what was returned lacks a part that is asked for: compare the `return` with the skeleton's"
    if found := _OTHER_TYPE.match(text):
        return (
            f"{_name(found[1])} was returned where another type is asked for: compare the `return` with the skeleton's"
        )
    if _OTHER_NUMBERS.search(text):
        return "the results hold numbers of another type than is asked for: compare their dtype with the inputs'"
    if _OTHER_SHAPE.search(text):
        return "the results do not fit together: compare the shape of each, and their order, with the docstring"
    shown = shorten(_REMOTE.sub("object", text), MAX_SHOWN) or type(error).__name__
    return f"the test could not use what was returned ({shown})"


def _name(kind: str) -> str:
    return "an object of your code" if _REMOTE.match(kind) else kind
