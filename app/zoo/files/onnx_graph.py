"""An ONNX file as nodes and initializers, read from its bytes; nothing outside the file is opened."""

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from app.zoo.files.content import Array, Caps, Content, Unreadable, decoded
from app.zoo.files.wire import Fields, Value, broken, raw, signed, text, varint

FLOATS = {1: "f32", 10: "f16", 11: "f64", 16: "bf16"}  # TensorProto.DataType
ITEMS = {"f32": 4, "f16": 2, "f64": 8, "bf16": 2}
BYTES = (2, 3)  # UINT8, INT8
MOST_NODES = 20_000


@dataclass
class Node:
    """One operation: its inputs and outputs by name, its attributes."""

    op: str = ""
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)  # int, float, str, list of str, or Array


@dataclass
class Graph:
    """The nodes in their order, and the tensors that are given."""

    nodes: list[Node] = field(default_factory=list)
    given: dict[str, Array] = field(default_factory=dict)
    narrow: set[str] = field(default_factory=set)  # names of 8-bit tensors


def looks_so(data: bytes) -> bool:
    """Whether a ModelProto may begin so: ir_version first, then only fields that one has, a graph among them."""
    if data[:1] != b"\x08":
        return False
    try:
        numbers = {number for number, _ in Fields().of(memoryview(data))}
    except Unreadable:
        return len(data) > 2 and data[1] < 20 and data[2] in (0x10, 0x12, 0x3A, 0x42)  # one that was cut
    return 7 in numbers and numbers <= {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}


class Reader:
    """Reads one file."""

    def __init__(self, caps: Caps, content: Content) -> None:
        self.caps = caps
        self.content = content
        self.fields = Fields()
        self.graph = Graph()

    def read(self, data: bytes) -> Graph:
        for number, value in self.fields.of(memoryview(data)):
            if number == 7:
                self._graph(raw(value))
        return self.graph

    def _graph(self, data: memoryview) -> None:
        for number, value in self.fields.of(data):
            if number == 1:
                if len(self.graph.nodes) >= MOST_NODES:
                    raise broken()
                self._node(raw(value))
            elif number == 5:
                name, array = self._tensor(raw(value))
                self._give(name, array)
            elif number == 15:  # sparse_initializer
                raise Unreadable("problem.file.dtype", name="sparse_initializer", dtype="sparse")

    def _give(self, name: str, array: Array | None) -> None:
        if array is not None:
            if name in self.graph.given:
                raise Unreadable("problem.file.twice", name=name[:80])
            self.graph.given[name] = array

    def _node(self, data: memoryview) -> None:
        node = Node()
        for number, value in self.fields.of(data):
            if number == 1:
                node.inputs.append(text(value))
            elif number == 2:
                node.outputs.append(text(value))
            elif number == 3:
                node.name = text(value)
            elif number == 4:
                node.op = text(value)
            elif number == 5:
                self._attribute(raw(value), node)
        if node.op == "Constant" and node.outputs and isinstance(node.attributes.get("value"), np.ndarray):
            self._give(node.outputs[0], node.attributes["value"])
        else:
            self.graph.nodes.append(node)

    def _attribute(self, data: memoryview, node: Node) -> None:
        name, found, strings = "", None, []  # type: tuple[str, Any, list[str]]
        for number, value in self.fields.of(data):
            if number == 1:
                name = text(value)
            elif number == 2:
                found = float(value) if isinstance(value, float) else None
            elif number == 3:
                found = signed(value)
            elif number == 4:
                found = text(value)
            elif number == 5:
                found = self._tensor(raw(value))[1]
            elif number == 9:
                strings.append(text(value))
        node.attributes[name] = strings or found

    def _tensor(self, data: memoryview) -> tuple[str, Array | None]:
        """Its name and, where it holds floating point numbers, those."""
        shape: list[int] = []
        name, kind = "", 0
        held: dict[int, list[Value]] = {}
        for number, value in self.fields.of(data):
            if number == 1:
                shape += _packed(value)
            elif number == 2:
                kind = signed(value)
            elif number == 8:
                name = text(value)
            elif number == 13 or (number == 14 and value != 0):
                raise Unreadable("problem.file.external", name=name[:80] or "initializer")
            elif number in (4, 9, 10):
                held.setdefault(number, []).append(value)
        if any(not 0 <= size < 1 << 40 for size in shape):
            raise broken()
        if kind not in FLOATS:
            if kind in BYTES:
                self.graph.narrow.add(name)
            return name, None
        if len(shape) < 2 and prod(shape) <= 64:
            return name, None  # a constant of the program, no weight
        item = FLOATS[kind]
        count = self.content.room_for(name or "initializer", tuple(shape), ITEMS[item])
        field_of = {4: "f32", 10: "f64"}
        for number, pieces in held.items():
            if number == 9 or field_of.get(number) == item:
                whole = b"".join(_bytes_of(piece, number) for piece in pieces)
                if len(whole) != count * ITEMS[item]:
                    break
                return name, decoded(memoryview(whole), item, tuple(shape))
        if count == 0:
            return name, np.zeros(shape, np.float32)
        raise Unreadable("problem.file.damaged", what=name[:80] or "ONNX")


def _packed(value: Value) -> list[int]:
    if isinstance(value, int):
        return [signed(value)]
    found: list[int] = []
    at, data = 0, raw(value)
    while at < len(data) and len(found) < 16:
        number, at = varint(data, at)
        found.append(signed(number))
    return found


def _bytes_of(value: Value, number: int) -> bytes:
    if isinstance(value, memoryview):
        return bytes(value)
    if not isinstance(value, float):
        raise broken()
    return np.array(value, "<f4" if number == 4 else "<f8").tobytes()  # written one by one, not packed
