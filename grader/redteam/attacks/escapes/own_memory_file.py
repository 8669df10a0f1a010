"""Its own memory as a file, past every protection."""


def double(number):
    return len(open("/proc/self/mem", "rb").read(1))
