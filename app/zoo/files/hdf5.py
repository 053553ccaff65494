"""HDF5 read with its doors shut: no links out of the file, no storage outside it, known filters, honest sizes."""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5g, h5l, h5o, h5z

from app.zoo.files.content import Array, Caps, Content, Unreadable

FILTERS = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, h5z.FILTER_FLETCHER32}
DEEPEST = 24
MORE_OBJECTS = 4096  # groups beside the tensors
# What the library raises for a file that does not hold together.
BROKEN = (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, OverflowError, UnicodeDecodeError)


@dataclass
class Stored:
    """Arrays by their path, and the few texts that Keras writes beside them."""

    arrays: dict[str, Array] = field(default_factory=dict)
    config: str | None = None
    names: dict[str, str] = field(default_factory=dict)  # path of a group → its "name"


def read(data: bytes, caps: Caps, content: Content) -> Stored:
    """Every array of numbers in the file; raises Unreadable."""
    try:
        with h5py.File(BytesIO(data), "r") as file:
            walk = _Walk(caps, content, len(data))
            walk.found.config = _text(file, "model_config", caps.header_bytes)
            walk.group(file.id, "", 0)
            return walk.found
    except BROKEN:
        raise Unreadable("problem.file.damaged", what="HDF5") from None


class _Walk:
    """Through every group of a file, each once."""

    def __init__(self, caps: Caps, content: Content, size: int) -> None:
        self.caps = caps
        self.content = content
        self.size = size
        self.left = caps.tensors + MORE_OBJECTS
        self.seen: set[Any] = set()
        self.found = Stored()

    def group(self, group: Any, path: str, depth: int) -> None:
        if depth > DEEPEST:
            raise Unreadable("problem.file.damaged", what="HDF5")
        for name in group:
            self.left -= 1
            if self.left < 0:
                raise Unreadable("problem.file.tensors", most=self.caps.tensors)
            if group.links.get_info(name).type != h5l.TYPE_HARD:
                raise Unreadable("problem.file.links", name=_utf8(name)[:80])
            item = h5o.open(group, name)
            info = h5o.get_info(item)
            if (info.fileno, info.addr) in self.seen:  # also a group that holds itself
                raise Unreadable("problem.file.links", name=_utf8(name)[:80])
            self.seen.add((info.fileno, info.addr))
            below = f"{path}/{_utf8(name)}" if path else _utf8(name)
            if isinstance(item, h5g.GroupID):
                label = _text(h5py.Group(item), "name", 300)
                if label:
                    self.found.names[below] = label
                self.group(item, below, depth + 1)
            elif isinstance(item, h5d.DatasetID):
                self.dataset(item, below)

    def dataset(self, item: Any, path: str) -> None:
        """Nothing of it is read before all of it was looked at."""
        plist = item.get_create_plist()
        if plist.get_external_count() or plist.get_layout() == h5d.VIRTUAL:
            raise Unreadable("problem.file.external", name=path[:80])
        for k in range(plist.get_nfilters()):
            if plist.get_filter(k)[0] not in FILTERS:
                raise Unreadable("problem.file.packed", name=path[:80])
        dtype, shape = item.dtype, item.shape
        if shape is None or dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
            if shape is not None and dtype.kind in "iu":
                why = "upload.ignored.int8" if dtype.itemsize == 1 else "upload.ignored.integers"
                self.content.ignore(path, why)
            return
        count = self.content.room_for(path, shape, dtype.itemsize)
        stored = item.get_storage_size()
        if stored > self.size or count * dtype.itemsize > stored * self.caps.ratio + 4096:
            raise Unreadable("problem.file.ratio", name=path[:80], most=self.caps.ratio)
        numbers = np.zeros(shape, dtype.newbyteorder("="))
        if count:
            item.read(h5py.h5s.ALL, h5py.h5s.ALL, numbers)
        self.found.arrays[path] = numbers


def _text(holder: Any, name: str, most: int) -> str | None:
    """A text beside a group, if there is one and it is short enough."""
    if name not in holder.attrs:
        return None
    attribute = holder.attrs.get_id(name)
    if attribute.get_storage_size() > most or attribute.shape != ():
        return None
    value = holder.attrs[name]
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text if isinstance(text, str) and len(text) <= most else None


def _utf8(name: bytes) -> str:
    return name.decode("utf-8", "replace")
