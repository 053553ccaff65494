"""`.safetensors`: a JSON head that must tell the whole truth about the bytes behind it."""

import json
from typing import Any

from app.zoo.files.content import ITEM, Caps, Content, Unreadable, decoded

KINDS = {"F16": "f16", "BF16": "bf16", "F32": "f32", "F64": "f64"}
OTHERS = {"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1}
OTHERS |= {"U16": 2, "I16": 2, "U32": 4, "I32": 4, "U64": 8, "I64": 8}


def looks_so(data: bytes) -> bool:
    """Whether the first bytes are a length and the brace of the head."""
    return len(data) > 9 and data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) * 4


def read(data: bytes, caps: Caps) -> Content:
    """Every tensor of weights in it; raises Unreadable."""
    size = int.from_bytes(data[:8], "little")
    if size > caps.header_bytes:
        raise Unreadable("problem.file.header", got=size, most=caps.header_bytes)
    if size > len(data) - 8:
        raise Unreadable("problem.file.short", kind="safetensors")
    head = _head(data[8 : 8 + size])
    body = memoryview(data)[8 + size :]
    content = Content("safetensors", caps)
    spans: list[tuple[int, int]] = []
    for name, entry in head.items():
        if name == "__metadata__":
            continue
        kind, shape, first, end = _entry(name, entry)
        count = content.room_for(name, shape, ITEM.get(KINDS.get(kind, ""), 4))
        item = ITEM[KINDS[kind]] if kind in KINDS else OTHERS.get(kind)
        if item is None:
            raise Unreadable("problem.file.dtype", name=name, dtype=kind[:20])
        if end - first != count * item or not 0 <= first <= end <= len(body):
            raise Unreadable("problem.file.damaged", what=name)
        spans.append((first, end))
        if kind in KINDS:
            content.put(name, decoded(body[first:end], KINDS[kind], shape))
        else:
            content.ignore(name, "upload.ignored.int8" if item == 1 and kind != "BOOL" else "upload.ignored.integers")
    at = 0
    for first, end in sorted(spans):
        if first != at:
            raise Unreadable("problem.file.gaps")
        at = end
    if at != len(body):
        raise Unreadable("problem.file.gaps" if at < len(body) else "problem.file.short", kind="safetensors")
    return content


def _head(text: bytes) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            raise Unreadable("problem.file.twice", name=next(n for n in names if names.count(n) > 1)[:80])
        return found

    try:
        head = json.loads(text, object_pairs_hook=once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unreadable("problem.file.damaged", what="safetensors") from None
    if not isinstance(head, dict):
        raise Unreadable("problem.file.damaged", what="safetensors")
    return head


def _no_number(text: str) -> float:
    raise ValueError(text)


def _entry(name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    damaged = Unreadable("problem.file.damaged", what=name[:80])
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise damaged
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or not isinstance(shape, list) or not isinstance(offsets, list) or len(offsets) != 2:
        raise damaged
    if not all(type(each) is int and 0 <= each < 1 << 48 for each in [*shape, *offsets]):
        raise damaged
    return kind, tuple(shape), offsets[0], offsets[1]
