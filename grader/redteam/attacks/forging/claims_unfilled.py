"""Says that another TODO is to blame."""


def double(number):
    raise NotImplementedError("TODO layer is not filled in")
