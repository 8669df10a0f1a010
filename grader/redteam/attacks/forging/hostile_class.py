"""An object that lies about its class, and a class that lies about its name."""

import torch


class Meta(type):
    __name__ = property(lambda cls: "int" * 100_000)
    __instancecheck__ = lambda cls, item: True


class Hostile(metaclass=Meta):
    __class__ = property(lambda self: torch.Tensor)


def double(number):
    return Hostile()
