"""A constant that no definition names; a function that is made of text reads it in the middle of a test."""


def spin():
    while True:
        pass


class Holder:
    def read(self):
        return constant


constant = spin()


def double(number):
    return eval("Holder")().read() * number
