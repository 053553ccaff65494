"""What every reader gives: plain arrays by name, what could not be shown; and how a file is refused."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float32 or float64, C order, this machine's byte order
LONGEST_NAME = 300  # characters


@dataclass(frozen=True)
class Caps:
    """The most that is read of one file."""

    file_bytes: int = 32 << 20
    decoded_bytes: int = 64 << 20  # as float32 or float64, all tensors together
    tensors: int = 512
    header_bytes: int = 1 << 20  # of what says where the numbers are
    ratio: int = 20  # how much longer than its packed form anything may become


class Unreadable(Exception):
    """A file that is not read. `key` is the sentence in the catalogue, `params` fill its places."""

    def __init__(self, key: str, **params: str | int) -> None:
        super().__init__(f"{key} {params}")
        self.key = key
        self.params = params


@dataclass
class Content:
    """What a file holds. `kind` is its format; `ignored` names what can't be shown, and the key of the reason."""

    kind: str
    caps: Caps
    arrays: dict[str, Array] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)  # prefix of a stack → "tanh" or "relu", where the file says it
    ignored: list[tuple[str, str]] = field(default_factory=list)
    _decoded: int = 0
    _seen: int = 0

    def room_for(self, name: str, shape: tuple[int, ...], item: int) -> int:
        """Count one more tensor before it is read; returns how many numbers it has. Raises Unreadable."""
        self._seen += 1
        if self._seen > self.caps.tensors:
            raise Unreadable("problem.file.tensors", most=self.caps.tensors)
        if not name or len(name) > LONGEST_NAME:
            raise Unreadable("problem.file.name", most=LONGEST_NAME)
        if len(shape) > 8 or any(size < 0 for size in shape):
            raise Unreadable("problem.file.damaged", what=name)
        count = 1
        for size in shape:
            count *= size
            if count > self.caps.decoded_bytes:
                break
        self._decoded += count * max(item, 4)
        if self._decoded > self.caps.decoded_bytes:
            raise Unreadable("problem.file.decoded", got=self._decoded, most=self.caps.decoded_bytes)
        return count

    def put(self, name: str, array: Array) -> None:
        """Hold a tensor, as float32 (what was shorter) or float64."""
        if name in self.arrays:
            raise Unreadable("problem.file.twice", name=name)
        wide = array.dtype.kind == "f" and array.dtype.itemsize == 8
        self.arrays[name] = np.ascontiguousarray(array, dtype=np.float64 if wide else np.float32).reshape(array.shape)

    def ignore(self, name: str, why: str) -> None:
        """Name what is left out; the list stays short."""
        if len(self.ignored) < self.caps.tensors:
            self.ignored.append((name[:LONGEST_NAME], why))


# Number types that are weights; "bf16" has no numpy type of its own.
ITEM = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8}
_NUMPY = {"f16": "<f2", "f32": "<f4", "f64": "<f8"}


def decoded(raw: memoryview, kind: str, shape: tuple[int, ...]) -> Array:
    """Little-endian numbers of `kind` as an array; every step is exact."""
    if kind == "bf16":  # the upper half of a float32
        wide = np.frombuffer(raw, "<u2").astype("<u4") << 16
        return wide.view("<f4").reshape(shape)
    return np.frombuffer(raw, _NUMPY[kind]).reshape(shape)
