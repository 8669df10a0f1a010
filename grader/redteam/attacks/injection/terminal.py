"""Codes that move the cursor, rename the window and ask the terminal to answer."""


def double(number):
    raise ValueError("\x1b[2J\x1b]0;owned\x07\x1b[6n\x9b31m\r\x08\x7f")
