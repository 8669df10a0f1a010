"""The loop around a line: where code is stopped differs from run to run, but seldom the loop that it is in."""

import re

_LOOP = re.compile(r"(?:async\s+)?(?:for|while)\b")
_DEFINITION = re.compile(r"(?:async\s+)?(?:def|class)\b")


def find_loop(source: str, line: int) -> int:
    """Return the line of the outermost loop around a line, in its function; the line itself where there is none.

    It is 0 if the source has no such line. Only the indents are read, not the syntax.
    """
    lines = source.split("\n")
    if not 0 < line <= len(lines):
        return 0
    found, indent = line, _measure_indent(lines[line - 1])
    for number in range(line - 1, 0, -1):
        text = lines[number - 1]
        if not text.strip() or _measure_indent(text) >= indent:
            continue
        indent = _measure_indent(text)
        if _DEFINITION.match(text.lstrip()):
            break
        if _LOOP.match(text.lstrip()):
            found = number
    return found


def _measure_indent(text: str) -> int:
    return len(text) - len(text.lstrip())
