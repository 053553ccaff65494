"""Graphs and HDF5 files that reach out or grow, and what honest people send by mistake."""

import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from tests.hostile_archives import BAD, File, archives, npys, pickles, safetensors, tensors, zipped
from tests.model_files import Made, in_npz, in_old_pt, in_onnx, in_pt, in_safetensors, pt


def hdf5(secret: Path) -> Iterator[File]:
    """HDF5 with doors to the outside, and sizes that grow."""

    def file(write: Any) -> bytes:
        out = io.BytesIO()
        with h5py.File(out, "w") as opened:
            write(opened)
        return out.getvalue()

    size = secret.stat().st_size // 4 * 4

    def external(f: Any) -> None:
        f.create_dataset("lstm/kernel", (size // 4,), "f4", external=[(str(secret), 0, size)])

    def virtual(f: Any) -> None:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4,))
        f.create_virtual_dataset("lstm/kernel", layout)

    def itself(f: Any) -> None:
        f.create_group("a")["b"] = f

    def many(f: Any) -> None:
        for k in range(600):
            f[f"w{k}"] = np.zeros(2, "f4")

    yield "external storage", file(external), BAD + "external"
    yield "virtual", file(virtual), BAD + "external"
    yield "soft link", file(lambda f: f.__setitem__("a", h5py.SoftLink("/b"))), BAD + "links"
    yield "external link", file(lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/passwd", "/"))), BAD + "links"
    yield "a group in itself", file(itself), BAD + "links"
    yield "lzf", file(lambda f: f.create_dataset("a", data=np.zeros(900, "f4"), compression="lzf")), BAD + "packed"
    bomb = {"data": np.zeros(8 << 20, "f4"), "compression": "gzip"}
    yield "gzip bomb", file(lambda f: f.create_dataset("a", **bomb)), BAD + "ratio"
    yield "never written", file(lambda f: f.create_dataset("a", (4096, 2048), "f4", chunks=(8, 8))), BAD + "ratio"
    yield "a million times a million", file(lambda f: f.create_dataset("a", (10**6, 10**6), "f4", chunks=(8, 8))), BAD
    yield "600 arrays", file(many), BAD
    yield "whole numbers", file(lambda f: f.create_dataset("a", data=np.arange(9))), BAD + "nothing"
    yield "nothing in it", file(lambda f: f.create_group("a")), BAD + "nothing"
    good = file(lambda f: f.create_dataset("lstm/kernel", data=np.ones((4, 12), "f4")))
    yield "half of it", good[: len(good) // 2], BAD + "damaged"
    yield "its name alone", good[:8], BAD + "damaged"
    config = {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": "Lambda", "config": {"function": ["x"]}}]},
    }
    yield "a Lambda", zipped({"config.json": json.dumps(config).encode(), "model.weights.h5": good}), BAD + "nothing"
    deep = b'{"config":' * 5000 + b"1" + b"}" * 5000
    yield "a deep configuration", zipped({"config.json": deep, "model.weights.h5": good}), BAD
    yield "weights that are none", zipped({"config.json": b"{}", "model.weights.h5": b"x" * 99}), BAD + "damaged"
    yield "weights outside", zipped({"config.json": b"{}", "model.weights.h5": file(external)}), BAD + "external"


def onnxes() -> Iterator[File]:
    """ONNX that reaches out, lies about its sizes, or has cells that PyTorch has not."""

    def model(op: str = "LSTM", extra: dict[str, Any] | None = None, given: dict[str, Any] | None = None) -> bytes:
        G = {"LSTM": 4, "GRU": 3, "RNN": 1}[op]
        held = {"W": np.ones((1, G * 3, 2), "f4"), "R": np.ones((1, G * 3, 3), "f4")} | (given or {})
        inputs = ["x", "W", "R", *(["", "", "", "", "P"] if "P" in held else [])]
        node = helper.make_node(op, inputs, ["Y"], name="/net/LSTM", hidden_size=3, **(extra or {}))
        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "Y")]
        tensors = [numpy_helper.from_array(value, name) for name, value in held.items()]
        return bytes(helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], tensors)).SerializeToString())

    def changed(change: Any) -> bytes:
        made = onnx.load_from_string(model())
        change(made.graph.initializer[0])
        return bytes(made.SerializeToString())

    def outside(tensor: Any) -> None:
        tensor.data_location = TensorProto.EXTERNAL
        tensor.ClearField("raw_data")
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "../../../etc/passwd"

    yield "onnx external", changed(outside), BAD + "external"
    yield "onnx short", changed(lambda t: setattr(t, "raw_data", b"\x00" * 8)), BAD + "damaged"
    yield "onnx long", changed(lambda t: setattr(t, "raw_data", b"\x00" * 8000)), BAD + "damaged"
    yield "onnx huge", changed(lambda t: t.dims.extend([10**6, 10**6])), BAD
    yield "onnx negative", changed(lambda t: t.dims.append(-1)), BAD
    yield "onnx nine axes", changed(lambda t: t.dims.extend([1] * 9)), BAD
    yield "onnx of 8 bits", changed(lambda t: setattr(t, "data_type", TensorProto.INT8)), "upload.ignored.int8"
    reasons: tuple[tuple[str, str, dict[str, Any], dict[str, Any]], ...] = (
        ("hard sigmoid", "hard_sigmoid", {"activations": ["HardSigmoid", "Tanh", "Tanh"]}, {}),
        ("another function", "activation", {"activations": ["Sigmoid", "Relu", "Tanh"]}, {}),
        ("clip", "activation", {"clip": 3.0}, {}),
        ("coupled gates", "activation", {"input_forget": 1}, {}),
        ("backwards", "backwards", {"direction": "reverse"}, {}),
        ("peepholes", "peepholes", {}, {"P": np.ones((1, 9), "f4")}),
    )
    for name, why, extra, given in reasons:
        yield f"onnx {name}", model("LSTM", extra, given), f"upload.ignored.{why}"
    yield "onnx reset before", model("GRU"), "upload.ignored.reset_after"
    yield "onnx without end", b"\x08\x0a\x3a" + b"\xff" * 12, BAD
    yield "onnx lying length", b"\x08\x0a\x12\x02ab\x3a\xff\xff\xff\x7f", BAD
    yield "onnx of empty nodes", b"\x08\x0a\x3a\x84\xb4\x03" + b"\x0a\x00" * 27_906, BAD


def mistakes() -> Iterator[File]:
    """What honest people send."""
    lstm = nn.LSTM(2, 3)
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    yield "LFS pointer", pointer, BAD + "lfs"
    yield "web page", b"\n<!DOCTYPE html>\n<html><head><title>Sign in</title>", BAD + "html"
    yield "xml", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', BAD + "html"
    yield "nothing", b"", BAD + "empty"
    yield "whole module", pt(lstm), BAD + "pickled"
    yield "whole module, old", pt(lstm, _use_new_zipfile_serialization=False), BAD + "pickled"
    optimizer = torch.optim.Adam(lstm.parameters())
    lstm(torch.randn(4, 2))[0].sum().backward()
    optimizer.step()
    yield "optimizer", pt(optimizer.state_dict()), BAD + "optimizer"
    yield "optimizer, old", pt(optimizer.state_dict(), _use_new_zipfile_serialization=False), BAD + "optimizer"
    yield "numbers of numpy", pt({"best": np.float64(3.5), **lstm.state_dict()}), BAD + "pickled"
    yield "configuration", b'{"architectures": ["LSTM"], "hidden_size": 4}', BAD + "json"
    yield "notes", b"epoch 1 loss 0.3\nepoch 2 loss 0.2\n", BAD + "text"
    yield "a table", "城市,温度\n北京,3\n".encode(), BAD + "text"
    yield "gzip", b"\x1f\x8b\x08\x00" + zlib.compress(b"x" * 99), BAD + "gzip"
    yield "7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), BAD + "gzip"
    yield "picture", b"\x89PNG\r\n\x1a\n" + bytes(40), BAD + "picture"
    yield "document", b"%PDF-1.7\n", BAD + "picture"
    yield "language model", b"GGUF\x03\x00\x00\x00" + bytes(40), BAD + "gguf"
    yield "noise", bytes(range(200, 256)) * 40, BAD + "unknown"
    yield "only a linear layer", pt(nn.Linear(3, 4).state_dict()), BAD + "nothing"
    yield "whole numbers", pt({"vocab": torch.arange(9)}), BAD + "nothing"
    yield "8 bits", pt({"lstm.weight_ih_l0": torch.zeros(12, 2, dtype=torch.int8)}), "upload.ignored.int8"
    norm = {f"cell.{name}": torch.ones(12, 3) for name in ("weight_ih", "weight_hh")}
    yield "layer norm", pt(norm | {"cell.layernorm_i.weight": torch.ones(12)}), "upload.ignored.layer_norm"
    yield "peepholes", pt(norm | {"cell.weight_ci": torch.ones(3)}), "upload.ignored.peepholes"
    yield (
        "diverged",
        pt({name: value * float("nan") for name, value in lstm.state_dict().items()}),
        "upload.ignored.nonfinite",
    )
    halves = {name: value for name, value in lstm.state_dict().items() if "hh" not in name}
    yield "half of it", pt(halves), "upload.ignored.incomplete"
    yield (
        "shapes of none",
        pt({"a.weight_ih_l0": torch.ones(5, 2), "a.weight_hh_l0": torch.ones(5, 3)}),
        "upload.ignored.shapes",
    )


def cut(write: Any, name: str) -> Iterator[File]:
    """A good file that ends too early."""
    data = write(Made(nn.LSTM(2, 3), "lstm", (), torch.zeros(1), torch.zeros(1), None))
    for eighths in (1, 3, 5, 7):
        yield f"{name}, {eighths}/8 of it", data[: len(data) * eighths // 8], ""


def corpus(canary: Path, secret: Path) -> list[File]:
    """Every file. What runs would make `canary`; what reaches out would read `secret`."""
    files = [*pickles(canary), *tensors(), *archives(), *npys(canary), *safetensors(), *hdf5(secret), *onnxes()]
    writers = {"pt": in_pt, "old pt": in_old_pt, "npz": in_npz, "safetensors": in_safetensors, "onnx": in_onnx}
    return [*files, *mistakes(), *(each for name, write in writers.items() for each in cut(write, name))]
