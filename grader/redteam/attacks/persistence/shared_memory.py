"""Memory with a name, which outlives its process."""

from multiprocessing import shared_memory


def double(number):
    return shared_memory.SharedMemory("redteam-left", create=True, size=4096).size
