"""What torch.save writes, as a zip or in its older form, read without torch: plain tensors and their names."""

from io import BytesIO
from typing import Any

from app.zoo.files.archive import Archive
from app.zoo.files.content import ITEM, Caps, Content, Unreadable, decoded
from app.zoo.files.flat import tensors
from app.zoo.files.unpickle import Machine, Storage, Tensor, damaged

OLD_MAGIC = 0x1950A86A20F9469CFC6C
OLD_PROTOCOL = 1001
WRITTEN_OTHERS = {"CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1, "ShortStorage": 2, "IntStorage": 4}
WRITTEN_OTHERS |= {"LongStorage": 8}


def read_zip(archive: Archive) -> Content:
    """The zip form, since torch 1.6; raises Unreadable."""
    found = [name for name in archive.entries if name == "data.pkl" or name.endswith("/data.pkl")]
    if len(found) != 1:
        raise Unreadable("problem.file.damaged", what="zip")
    top = found[0].removesuffix("data.pkl")
    if any(name.startswith(f"{top}code/") or name == f"{top}constants.pkl" for name in archive.entries):
        raise Unreadable("problem.file.torchscript")
    if f"{top}byteorder" in archive and archive.read(f"{top}byteorder", 16) != b"little":
        raise Unreadable("problem.file.endian")
    pickled = archive.read(found[0], archive.caps.header_bytes)
    root = Machine(BytesIO(pickled), archive.caps.header_bytes).load()
    read: dict[str, bytes] = {}

    def numbers(storage: Storage) -> memoryview:
        if storage.key not in read:
            read[storage.key] = archive.read(f"{top}data/{storage.key}")
        return memoryview(read[storage.key])

    return _content(root, numbers, archive.caps)


def read_old(data: bytes, caps: Caps) -> Content:
    """The form before it: five pickles, then each storage with its length in front."""
    machine = Machine(file := BytesIO(data), caps.header_bytes)
    if machine.load() != OLD_MAGIC or machine.load() != OLD_PROTOCOL:
        raise damaged()
    system = machine.load()
    if isinstance(system, dict) and system.get("little_endian") is False:
        raise Unreadable("problem.file.endian")
    root, keys = machine.load(), machine.load()
    if not isinstance(keys, list) or not all(type(key) is str for key in keys) or len(set(keys)) < len(keys):
        raise damaged()
    kinds: dict[str, Storage] = {}
    for _, tensor in tensors(root, None):
        kinds[tensor.storage.key] = tensor.storage
    if set(keys) != set(kinds):
        raise damaged()
    at = file.tell()
    spans: dict[str, memoryview] = {}
    for key in keys:
        count = int.from_bytes(data[at : at + 8], "little")
        item = ITEM.get(kinds[key].kind) or WRITTEN_OTHERS.get(kinds[key].kind, 0)
        end = at + 8 + count * item
        if not item or count >= 1 << 40 or end > len(data):
            raise Unreadable("problem.file.short", kind="PyTorch")
        spans[key] = memoryview(data)[at + 8 : end]
        at = end
    return _content(root, lambda storage: spans[storage.key], caps)


def _content(root: Any, numbers: Any, caps: Caps) -> Content:
    """Every tensor of weights under its flat name, out of the bytes that `numbers` gives of a storage."""
    content, skipped = Content("pt", caps), []  # type: tuple[Content, list[str]]
    for name, tensor in tensors(root, skipped):
        _put(content, name, tensor, numbers)
    for name in skipped:
        content.ignore(name, "upload.ignored.optimizer")
    return content


def _put(content: Content, name: str, tensor: Tensor, numbers: Any) -> None:
    storage = tensor.storage
    count = content.room_for(name, tensor.shape, ITEM.get(storage.kind, 4))
    if storage.kind not in ITEM:
        whole = storage.kind in ("CharStorage", "ByteStorage")
        content.ignore(name, "upload.ignored.int8" if whole else "upload.ignored.integers")
        return
    item, raw = ITEM[storage.kind], numbers(storage)
    first = (storage.first + tensor.first) * item
    if first + count * item > len(raw):
        raise Unreadable("problem.file.outside")
    content.put(name, decoded(raw[first : first + count * item], storage.kind, tensor.shape))
