"""Arrays that end where a page begins that nobody may read or write."""

GUARDED = """
import ctypes
import itertools
import mmap
import numpy as np
import numbapool as nbp

libc = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE

def before_the_end(shape, dtype):
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = -(-size // PAGE) + 1
    held = mmap.mmap(-1, pages * PAGE)
    whole = np.frombuffer(held, np.uint8)
    end = (pages - 1) * PAGE
    address = whole.ctypes.data + end
    assert libc.mprotect(ctypes.c_void_p(address), PAGE, 0) == 0, ctypes.get_errno()
    return whole[end - size : end].view(dtype).reshape(shape)
"""
"""The beginning of a script: what it imports, and `before_the_end(shape, dtype)`."""
