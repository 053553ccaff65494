"""Keras weights (`.keras`, `.h5`, `.weights.h5`, or named so in `.npz`) turned into PyTorch's names and gate order."""

from dataclasses import dataclass, field

import numpy as np

from app.zoo.files import hdf5
from app.zoo.files.archive import Archive
from app.zoo.files.content import Array, Caps, Content
from app.zoo.files.keras_config import RECURRENT, Layer, follows, layers_of

LEAVES = {"kernel": 0, "recurrent_kernel": 1, "bias": 2}
CELLS = {4: "lstm", 3: "gru", 1: "rnn"}
TOPS = ("layers", "model_weights", "_layer_checkpoint_dependencies")


@dataclass
class Unit:
    """The variables of one cell, dense layer or embedding: kernel, recurrent kernel, bias by place."""

    label: str
    back: bool | None = None  # None: not inside a Bidirectional
    cell: bool = False
    table: Array | None = None
    held: dict[int, Array] = field(default_factory=dict)


def read_keras(archive: Archive) -> Content:
    """The zip that Keras 3 writes; raises Unreadable."""
    content = Content("keras", archive.caps)
    stored = hdf5.read(archive.read("model.weights.h5"), archive.caps, content)
    config = archive.read("config.json", archive.caps.header_bytes) if "config.json" in archive else b""
    convert(stored.arrays, content, layers_of(config), stored.names)
    return content


def read_h5(data: bytes, caps: Caps) -> Content:
    """A whole model or its weights in HDF5; raises Unreadable."""
    content = Content("hdf5", caps)
    stored = hdf5.read(data, caps, content)
    if any(path.split("/")[-1].startswith("weight_ih") for path in stored.arrays):  # PyTorch's names, kept in HDF5
        for path, array in stored.arrays.items():
            content.put(path.replace("/", "."), array)
        return content
    convert(stored.arrays, content, layers_of(stored.config or ""), stored.names)
    return content


def convert(arrays: dict[str, Array], content: Content, layers: list[Layer], names: dict[str, str]) -> None:
    """Put every layer into `content` under PyTorch's names; what can't be said so is ignored with its reason."""
    by_name = {layer.name: layer for layer in layers}
    by_name |= {layer.stored: layer for layer in layers if layer.stored not in by_name and not names}
    units: dict[tuple[str, bool | None], Unit] = {}
    for path, array in arrays.items():
        unit, place = _unit(path, names, units)
        if place is None:
            content.ignore(path, "upload.ignored.other")
        elif place < 0:
            unit.table = array
        else:
            unit.held[place] = array
    homes = _homes(layers)
    for unit in sorted(units.values(), key=lambda unit: homes.get(unit.label, (unit.label, 0))[1]):
        layer = by_name.get(unit.label)
        if unit.table is not None:
            content.put(f"{unit.label}.weight", unit.table)
        elif unit.cell or 1 in unit.held:
            fault = layer.fault() if layer is not None else None
            home, level = homes.get(layer.name if layer else unit.label, (unit.label, 0))
            fault = fault or _cell(content, f"{home}.", level, unit)
            if fault is not None:
                content.ignore(unit.label, fault)
            elif layer is not None and layer.kind == "SimpleRNN":
                content.facts[f"{home}."] = layer.activation
        else:
            _dense(content, unit, layer)


def _unit(path: str, names: dict[str, str], units: dict[tuple[str, bool | None], Unit]) -> tuple[Unit, int | None]:
    """Which layer an array belongs to, and which of its variables it is (−1: an embedding's table)."""
    parts = path.split("/")
    leaf = parts[-1].split(":")[0]
    where, place, cell = parts[:-1], LEAVES.get(leaf), False
    if leaf == "embeddings":
        place = -1
    if len(parts) > 1 and parts[-2] == "vars" and leaf.isdigit():
        where, place = parts[:-2], int(leaf)
        cell = bool(where) and where[-1] == "cell"
    if where and "cell" in where[-1].lower():
        where, cell = where[:-1], True
    back: bool | None = None
    if where and where[-1].startswith(("forward_", "backward_")):
        back = where[-1].startswith("backward_")
        where = where[:-1]
    label = names.get("/".join([*where, "vars"])) or next((each for each in reversed(where) if each not in TOPS), "")
    label = (label or leaf).replace(".", "_")
    unit = units.setdefault((label, back), Unit(label, back))
    unit.cell = unit.cell or cell
    return unit, place


def _homes(layers: list[Layer]) -> dict[str, tuple[str, int]]:
    """Layer → (the stack it is part of, which layer of it): Keras stacks by one layer reading another."""
    by_name = {layer.name: layer for layer in layers}
    homes: dict[str, tuple[str, int]] = {}
    taken: set[str] = set()
    for layer in layers:
        before = follows(layer, by_name) if layer.kind in RECURRENT else None
        alike = before is not None and _alike(before, layer) and before.name in homes and before.name not in taken
        if before is not None and alike:
            taken.add(before.name)
            home, level = homes[before.name]
            homes[layer.name] = (home, level + 1)
        else:
            homes[layer.name] = (layer.name.replace(".", "_"), 0)
    return homes


def _alike(one: Layer, other: Layer) -> bool:
    same = ("units", "use_bias", "activation", "recurrent_activation", "reset_after")
    faults = one.fault() or other.fault()
    return (
        not faults
        and (one.kind, one.both) == (other.kind, other.both)
        and all(one.config.get(name) == other.config.get(name) for name in same)
    )


def _cell(content: Content, prefix: str, level: int, unit: Unit) -> str | None:
    """The parameters of one cell; the key of a reason where they are none of PyTorch's."""
    kernel, recurrent, bias = unit.held.get(0), unit.held.get(1), unit.held.get(2)
    if max(unit.held) > 2 or kernel is None or recurrent is None:
        return "upload.ignored.custom_cell"
    if kernel.ndim != 2 or recurrent.ndim != 2 or not recurrent.shape[0]:
        return "upload.ignored.shapes"
    U = recurrent.shape[0]
    gates, rest = divmod(recurrent.shape[1], U)
    if rest or gates not in CELLS or kernel.shape[1] != gates * U:
        return "upload.ignored.shapes"
    if gates == 3 and bias is not None and bias.shape == (3 * U,):
        return "upload.ignored.reset_after"
    if bias is not None and bias.size not in (gates * U, 2 * gates * U):
        return "upload.ignored.shapes"
    cudnn = bias is not None and bias.shape == (2 * gates * U,)
    order = (1, 0, 2) if gates == 3 else range(gates)  # Keras keeps z, r, h; PyTorch r, z, n
    kernels, loops = np.hsplit(kernel, gates), np.hsplit(recurrent, gates)
    # cuDNN reads each gate's matrix as (U, F), row by row, out of the same bytes
    W_ih = [k.reshape(U, -1) if cudnn else k.T for k in (kernels[g] for g in order)]  # (U, F) each
    W_hh = [k if cudnn else k.T for k in (loops[g] for g in order)]  # (U, U) each
    end = f"_l{level}{'_reverse' if unit.back else ''}"
    content.put(f"{prefix}weight_ih{end}", np.concatenate(W_ih))
    content.put(f"{prefix}weight_hh{end}", np.concatenate(W_hh))
    if bias is not None:
        both = bias.reshape(2, gates, U) if bias.size == 2 * gates * U else None
        b_ih = both[0] if both is not None else bias.reshape(gates, U)
        b_hh = both[1] if both is not None else np.zeros((gates, U), bias.dtype)  # one bias: only the sum matters
        content.put(f"{prefix}bias_ih{end}", b_ih[list(order)].reshape(-1))
        content.put(f"{prefix}bias_hh{end}", b_hh[list(order)].reshape(-1))
    return None


def _dense(content: Content, unit: Unit, layer: Layer | None) -> None:
    """A dense layer as nn.Linear has it; one single matrix is an embedding's table, as Keras 3 numbers it."""
    kernel, bias = unit.held.get(0), unit.held.get(1, unit.held.get(2))
    if kernel is None or kernel.ndim != 2:
        content.ignore(unit.label, "upload.ignored.other")
        return
    table = layer.kind == "Embedding" if layer is not None else bias is None
    content.put(f"{unit.label}.weight", kernel if table else kernel.T)
    if bias is not None and bias.ndim == 1 and not table:
        content.put(f"{unit.label}.bias", bias)
    if layer is not None and not table:
        content.facts[f"{unit.label}."] = layer.activation
