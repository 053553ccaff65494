"""Modules of many kinds, their files in every format, and the output that the modules themselves give."""

import io
import random
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save
from torch import Tensor, nn

from tests.core import MODULES
from tests.referee import Array, Strand, regate

ONNX_ORDER = {"lstm": ("ifgo", "iofg"), "gru": ("rzn", "zrn"), "rnn": ("h", "h")}
# How people call and nest what has the recurrent layer in it.
NAMES = ("rnn", "lstm", "encoder.lstm", "module.decoder.rnn", "model.layers.0.gru", "net.0", "a.b.c.d", "", "循环")
NESTS: tuple[tuple[str, ...], ...] = ((), ("model_state_dict",), ("state_dict",), ("model", "net"), ("ema",))


@dataclass(frozen=True)
class Made:
    """A module, what it is called in its file, what it reads and what it answers."""

    module: nn.RNNBase
    name: str
    nest: tuple[str, ...]
    x: Tensor  # (N, T, F)
    output: Tensor  # (N, T, D·P)
    nonlinearity: str | None

    @property
    def cell(self) -> str:
        return self.module.mode.split("_")[0].lower()

    def named(self) -> dict[str, Tensor]:
        """Its parameters as a state_dict of the whole model would name them."""
        dot = f"{self.name}." if self.name else ""
        return {f"{dot}{name}": value.detach() for name, value in self.module.named_parameters()}

    def strands(self) -> list[list[Strand]]:
        """Its weights, a layer's directions side by side."""
        held = {name: value.detach().numpy() for name, value in self.module.named_parameters()}
        kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ends = ("", "_reverse") if self.module.bidirectional else ("",)
        rows = [[tuple(held.get(f"{kind}_l{k}{end}") for kind in kinds) for end in ends] for k in range(self.layers)]
        return [[Strand(*each) for each in row] for row in rows]  # type: ignore[arg-type]

    @property
    def layers(self) -> int:
        return self.module.num_layers


def made(seed: int, *, projected: bool = True) -> Made:
    """The module of a seed: any cell, sizes, layers, directions, biases, projection, name and nesting."""
    chosen = random.Random(seed)
    cell = chosen.choice(["lstm", "lstm", "gru", "rnn"])
    F, H, L = chosen.randint(1, 6), chosen.randint(2, 6), chosen.choice([1, 1, 2, 3])
    options: dict[str, Any] = {"bias": chosen.random() < 0.7, "bidirectional": chosen.random() < 0.5}
    if cell == "lstm" and projected and chosen.random() < 0.4:
        options["proj_size"] = chosen.randint(1, H - 1)
    if cell == "rnn":
        options["nonlinearity"] = chosen.choice(["tanh", "relu"])
    torch.manual_seed(seed)
    module = MODULES[cell](F, H, L, batch_first=True, **options).eval()
    x = torch.randn(2, 4, F)
    with torch.no_grad():
        output, _ = module(x)
    return Made(module, chosen.choice(NAMES), chosen.choice(NESTS), x, output, options.get("nonlinearity"))


def nested(each: Made) -> dict[str, Any]:
    """The state_dict as deep in a checkpoint as it lies, with what usually lies beside it."""
    held: dict[str, Any] = dict(each.named())
    for name in reversed(each.nest):
        held = {name: held, "epoch": 7, "lr": [1e-3, None], "note": "best"}
    return held


def in_pt(each: Made) -> bytes:
    return pt(nested(each))


def in_old_pt(each: Made) -> bytes:
    return pt(nested(each), _use_new_zipfile_serialization=False)


def pt(held: object, **how: Any) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(held, file, **how)
    return file.getvalue()


def in_safetensors(each: Made) -> bytes:
    return save({name: value.contiguous() for name, value in each.named().items()}, {"format": "pt"})


def in_npz(each: Made) -> bytes:
    file = io.BytesIO()
    write: Any = np.savez if each.layers % 2 else np.savez_compressed
    write(file, **{name: value.numpy() for name, value in each.named().items()})
    return file.getvalue()


def in_onnx(each: Made) -> bytes:
    """A node a layer, between them the directions laid side by side."""
    nodes: list[onnx.NodeProto] = []
    given: list[onnx.TensorProto] = []
    ours, theirs = ONNX_ORDER[each.cell]
    H, D = each.module.hidden_size, 2 if each.module.bidirectional else 1

    def tensor(name: str, values: Array) -> str:
        given.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def order(values: Any) -> Array:
        return regate(values, ours, theirs)

    joined = tensor("joined", np.array([0, 0, D * H], dtype=np.int64))
    reads = "x"
    for k, strands in enumerate(each.strands()):
        inputs = [reads, tensor(f"W{k}", np.stack([order(strand.W_ih) for strand in strands]))]
        inputs.append(tensor(f"R{k}", np.stack([order(strand.W_hh) for strand in strands])))
        if each.module.bias:
            both = [np.concatenate([order(strand.b_ih), order(strand.b_hh)]) for strand in strands]
            inputs.append(tensor(f"B{k}", np.stack(both)))
        options: dict[str, Any] = {"hidden_size": H, "direction": "bidirectional" if D == 2 else "forward"}
        if each.cell == "gru":
            options["linear_before_reset"] = 1
        if each.nonlinearity is not None:
            options["activations"] = [each.nonlinearity.capitalize()] * D
        label = "/".join(["", *each.name.split("."), each.cell.upper()])
        nodes.append(helper.make_node(each.cell.upper(), inputs, [f"Y{k}"], name=f"{label}_{k}", **options))
        nodes.append(helper.make_node("Transpose", [f"Y{k}"], [f"turned{k}"], perm=[0, 2, 1, 3]))
        nodes.append(helper.make_node("Reshape", [f"turned{k}", joined], [f"layer{k}"]))
        reads = f"layer{k}"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 3) for name in ("x", reads)]
    graph = helper.make_graph(nodes, "recurrent", ends[:1], ends[1:], given)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10)
    return bytes(model.SerializeToString())


def in_keras(each: Made, ending: str = "model.keras") -> bytes:
    """A Keras model with the same weights, one layer after the other, as it saves itself."""
    from tests import keras_layers  # takes seconds to load

    keras: Any = vars(keras_layers)["keras"]
    LAYERS, parameters = keras_layers.LAYERS, keras_layers.parameters

    layers: list[Any] = [keras.layers.Input((None, each.module.input_size))]
    options: dict[str, Any] = {"use_bias": each.module.bias, "return_sequences": True}
    if each.nonlinearity is not None:
        options["activation"] = each.nonlinearity
    for _ in range(each.layers):
        one = LAYERS[each.cell](each.module.hidden_size, **options)
        layers.append(keras.layers.Bidirectional(one) if each.module.bidirectional else one)
    model = keras.Sequential(layers)
    for layer, strands in zip(model.layers, each.strands(), strict=True):
        layer.set_weights([part for strand in strands for part in parameters(each.cell, strand)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ending
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Keras's own calls into torch, and of its older format
            model.save(path)
        return path.read_bytes()


def in_h5(each: Made) -> bytes:
    return in_keras(each, "model.h5")


# format → how to write it, and whether it can hold a projection
FORMATS: dict[str, tuple[Callable[[Made], bytes], bool]] = {
    "safetensors": (in_safetensors, True),
    "pt": (in_pt, True),
    "old pt": (in_old_pt, True),
    "npz": (in_npz, True),
    "onnx": (in_onnx, False),
    "keras": (in_keras, False),
    "h5": (in_h5, False),
}
