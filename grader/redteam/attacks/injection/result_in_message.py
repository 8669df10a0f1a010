"""A text of markup instead of a number."""


def double(number):
    return "<script>alert(1)</script>"
