"""A list that holds itself."""


def double(number):
    value = []
    value.append(value)
    return value
