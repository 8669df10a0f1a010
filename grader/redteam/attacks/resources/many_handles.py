"""A hundred thousand objects to be remembered."""


def double(number):
    return [object() for _ in range(100_000)]
