"""Arithmetic that no signal interrupts."""


def double(number):
    return len(str((10**7) ** (10**7)))
