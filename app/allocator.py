"""Large buffers that a run has freed go back to the system, instead of lying in the heap of a long-lived server."""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # glibc's M_TRIM_THRESHOLD and M_MMAP_THRESHOLD
LARGE = 8 << 20  # bytes: what is kept of a run, not the buffers of one piece of it
FREE = 64 << 20  # bytes that may lie free at the end of the heap: the pieces of the next run go there


def return_large_buffers() -> bool:
    """Tell glibc to map buffers of LARGE bytes or more one by one; False where there is no glibc to be told.

    By itself glibc raises that size with each large buffer that is freed, up to 32 MB. Pieces of a run then share
    one heap with what is kept of it, and at the peak of a run a third of the memory is holes between them. Who sets
    that size has to say how much may lie free, too: by default each freed piece would go back, and be fetched again
    page by page, which takes a tenth of the time of a run.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(MMAP_THRESHOLD, LARGE)) and bool(mallopt(TRIM_THRESHOLD, FREE))
