"""Text from a student on its way to somebody's screen: nothing in it can move the cursor or turn the words around."""

import re

# Control characters (escape sequences begin with one), marks that change the direction of writing, ends of lines other
# than "\n", tags nobody sees, and halves of a surrogate pair, which cannot be written out at all. Joiners stay: emoji
# and several scripts need them.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)


def escape_control_characters(text: str) -> str:
    r"""`text` on one line, every control character written out: `\x1b`, `\u202e`."""
    return _CONTROLS.sub(_write_out, " ".join(re.split(r"[\t\r\n]+", text)))


def _write_out(found: re.Match[str]) -> str:
    return ascii(found[0])[1:-1]
