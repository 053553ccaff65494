"""Uploaded models in a folder: kept under the hash of the file, found again by name, bounded in bytes and days."""

import logging
import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from app.recurrent.errors import Refusal, Say
from app.recurrent.spec import EmbeddingSpec, HeadSpec, ModelSpec
from app.whole import write_whole
from app.zoo.files import plain
from app.zoo.files.content import Content
from app.zoo.stacks import Found, Stack
from app.zoo.trained import Trained

log = logging.getLogger("unrolled")

IDS = re.compile(r"[0-9a-f]{32}")
MOST_HEAD = 16 << 20  # bytes of JSON that describe one upload
IN_USE_SECONDS = 3600.0  # what was used within it never makes room for something new
DAY = 86_400.0


@dataclass(frozen=True)
class Upload:
    """One kept file: what it was called, what it holds, how large it is here."""

    id: str
    filename: str
    kind: str
    bytes: int
    added: float  # seconds since 1970
    stacks: tuple[Stack, ...]
    ignored: tuple[tuple[str, str], ...]

    def stack(self, prefix: str | None) -> Stack | None:
        """The stack under `prefix`; the first when none is named."""
        return next((each for each in self.stacks if prefix is None or each.prefix == prefix), None)


class Uploads:
    """The folder. Whoever reads sees a whole file or none; a server that was killed leaves nothing half-done."""

    def __init__(self, data: Path, most_bytes: int, days: float) -> None:
        self.folder = data / "models"
        self.most_bytes = most_bytes
        self.days = days
        self._lock = threading.Lock()

    def keep(self, id: str, filename: str, content: Content, found: Found) -> Upload:
        """Write what the stacks need; raises Refusal when there is no room."""
        used = {name for stack in found.stacks for name in stack.names.values() if name}
        small = Content(content.kind, content.caps, {n: a for n, a in content.arrays.items() if n in used})
        ignored = [*content.ignored, *found.ignored]
        card = {
            "filename": filename,
            "added": time.time(),
            "stacks": [vars(stack) for stack in found.stacks],
            "left_out": ignored[: 2 * content.caps.tensors],
        }
        data = plain.packed(small, {"card": card})
        with self._lock:
            self._make_room(len(data), id)
            write_whole(self.folder, id, data)
        made = self.get(id)
        assert made is not None
        return made

    def get(self, id: str) -> Upload | None:
        """What is kept under `id`, if anything."""
        head = self._head(id)
        return None if head is None else _upload(id, head[0], head[2])

    def all(self) -> list[Upload]:
        """Every upload, the newest first."""
        found = [upload for name, _, _ in self._files() if (upload := self.get(name)) is not None]
        return sorted(found, key=lambda upload: -upload.added)

    def delete(self, id: str) -> bool:
        """Remove it; False when it was not there."""
        if not IDS.fullmatch(id):
            return False
        try:
            (self.folder / id).unlink()
        except FileNotFoundError:
            return False
        return True

    def trained(self, id: str, prefix: str | None) -> Trained | None:
        """One stack of an upload as weights for a run, its file now the one used last."""
        upload = self.get(id)
        stack = None if upload is None else upload.stack(prefix)
        if upload is None or stack is None:
            return None
        try:
            os.utime(self.folder / id)
        except OSError:  # a folder that can only be read
            log.debug("the time of %s could not be set", id)
        embedding = head = None
        if stack.embedding is not None:
            embedding = EmbeddingSpec(num_embeddings=stack.embedding[0], embedding_dim=stack.embedding[1])
        if stack.head is not None:
            head = HeadSpec(reads="h_n", out_features=stack.head[0])
        return Trained(
            field="weights.upload",
            name=upload.filename,
            model=model_of(stack),
            embedding=embedding,
            head=head,
            vocabulary=None,
            load=lambda: self._tensors(id, stack),
            card={},
            id=id,
            free=() if stack.nonlinearity else ("nonlinearity",),
        )

    def _tensors(self, id: str, stack: Stack) -> dict[str, Tensor]:
        """Every parameter of the stack by the API's name."""
        head = self._head(id)
        if head is None:  # deleted since it was planned
            raise Refusal("invalid-value", Say("problem.upload_unknown", {"name": id}), field="weights.upload", got=id)
        entries, at = head[0]["tensors"], head[1]
        wanted = set(stack.names.values())
        read: dict[str, Tensor] = {}
        with (self.folder / id).open("rb") as file:
            for entry in entries:
                dtype = np.dtype(entry["dtype"])
                size = int(np.prod(entry["shape"], dtype=np.int64)) * dtype.itemsize
                if entry["name"] in wanted:
                    file.seek(at)
                    array = np.frombuffer(bytearray(file.read(size)), dtype).reshape(entry["shape"])
                    read[entry["name"]] = torch.from_numpy(array)
                at += size
        made = {name: read[theirs] for name, theirs in stack.names.items() if theirs}
        if stack.head is not None and "head.bias" not in made:
            made["head.bias"] = torch.zeros(stack.head[0])  # a linear layer without one
        return made

    def _head(self, id: str) -> tuple[dict[str, Any], int, int] | None:
        """Its JSON, where its numbers begin, and its size in bytes."""
        if not IDS.fullmatch(id):
            return None
        try:
            with (self.folder / id).open("rb") as file:
                start = file.read(plain.HEAD)
                size = int.from_bytes(start[8:], "little")
                head, at = plain.head_of(start + file.read(min(size, MOST_HEAD)), MOST_HEAD)
                return head, at, os.fstat(file.fileno()).st_size
        except (OSError, plain.Malformed):
            return None

    def _files(self) -> Iterator[tuple[str, float, int]]:
        """Name, time of last use and size of everything in the folder."""
        if not self.folder.is_dir():
            return
        for entry in os.scandir(self.folder):
            try:
                status = entry.stat()
            except FileNotFoundError:
                continue
            yield entry.name, status.st_mtime, status.st_size

    def _make_room(self, size: int, id: str) -> None:
        """Drop what is too old, then what was used longest ago; never what was used just now."""
        now = time.time()
        kept = []
        for name, used, length in sorted(self._files(), key=lambda each: each[1]):
            ends = self.days * DAY if IDS.fullmatch(name) else IN_USE_SECONDS  # a .part of a server that was killed
            if now - used > ends:
                (self.folder / name).unlink(missing_ok=True)
            elif name != id:
                kept.append((name, used, length))
        total = size + sum(length for _, _, length in kept)
        for name, used, length in kept:
            if total <= self.most_bytes:
                break
            if now - used > IN_USE_SECONDS and IDS.fullmatch(name):
                (self.folder / name).unlink(missing_ok=True)
                total -= length
        if total > self.most_bytes:
            say = Say("problem.over_limit.uploads", {"got": total, "expected": self.most_bytes})
            raise Refusal("over-limit", say, got=total, expected=self.most_bytes)


# The folder of this process; a request that only names an upload is looked for here.
_HERE: list[Uploads] = []


def open_here(uploads: Uploads) -> Uploads:
    """Make this the folder in which uploads are looked for."""
    _HERE[:] = [uploads]
    return uploads


def uploaded(id: str, prefix: str | None) -> Trained | None:
    """A stack of an upload of this process; None when there is none of this name."""
    return next((found for folder in _HERE if (found := folder.trained(id, prefix)) is not None), None)


def model_of(stack: Stack) -> ModelSpec:
    """The constructor's arguments of the module that a stack is of."""
    return ModelSpec.model_validate(
        {
            "cell": stack.cell,
            "input_size": stack.input_size,
            "hidden_size": stack.hidden_size,
            "num_layers": stack.num_layers,
            "bias": stack.bias,
            "bidirectional": stack.bidirectional,
            "proj_size": stack.proj_size,
            "nonlinearity": stack.nonlinearity or "tanh",
        }
    )


def _upload(id: str, head: dict[str, Any], size: int) -> Upload | None:
    try:
        card = head["card"]
        stacks = tuple(Stack(**{name: _tupled(name, value) for name, value in each.items()}) for each in card["stacks"])
        ignored = tuple((str(name), str(why)) for name, why in card["left_out"])
        return Upload(id, str(card["filename"]), str(head["kind"]), size, float(card["added"]), stacks, ignored)
    except (KeyError, TypeError, ValueError):  # of another version
        return None


def _tupled(name: str, value: Any) -> Any:
    return tuple(value) if name in ("embedding", "head") and value is not None else value
