"""What moves the cursor, renames the window and asks the terminal to answer."""


def double(number):
    raise ValueError("\x1b[2J\x1b]0;owned\x07\x1b[6n\x9b31m\r\x08\x7f")
