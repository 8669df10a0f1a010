"""Halves of characters, which cannot be written out."""


def double(number):
    raise ValueError("\ud800" * 10 + "\udfff")
