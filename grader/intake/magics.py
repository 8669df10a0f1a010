"""IPython's own lines -> lines of Python, in one pass: magics, shell lines, questions, prompts.

A line keeps its number. `get_ipython()` stands for what no definition needs; what runs as Python (`%time x = f()`,
the body of `%%writefile attention.py`) stays Python.
"""

import re
from collections.abc import Iterator

from grader.intake.lexing import find_line_end

# Lines that only IPython understands, and a cell that is indented as a whole.
_NEEDS_IPYTHON = re.compile(r"^[ \t]*[%!?,;/]|\?[ \t]*$|=[ \t]*[%!]|^[ \t]*>>>|^In \[|\A[ \t]+\S", re.MULTILINE)
_CELL_MAGIC = re.compile(r"%%(\w+)(.*)")
_OPEN = frozenset({"time", "capture", "prun"})
_WRITERS = frozenset({"writefile", "file"})
_WORD = re.compile(r"\"[^\"]*+\"|'[^']*+'|\S++")
_TIMERS = re.compile(r"%(?:time|prun)[ \t]+(?:-[a-zA-Z]\S*[ \t]+)*(?=\S)")
_ESCAPE = re.compile(r"[ \t]*[%!?,;/]")
_HELP = re.compile(r"[ \t]*%{0,2}[\w*][\w.*\[\]]*\?{1,2}[ \t]*\Z")
_ASSIGNED = re.compile(r"([ \t]*+[\w(*\[][\w.,*()\[\] \t]{0,200}?=[ \t]*)(?:(%(?:time|prun)[ \t]+)(?=\S)|[%!](?!=))")
_PROMPT = re.compile(r"(?:>>>|\.\.\.)(?: |\Z)")
_IN_PROMPT = re.compile(r"In \[\d{1,9}\]: |[ \t]*\.{3,}: ?")
NOTHING = "get_ipython()"


def needs_ipython(text: str) -> bool:
    """Say whether a text that does not parse may be IPython's."""
    return bool(_NEEDS_IPYTHON.search(text))


def strip_magics(text: str) -> str:
    """Replace IPython's own lines, each by one line."""
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    if magic := _CELL_MAGIC.match(lines[first].strip()):
        if not _is_python(magic[1], magic[2]):
            return "\n".join([*lines[:first], NOTHING, *[""] * (len(lines) - first - 1)])
        lines[first] = ""
    else:
        indent = lines[first][: len(lines[first]) - len(lines[first].lstrip())]
        lines = [line.removeprefix(indent) for line in lines]
        if prompt := next((prompt for prompt in (_PROMPT, _IN_PROMPT) if prompt.match(lines[first])), None):
            lines = [line[match.end() :] if (match := prompt.match(line)) else line for line in lines]
    return "".join(_replace_lines("\n".join(lines)))


def _is_python(name: str, arguments: str) -> bool:
    """Say whether the rest of a cell with this magic is Python that runs here, or that is written to a module."""
    if name in _WRITERS:
        words = [word.strip("\"'") for word in _WORD.findall(arguments)]
        return any(word.endswith(".py") for word in words if word not in ("-a", "--append"))
    return name in _OPEN


def _replace_lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        line = text[start:end].removesuffix("\n")
        replaced = _replace(line)
        if replaced is None:
            end = find_line_end(text, start)
            yield text[start:end]
        elif replaced.endswith(NOTHING):
            # Not Python, so quotes and brackets mean nothing in it; a backslash joins the next line.
            while text.endswith("\\\n", 0, end) and end < len(text):
                end = text.find("\n", end) + 1 or len(text)
            yield replaced + "\n" * text.count("\n", start, end)
        else:
            end = find_line_end(text, start)
            yield replaced + text[start + len(line) : end]
        start = end


def _replace(line: str) -> str | None:
    """Return what stands for a line that begins a statement; None where it is Python already."""
    if assigned := _ASSIGNED.match(line):
        return assigned[1] + (line[assigned.end() :] if assigned[2] else NOTHING)
    body = line.lstrip()
    indent = line[: len(line) - len(body)]
    if timer := _TIMERS.match(body):
        return indent + body[timer.end() :]
    if _ESCAPE.match(line) or _HELP.match(line):
        return indent + NOTHING
    return None
