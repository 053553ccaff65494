"""`.npz`: a zip of arrays, whose heads are read before their numbers."""

from io import BytesIO
from typing import Any

import numpy as np
from numpy.lib import format as npy

from app.zoo.files.archive import Archive
from app.zoo.files.content import Content, Unreadable

MOST_HEAD = 4096  # bytes of one array's head


def read(archive: Archive) -> Content:
    """Every array of weights in it; raises Unreadable."""
    content = Content("npz", archive.caps)
    for entry in archive.entries:
        name = entry.removesuffix(".npy")
        if name == entry:
            content.ignore(entry, "upload.ignored.other")
            continue
        file = BytesIO(archive.read(entry))
        shape, order, dtype = _head(file, entry)
        if dtype.hasobject:
            raise Unreadable("problem.file.objects", name=name[:80])
        count = content.room_for(name, shape, dtype.itemsize)
        raw = file.read()
        if len(raw) != count * dtype.itemsize:
            raise Unreadable("problem.file.damaged", what=name[:80])
        if dtype.kind == "f" and dtype.itemsize in (2, 4, 8):
            content.put(name, np.frombuffer(raw, dtype).reshape(shape, order="F" if order else "C"))
        else:
            content.ignore(name, "upload.ignored.int8" if dtype.str[1:] in ("i1", "u1") else "upload.ignored.integers")
    if any(name.split(":")[0].endswith("recurrent_kernel") for name in content.arrays):  # Keras's names
        from app.zoo.files.keras_file import convert  # its library takes a while to load

        arrays, content.arrays = content.arrays, {}
        convert(arrays, content, [], {})
    return content


def _head(file: BytesIO, entry: str) -> tuple[tuple[int, ...], bool, "np.dtype[Any]"]:
    """Shape, whether columns come first, and the type, as the head says."""
    try:
        version = npy.read_magic(file)
        if version == (1, 0):
            found = npy.read_array_header_1_0(file, max_header_size=MOST_HEAD)
        elif version == (2, 0):
            found = npy.read_array_header_2_0(file, max_header_size=MOST_HEAD)
        else:
            raise ValueError(version)
    except (ValueError, TypeError, SyntaxError, EOFError, RecursionError, MemoryError, OverflowError, KeyError):
        raise Unreadable("problem.file.damaged", what=entry[:80]) from None
    shape, order, dtype = found
    if not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        raise Unreadable("problem.file.damaged", what=entry[:80])
    return shape, order, dtype
