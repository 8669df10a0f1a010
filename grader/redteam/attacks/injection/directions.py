"""Text that is read from the other side."""


def double(number):
    raise ValueError("score \u202e001\u202c \u2066 \u200f \u061c passed")
