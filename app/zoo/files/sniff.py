"""Which format a file has, by what is in it and never by its name; and the sentence for what is none."""

from app.zoo.files import npz_file, onnx_file, onnx_graph, safetensors_file, torch_file
from app.zoo.files.archive import Archive
from app.zoo.files.content import Caps, Content, Unreadable

ZIP = b"PK\x03\x04"
HDF5 = b"\x89HDF\r\n\x1a\n"
OLD_TORCH = (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", b"\x80\x02\x8a\nl\xfc")
# First bytes of what people send by mistake, and what to say.
OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "problem.file.lfs"),
    (b"\x93NUMPY", "problem.file.npy"),
    (b"\x1f\x8b", "problem.file.gzip"),
    (b"BZh", "problem.file.gzip"),
    (b"\xfd7zXZ", "problem.file.gzip"),
    (b"7z\xbc\xaf", "problem.file.gzip"),
    (b"GGUF", "problem.file.gguf"),
    (b"\x89PNG", "problem.file.picture"),
    (b"\xff\xd8\xff", "problem.file.picture"),
    (b"GIF8", "problem.file.picture"),
    (b"%PDF", "problem.file.picture"),
)


def read(data: bytes, caps: Caps) -> Content:
    """What a model file holds; raises Unreadable with the sentence that helps."""
    if not data:
        raise Unreadable("problem.file.empty")
    if len(data) > caps.file_bytes:
        raise Unreadable("problem.file.large", got=len(data), most=caps.file_bytes)
    for start, key in OTHERS:
        if data.startswith(start):
            raise Unreadable(key)
    if safetensors_file.looks_so(data):  # its first byte, of a length, may be anything
        return safetensors_file.read(data, caps)
    if data.startswith(ZIP):
        return _zip(data, caps)
    if data.startswith(OLD_TORCH):
        return torch_file.read_old(data, caps)
    if data.startswith(b"\x80") and data[1:2] <= b"\x05":
        raise Unreadable("problem.file.bare_pickle")
    if data.startswith(HDF5):
        from app.zoo.files import keras_file  # its library takes a while to load

        return keras_file.read_h5(data, caps)
    if onnx_graph.looks_so(data):
        return onnx_file.read(data, caps)
    raise _text(data)


def _zip(data: bytes, caps: Caps) -> Content:
    archive = Archive(data, caps, stored_only=False)
    names = list(archive.entries)
    if any(name.endswith(("archive_format", "serialized_exported_program.json")) for name in names):
        raise Unreadable("problem.file.pt2")
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return torch_file.read_zip(Archive(data, caps, stored_only=True))
    if "model.weights.h5" in names:
        from app.zoo.files import keras_file

        return keras_file.read_keras(archive)
    if any(name.endswith(".npy") for name in names):
        return npz_file.read(archive)
    raise Unreadable("problem.file.zip")


def _text(data: bytes) -> Unreadable:
    start = data[:2048].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"<head")) or b"<html" in start:
        return Unreadable("problem.file.html")
    if start.startswith((b"{", b"[")):
        return Unreadable("problem.file.json")
    try:
        data[:2048].decode("utf-8")
    except UnicodeDecodeError:
        return Unreadable("problem.file.unknown")
    return Unreadable("problem.file.text")
