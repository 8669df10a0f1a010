"""An object that computes forever once it is no longer needed."""


class Hostile:
    def __del__(self):
        while True:
            pass


def double(number):
    Hostile()
    return 0
