"""An object that computes forever once nobody wants it."""


class Hostile:
    def __del__(self):
        while True:
            pass


def double(number):
    Hostile()
    return 0
