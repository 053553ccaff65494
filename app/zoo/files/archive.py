"""A zip archive held against its own directory before any of it is unpacked."""

import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from app.zoo.files.content import Caps, Unreadable

MORE_ENTRIES = 64  # beside the tensors: versions, configurations


class Archive:
    """The entries of a zip; each is read whole, and never more of it than the directory says."""

    def __init__(self, data: bytes, caps: Caps, *, stored_only: bool) -> None:
        self.caps = caps
        self.size = len(data)
        try:
            self.zip = ZipFile(BytesIO(data))
            entries = self.zip.infolist()
        except (BadZipFile, ValueError, NotImplementedError, OverflowError, EOFError, UnicodeDecodeError):
            raise Unreadable("problem.file.damaged", what="zip") from None
        most = caps.tensors + MORE_ENTRIES
        if len(entries) > most:
            raise Unreadable("problem.file.entries", got=len(entries), most=most)
        self.entries: dict[str, ZipInfo] = {}
        packed = unpacked = 0
        for entry in entries:
            if entry.filename in self.entries:
                raise Unreadable("problem.file.twice", name=entry.filename[:80])
            if entry.flag_bits & 0x1:
                raise Unreadable("problem.file.encrypted")
            if entry.compress_type not in ((ZIP_STORED,) if stored_only else (ZIP_STORED, ZIP_DEFLATED)):
                raise Unreadable("problem.file.packed", name=entry.filename[:80])
            if entry.file_size > max(entry.compress_size, 1) * caps.ratio + 4096:
                raise Unreadable("problem.file.ratio", name=entry.filename[:80], most=caps.ratio)
            packed += entry.compress_size
            unpacked += entry.file_size
            self.entries[entry.filename] = entry
        if packed > self.size:  # entries that lie on one another
            raise Unreadable("problem.file.damaged", what="zip")
        if unpacked > caps.decoded_bytes:
            raise Unreadable("problem.file.decoded", got=unpacked, most=caps.decoded_bytes)

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def read(self, name: str, most: int | None = None) -> bytes:
        """The bytes of one entry, exactly as many as its directory says."""
        entry = self.entries.get(name)
        if entry is None:
            raise Unreadable("problem.file.missing", name=name[:80])
        if most is not None and entry.file_size > most:
            raise Unreadable("problem.file.header", got=entry.file_size, most=most)
        try:
            with self.zip.open(entry) as file:
                found = file.read(entry.file_size + 1)
        except (BadZipFile, ValueError, NotImplementedError, EOFError, OSError, RuntimeError, zlib.error):
            raise Unreadable("problem.file.damaged", what=name[:80]) from None
        if len(found) != entry.file_size:
            raise Unreadable("problem.file.damaged", what=name[:80])
        return found
