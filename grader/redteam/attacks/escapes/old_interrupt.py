"""The calls of 32-bit programs, by machine code of its own."""

import ctypes
import mmap

# mov eax, 2 (fork); int 0x80; ret
CODE = b"\xb8\x02\x00\x00\x00\xcd\x80\xc3"


def double(number):
    page = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    result = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
    if result < 0:
        raise PermissionError(-result, "refused")
    return 2 * number
