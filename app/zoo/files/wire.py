"""The few bytes of protobuf that an ONNX file needs: fields by number, each length held against what is there."""

import struct
from collections.abc import Iterator

from app.zoo.files.content import Unreadable

Value = int | float | memoryview
MOST_FIELDS = 500_000  # of one file


class Fields:
    """Reads messages; counts what it reads, over all of them."""

    def __init__(self) -> None:
        self.left = MOST_FIELDS

    def of(self, data: memoryview) -> Iterator[tuple[int, Value]]:
        """Every field of one message, its number and its value; raises Unreadable."""
        at, end = 0, len(data)
        while at < end:
            self.left -= 1
            if self.left < 0:
                raise broken()
            key, at = varint(data, at)
            number, kind = key >> 3, key & 7
            value: Value
            if kind == 0:
                value, at = varint(data, at)
            elif kind == 2:
                size, at = varint(data, at)
                if size > end - at:
                    raise broken()
                value, at = data[at : at + size], at + size
            elif kind in (1, 5):
                size = 8 if kind == 1 else 4
                if size > end - at:
                    raise broken()
                value, at = struct.unpack_from("<d" if kind == 1 else "<f", data, at)[0], at + size
            else:
                raise broken()
            yield number, value


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """A whole number and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise broken()
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7


def signed(value: Value) -> int:
    """A varint as the int64 that it stands for."""
    if not isinstance(value, int):
        raise broken()
    return value - (1 << 64) if value >= 1 << 63 else value


def text(value: Value) -> str:
    """A string of at most 300 characters."""
    return bytes(raw(value)[:1200]).decode("utf-8", "replace")[:300]


def raw(value: Value) -> memoryview:
    """What a length stands in front of."""
    if not isinstance(value, memoryview):
        raise broken()
    return value


def broken() -> Unreadable:
    return Unreadable("problem.file.damaged", what="ONNX")
