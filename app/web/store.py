"""Traces by id: the id says what was asked, so any server, also a restarted one, can answer for it."""

import base64
import hashlib
import json
import logging
import os
import re
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from app.recurrent.spec import Intervention, TraceRequest
from app.whole import write_whole

log = logging.getLogger("unrolled")

MOST_ID = 1200  # characters: an address of this length passes every browser and proxy
MOST_INLINE = 64 << 10  # bytes of JSON in an id, so that no short id unpacks into much
_INLINE = re.compile(rf"r[A-Za-z0-9_-]{{2,{MOST_ID}}}")
_HASHED = re.compile(r"h[0-9a-f]{64}")

# The fields that can hold a million numbers; plain lists, so they need no dumping.
_LISTS: dict[str, set[str]] = {"input": {"values", "tokens"}, "state": {"h_0", "c_0"}, "weights": {"values"}}
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

V = TypeVar("V")


def canonical(request: TraceRequest) -> bytes:
    """The same bytes for the same settled request, whatever was left out or in which order."""
    asked = request.model_dump(mode="json", exclude_defaults=True, exclude={**_LISTS, "interventions": True})
    if request.interventions:
        asked["interventions"] = [_intervention(each) for each in request.interventions]
    if request.head is not None and request.weights.bundled is not None:
        # what is left out is the model's own there, so torch's defaults are said, too
        asked["head"]["activation"] = request.head.activation
    for part, names in _LISTS.items():
        for name in names:
            given = getattr(getattr(request, part), name, None)
            if given is not None:
                asked.setdefault(part, {})[name] = given
    return _dumped(asked).encode()


def _intervention(each: Intervention) -> dict[str, Any]:
    """The one kind it is, with only what is not left out."""
    kind, given = next((name, value) for name, value in each if value is not None)
    return {
        kind: {
            f.alias or name: getattr(given, name)
            for name, f in type(given).model_fields.items()
            if getattr(given, name) != f.default
        }
    }


def _dumped(value: Any) -> str:
    """Sorted JSON, in many small calls: one call over a million numbers would hold up every other thread."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{_ENCODER.encode(name)}:{_dumped(value[name])}" for name in sorted(value)) + "}"
    if isinstance(value, list) and value and isinstance(value[0], list | dict):
        return "[" + ",".join(map(_dumped, value)) + "]"
    return _ENCODER.encode(value)


def id_of(text: bytes) -> str:
    """ "r" and the request itself when that is short, else "h" and its hash."""
    if len(text) <= MOST_INLINE:
        packed = base64.urlsafe_b64encode(zlib.compress(text, 9)).rstrip(b"=").decode()
        if len(packed) < MOST_ID:
            return "r" + packed
    return "h" + hashlib.sha256(text).hexdigest()


class Shelf:
    """Requests too long for an id, in a folder that holds at most so many bytes; the oldest go first."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder = folder / "requests"
        self.most_bytes = most_bytes
        self._lock = threading.Lock()

    def keep(self, id: str, text: bytes) -> None:
        """Write `text` so that a reader sees all of it or nothing. A full disk is logged, not raised:
        the answer that was asked for is there, only a later question may find nothing."""
        if not is_hash(id) or len(text) > self.most_bytes:
            return
        try:
            write_whole(self.folder, id, text)
            self._drop_oldest()
        except OSError as error:
            log.warning("a request could not be kept in %s: %s", self.folder, error)

    def find(self, id: str) -> bytes | None:
        """The text kept under `id`, if it is there and is what the id says."""
        path = self.folder / id
        try:
            text = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return text if hashlib.sha256(text).hexdigest() == id[1:] else None

    def _drop_oldest(self) -> None:
        with self._lock:
            entries = []
            for entry in os.scandir(self.folder):
                try:
                    status = entry.stat()
                except FileNotFoundError:  # another process dropped it
                    continue
                entries.append((status.st_mtime_ns, status.st_size, entry.path))
            total = sum(size for _, size, _ in entries)
            for _, size, path in sorted(entries):
                if total <= self.most_bytes:
                    break
                Path(path).unlink(missing_ok=True)
                total -= size


def is_hash(id: str) -> bool:
    """Whether `id` only names its request, which stands on the shelf."""
    return _HASHED.fullmatch(id) is not None


def inline_text(id: str) -> bytes | None:
    """The JSON that stands in `id` itself, None when none does."""
    return _unpack(id[1:]) if _INLINE.fullmatch(id) else None


def request_of(id: str, shelf: Shelf) -> TraceRequest | None:
    """The request that `id` stands for; None when it stands for nothing."""
    text = shelf.find(id) if is_hash(id) else inline_text(id)
    if text is None:
        return None
    try:
        return TraceRequest.model_validate_json(text)
    except ValidationError:
        return None


def _unpack(packed: str) -> bytes | None:
    """At most MOST_INLINE bytes, however well they were packed."""
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(raw, MOST_INLINE + 1)
    except (ValueError, zlib.error):
        return None
    whole = unpacker.eof and not unpacker.unused_data and len(text) <= MOST_INLINE
    return text if whole else None


class Cache(Generic[V]):
    """The values used last, at most so many bytes of them. Safe to use from any thread."""

    def __init__(self, most_bytes: int, size_of: Callable[[V], int]) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self._size_of = size_of
        self._held: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> V | None:
        """The value, now the most recently used; None when it is not held."""
        with self._lock:
            found = self._held.get(key)
            if found is None:
                return None
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, value: V) -> None:
        """Hold `value`; the ones used longest ago make room. What is larger than all room is not held."""
        size = self._size_of(value)
        with self._lock:
            before = self._held.pop(key, None)
            if before is not None:
                self.bytes -= before[1]
            if size > self.most_bytes:
                return
            self._held[key] = (value, size)
            self.bytes += size
            while self.bytes > self.most_bytes:
                _, (_, freed) = self._held.popitem(last=False)
                self.bytes -= freed
