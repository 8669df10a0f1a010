"""A file of a terabyte that holds nothing."""


def double(number):
    with open("/tmp/redteam-left-hollow", "wb") as file:
        file.truncate(1 << 40)
