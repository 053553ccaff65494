"""The one plain format in which the child answers and uploads are kept: a JSON head, then bare numbers."""

import json
import re
from typing import Any

import numpy as np

from app.zoo.files.content import LONGEST_NAME, Array, Caps, Content, Unreadable

MAGIC = b"UNROLLED"
HEAD = 16  # bytes: the magic and the length of the JSON, little-endian
_TYPES: dict[str, np.dtype[Any]] = {"<f4": np.dtype("<f4"), "<f8": np.dtype("<f8")}
_KEY = re.compile(r"(?:problem\.file|upload\.ignored)\.[a-z0-9_]{1,40}")


class Malformed(Exception):
    """Bytes that no reader of ours wrote."""


def _written(head: dict[str, Any], arrays: dict[str, Array]) -> bytes:
    text = json.dumps(head).encode()
    parts = [MAGIC, len(text).to_bytes(8, "little"), text]
    return b"".join([*parts, *(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())])


def packed(content: Content, extra: dict[str, Any] | None = None) -> bytes:
    """A file's content as bytes."""
    tensors = [
        {"name": name, "dtype": f"<f{array.dtype.itemsize}", "shape": list(array.shape)}
        for name, array in content.arrays.items()
    ]
    head = {"kind": content.kind, "facts": content.facts, "ignored": content.ignored, "tensors": tensors}
    return _written(head | (extra or {}), content.arrays)


def refused(refusal: Unreadable) -> bytes:
    """A refusal as bytes."""
    return _written({"refused": refusal.key, "params": refusal.params}, {})


def head_of(data: bytes, most: int) -> tuple[dict[str, Any], int]:
    """The JSON head and where the numbers begin; raises Malformed."""
    size = int.from_bytes(data[8:HEAD], "little") if data[:8] == MAGIC else -1
    if not 0 <= size <= min(most, len(data) - HEAD):
        raise Malformed("no head")
    try:
        head = json.loads(data[HEAD : HEAD + size])
    except (ValueError, RecursionError) as error:
        raise Malformed("no JSON") from error
    if not isinstance(head, dict):
        raise Malformed("no object")
    return head, HEAD + size


def unpacked(data: bytes, caps: Caps) -> Content:
    """What `packed` wrote, each part checked again; raises Unreadable as `refused` says, or Malformed."""
    head, at = head_of(data, 4 * caps.header_bytes)
    if "refused" in head:
        raise _refusal(head)
    if not isinstance(head.get("tensors"), list) or not isinstance(head.get("kind"), str):
        raise Malformed("no tensors")
    content = Content(head["kind"][:20], caps)
    for entry in head["tensors"]:
        name, shape, dtype = _entry(entry)
        try:
            count = content.room_for(name, shape, dtype.itemsize)
        except Unreadable as error:
            raise Malformed(str(error)) from None
        end = at + count * dtype.itemsize
        if end > len(data) or name in content.arrays:
            raise Malformed(f"{name} is not there")
        content.arrays[name] = np.frombuffer(data, dtype, count, at).reshape(shape)
        at = end
    if at != len(data):
        raise Malformed("bytes left over")
    content.facts = _pairs(head.get("facts"))
    listed = head.get("ignored")
    if not isinstance(listed, list) or len(listed) > caps.tensors:
        raise Malformed("ignored")
    for pair in listed:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)):
            raise Malformed("ignored")
        if len(pair[0]) > LONGEST_NAME or not _KEY.fullmatch(pair[1]):
            raise Malformed("ignored")
        content.ignored.append((pair[0], pair[1]))
    return content


def _entry(entry: Any) -> tuple[str, tuple[int, ...], "np.dtype[Any]"]:
    if not isinstance(entry, dict):
        raise Malformed("entry")
    name, shape, dtype = entry.get("name"), entry.get("shape"), entry.get("dtype")
    if not isinstance(name, str) or not isinstance(shape, list) or not isinstance(dtype, str) or dtype not in _TYPES:
        raise Malformed("entry")
    if not all(type(size) is int and 0 <= size < 1 << 40 for size in shape):
        raise Malformed("shape")
    return name, tuple(shape), _TYPES[dtype]


def _pairs(found: Any) -> dict[str, str]:
    if not isinstance(found, dict) or len(found) > 512:
        raise Malformed("facts")
    if not all(isinstance(value, str) and len(name) <= LONGEST_NAME for name, value in found.items()):
        raise Malformed("facts")
    return {name: value[:20] for name, value in found.items()}


def _refusal(head: dict[str, Any]) -> Unreadable:
    key, params = head["refused"], head.get("params")
    if not (isinstance(key, str) and _KEY.fullmatch(key) and isinstance(params, dict) and len(params) <= 4):
        raise Malformed("refusal")
    short: dict[str, str | int] = {}
    for name, value in params.items():
        if not name.isidentifier() or type(value) not in (str, int):
            raise Malformed("refusal")
        short[name] = value[:200] if isinstance(value, str) else value
    return Unreadable(key, **short)
