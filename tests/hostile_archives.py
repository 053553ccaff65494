"""Pickles, zips, arrays and safetensors that lie or blow up, each with the sentence it must get."""

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from tests.model_files import Made, in_npz, pt

File = tuple[str, bytes, str]  # what it is, its bytes, the key of the sentence ("" for any refusal)
BAD = "problem.file."
STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu%stQ"


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def pt_of(pickled: bytes, **entries: bytes) -> bytes:
    """A .pt whose pickle is given byte by byte."""
    return zipped({"a/data.pkl": pickled, "a/version": b"3\n", "a/data/0": bytes(64), **entries})


def tensor(
    count: int = 16, first: bytes = b"K\x00", size: bytes = b"K\x04K\x04\x86", stride: bytes = b"K\x04K\x01\x86"
) -> bytes:
    """The codes of one tensor."""
    storage = STORAGE % (b"J" + struct.pack("<i", count))
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + first
        + size
        + stride
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )


def held(value: bytes) -> bytes:
    """{"lstm.weight_ih_l0": value}."""
    return b"\x80\x02}X\x11\x00\x00\x00lstm.weight_ih_l0" + value + b"s."


def pickles(canary: Path) -> Iterator[File]:
    """Programs in a pickle, in all the ways there are to call one."""
    told = f"touch {canary}".encode()
    said = b"X" + struct.pack("<I", len(told)) + told
    calls = {
        "os.system": b"\x80\x02cos\nsystem\n" + said + b"\x85R.",
        "posix.system": b"\x80\x02cposix\nsystem\n" + said + b"\x85R.",
        "eval": b"\x80\x02c__builtin__\neval\n" + said + b"\x85R.",
        "exec": b"\x80\x02cbuiltins\nexec\n" + said + b"\x85R.",
        "getattr": b"\x80\x02cbuiltins\ngetattr\n" + said + said + b"\x86R.",
        "subprocess": b"\x80\x02csubprocess\nPopen\n" + said + b"\x85R.",
        "INST": b"(" + said + b"ios\nsystem\n.",
        "OBJ": b"\x80\x02(cos\nsystem\n" + said + b"o.",
        "NEWOBJ": b"\x80\x02cos\nsystem\n" + said + b"\x85\x81.",
        "NEWOBJ_EX": b"\x80\x04cos\nsystem\n" + said + b"\x85}\x92.",
        "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93" + said + b"\x85R.",
        "deep name": b"\x80\x04\x8c\x0bcollections\x8c\x17OrderedDict.__init__.im\x93)R.",
        "EXT1": b"\x80\x02\x82\x01.",
        "EXT4": b"\x80\x02\x84\x01\x00\x00\x00.",
        "PERSID": b"\x80\x02Pos.system\n.",
        "BUILD": b"\x80\x02ccollections\nOrderedDict\n)R}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsb.",
        "sparse": b"\x80\x02ctorch._utils\n_rebuild_sparse_tensor\n)R.",
        "lying layout": b"\x80\x02ctorch\nsparse_coo\n.",
        "torch.load": b"\x80\x02ctorch.serialization\nload\n" + said + b"\x85R.",
        "numpy": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R.",
        "module": b"\x80\x02ctorch.nn.modules.rnn\nLSTM\n)\x81.",
        "own class": b"\x80\x02c__main__\nNet\n)\x81.",
        "NEXT_BUFFER": b"\x80\x05\x97.",
        "BYTEARRAY": b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
    }
    for name, code in calls.items():
        yield f"pickle {name}", pt_of(code), BAD
    yield "old form with os.system", in_old_pt_with(calls["os.system"]), BAD + "pickled"
    yield "bare pickle", calls["os.system"], BAD + "bare_pickle"


def in_old_pt_with(code: bytes) -> bytes:
    """The older form whose object is a program."""
    start = pt({}, _use_new_zipfile_serialization=False)
    return start[: start.index(b"\x80\x02}", 30)] + code


def tensors() -> Iterator[File]:
    """Tensors that are not what they say."""
    yield "a good one", pt_of(held(tensor())), "upload.ignored.incomplete"
    shapes = {
        "outside": tensor(first=b"K\x01"),
        "negative start": tensor(first=b"J\xff\xff\xff\xff"),
        "expanded": tensor(size=b"J\x00\xca\x9a;K\x04\x86", stride=b"K\x00K\x01\x86"),
        "huge": tensor(size=b"\x8a\x06\x00\x00\x00\x00\x00\x01K\x01\x86", stride=b"K\x01K\x01\x86"),
        "negative size": tensor(size=b"J\xff\xff\xff\xffK\x04\x86"),
        "turned": tensor(size=b"K\x04K\x04\x86", stride=b"K\x01K\x04\x86"),
        "lying storage": tensor(count=2_000_000_000, size=b"J\x00\x94\x35\x77\x85", stride=b"K\x01\x85"),
        "size of text": tensor(size=b"X\x01\x00\x00\x004\x85"),
        "size of truth": tensor(size=b"\x88K\x04\x86", stride=b"K\x04K\x01\x86"),
        "nine axes": tensor(size=b"(" + b"K\x01" * 9 + b"t", stride=b"(" + b"K\x01" * 9 + b"t"),
        "storage twice": b"ctorch\nFloatStorage\n)R",
        "tuple as storage": b"ctorch._utils\n_rebuild_tensor_v2\n()K\x00)))tR",
        "unknown storage": tensor().replace(b"FloatStorage", b"QInt8Storage"),
        "no storage": tensor().replace(b"X\x01\x00\x00\x000", b"X\x01\x00\x00\x009"),
        "storage above": tensor().replace(b"X\x01\x00\x00\x000", b"X\x0a\x00\x00\x00../version"),
        "storage of passwd": tensor().replace(b"X\x01\x00\x00\x000", b"X\x0b\x00\x00\x00/etc/passwd"),
    }
    for name, code in shapes.items():
        yield f"tensor {name}", pt_of(held(code)), BAD
    yield "itself in itself", pt_of(b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s."), BAD
    yield (
        "a billion of lists",
        pt_of(b"\x80\x02]q\x00" + b"".join(b"](" + b"h\x00" * 0 + b"e" for _ in range(3)) + doubling()),
        BAD,
    )
    yield "deep", pt_of(b"\x80\x02" + b"]" * 3000 + b"a" * 2999 + b"."), BAD
    yield "marks", pt_of(b"\x80\x02" + b"(" * 300_000 + b"."), BAD
    yield "pops", pt_of(b"\x80\x02" + b"0" * 50 + b"."), BAD
    yield "no end", pt_of(b"\x80\x02}"), BAD
    yield "long number", pt_of(b"\x80\x02L" + b"9" * 100_000 + b"L\n."), BAD
    yield "key that is a list", pt_of(b"\x80\x02}]K\x01s."), BAD
    yield "memo of nothing", pt_of(b"\x80\x02h\x05."), BAD
    yield "600 tensors", pt({f"w{k}": torch.zeros(1) for k in range(600)}), BAD + "entries"
    yield (
        "many views of one",
        pt({f"w{k}": view for k, view in enumerate([torch.zeros(300_000)] * 500)}),
        BAD + "decoded",
    )
    packed = zipped({"a/data.pkl": held(tensor()), "a/data/0": bytes(64)}, zipfile.ZIP_DEFLATED)
    yield "packed zip", packed, BAD + "packed"
    yield (
        "300 MB of zeros",
        zipped({"a/data.pkl": held(tensor()), "a/data/0": bytes(80 << 20)}, zipfile.ZIP_DEFLATED),
        BAD,
    )
    yield "two pickles", zipped({"a/data.pkl": b".", "b/data.pkl": b"."}), BAD
    yield "big endian", pt_of(held(tensor()), **{"a/byteorder": b"big"}), BAD + "endian"
    yield (
        "TorchScript",
        zipped({"a/data.pkl": b".", "a/code/net.py": b"x", "a/constants.pkl": b"."}),
        BAD + "torchscript",
    )
    yield "pt2", zipped({"a/archive_format": b"pt2", "a/models/model.json": b"{}"}), BAD + "pt2"


def doubling() -> bytes:
    """Lists that hold the one before twice, forty times over: 2^40 leaves in 300 bytes."""
    code = b"".join(b"](" + b"h%c" % k * 2 + b"eq%c" % (k + 1) for k in range(40))
    return code + b"."


def archives() -> Iterator[File]:
    """Zips that say one thing in their directory and another in their entries."""
    good = in_npz(Made(nn.LSTM(2, 3), "lstm", (), torch.zeros(1), torch.zeros(1), None))
    yield "locked", flagged(good, 1), BAD
    yield "a name twice", zipped({"a.npy": b"x", "b.npy": b"x"}).replace(b"b.npy", b"a.npy"), BAD + "twice"
    yield "bzip2", zipped({"a.npy": bytes(1000)}, zipfile.ZIP_BZIP2), BAD + "packed"
    yield "lzma", zipped({"a.npy": bytes(1000)}, zipfile.ZIP_LZMA), BAD + "packed"
    yield "1000 entries", zipped({f"{k}.npy": b"" for k in range(1000)}), BAD + "entries"
    yield "a bomb", zipped({"a.npy": bytes(30 << 20)}, zipfile.ZIP_DEFLATED), BAD + "ratio"
    yield "a larger bomb", zipped({f"{k}.npy": np.arange(3 << 18).tobytes() * 4 for k in range(9)}), BAD + "large"
    yield "no model", zipped({"readme.txt": b"hello"}), BAD + "zip"
    yield "a path above", zipped({"../../canary.npy": b"\x93NUMPY\x01\x00"}), BAD
    yield "half a directory", good[:-30], BAD
    wrong = bytearray(good)
    wrong[good.rindex(b"PK\x01\x02") + 24] ^= 0xFF  # the length after unpacking
    yield "lying length", bytes(wrong), BAD


def flagged(data: bytes, flag: int) -> bytes:
    out = bytearray(data)
    at = data.index(b"PK\x01\x02")
    out[at + 8] |= flag
    return bytes(out)


def npys(canary: Path) -> Iterator[File]:
    """Heads of arrays that lie or want to be evaluated."""

    def array(head: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
        text = head.encode().ljust(117) + b"\n"
        return zipped({"lstm.weight_ih_l0.npy": b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + body})

    file = io.BytesIO()
    np.savez(file, lstm=np.array([Touch(canary)], dtype=object))
    yield "objects", file.getvalue(), BAD + "objects"
    form = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"
    yield "evaluated", array(f"__import__('os').system('touch {canary}')"), BAD
    yield "too short", array(form.format("<f4", "(4, 4)"), bytes(8)), BAD
    yield "too long", array(form.format("<f4", "(1,)"), bytes(80)), BAD
    yield "huge shape", array(form.format("<f4", "(1000000, 1000000)")), BAD + "decoded"
    yield "negative shape", array(form.format("<f4", "(-1, 4)")), BAD
    yield "shape of text", array(form.format("<f4", "('a',)")), BAD
    yield "a type of its own", array(form.format("V8", "(1,)"), bytes(8)), BAD + "nothing"
    yield "objects by name", array(form.format("|O", "(1,)"), bytes(8)), BAD + "objects"
    yield "head of 60 kB", array("{" + "'a': 1, " * 7000 + "}"), BAD
    yield "deep head", array("(" * 900 + ")" * 900), BAD
    yield "version 9", array(form.format("<f4", "(1,)"), bytes(4), b"\x09\x00"), BAD
    yield "one array", b"\x93NUMPY\x01\x00" + bytes(100), BAD + "npy"


class Touch:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def safetensors() -> Iterator[File]:
    """Heads of safetensors that do not tell the truth."""

    def file(head: object, body: bytes = bytes(64)) -> bytes:
        text = head if isinstance(head, bytes) else json.dumps(head).encode()
        return struct.pack("<Q", len(text)) + text + body

    good = {"dtype": "F32", "shape": [4, 4], "data_offsets": [0, 64]}
    changes: dict[str, dict[str, Any]] = {
        "shorter": {"shape": [4, 3]},
        "longer": {"shape": [4, 5]},
        "negative": {"shape": [-4, -4]},
        "fractions": {"shape": [4.0, 4]},
        "huge": {"shape": [1 << 47, 4]},
        "of truth": {"shape": [True, 16]},
        "no list": {"shape": 16},
        "backwards": {"data_offsets": [64, 0]},
        "beyond": {"data_offsets": [64, 128]},
        "three offsets": {"data_offsets": [0, 32, 64]},
        "unknown type": {"dtype": "F3"},
        "type of a list": {"dtype": ["F32"]},
        "one more": {"extra": 1},
    }
    for name, changed in changes.items():
        yield f"safetensors {name}", file({"w": good | changed}), BAD
    yield "safetensors twice", file(b'{"w":%s,"w":%s}' % ((json.dumps(good).encode(),) * 2)), BAD + "twice"
    yield "safetensors on each other", file({"a": good, "b": good}), BAD + "gaps"
    yield "safetensors with a gap", file({"a": good | {"data_offsets": [64, 128]}}, bytes(128)), BAD + "gaps"
    yield "safetensors with a tail", file({"a": good}, bytes(80)), BAD + "gaps"
    yield "safetensors cut", file({"a": good}, bytes(40)), BAD
    yield "safetensors of NaN", file(b'{"a":NaN}'), BAD
    yield "safetensors deep", file(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), BAD
    yield "safetensors of text", file(b"{" + b"\xff" * 20 + b"}"), BAD
    yield "safetensors with a head of 2 MB", file(b"{" + b" " * (2 << 20) + b"}"), BAD + "header"
    yield "safetensors with a lying head", struct.pack("<Q", 900) + b'{"a"' + bytes(300), BAD + "short"
    yield "safetensors of 600", save({f"w{k}": torch.zeros(1) for k in range(600)}), BAD + "tensors"
    yield "safetensors with a long name", save({"w" * 400: torch.zeros(1)}), BAD + "name"
    yield (
        "safetensors of 8 bits",
        save({"lstm.weight_ih_l0": torch.zeros(4, 4, dtype=torch.int8)}),
        "upload.ignored.int8",
    )
    yield "safetensors without a stack", save(nn.Linear(3, 4).state_dict()), BAD + "nothing"
