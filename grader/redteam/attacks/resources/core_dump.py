"""A core dump, as large as it gets."""

import os
import resource


def double(number):
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError):
        pass
    kept = bytearray(100 << 20)
    os.abort()
    return kept
