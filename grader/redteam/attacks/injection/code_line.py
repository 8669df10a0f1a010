"""A line of code that is a script, to be quoted."""


def double(number):
    return 1 / 0, "<script>alert(1)</script>", "‮ evil ⁦"
