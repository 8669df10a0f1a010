"""The kernel's memory as a file."""


def double(number):
    return len(open("/dev/mem", "rb").read(1))
