"""Memory, a megabyte at a time."""


def double(number):
    kept = []
    while True:
        kept.append(b"x" * (1 << 20))
