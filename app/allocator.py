"""Large buffers that a run has freed go back to the system, instead of lying in the heap of a long-lived server."""

import ctypes
import sys

MMAP_THRESHOLD = -3  # glibc's M_MMAP_THRESHOLD: an allocation of so many bytes or more is a mapping of its own
LARGE = 2 << 20  # bytes: a kernel's buffers and packed weights, not the small tensors that come and go


def return_large_buffers() -> bool:
    """Tell glibc to map buffers of LARGE bytes or more one by one; False where there is no glibc to be told.

    By itself glibc raises that size with each large buffer that is freed, up to 32 MB. Pieces of a run then share
    one heap with what is kept of it, and at the peak of a run a third of the memory is holes between them.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE))
