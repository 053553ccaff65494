"""ONNX turned into PyTorch's names and gate order: recurrent nodes, the table before, the linear layer after."""

import re
from dataclasses import dataclass

import numpy as np

from app.zoo.files.content import Array, Caps, Content
from app.zoo.files.onnx_graph import Graph, Node, Reader

GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}  # theirs i,o,f,c and z,r,h → ours i,f,g,o and r,z,n
FUNCTIONS = {"LSTM": ("sigmoid", "tanh", "tanh"), "GRU": ("sigmoid", "tanh"), "RNN": ("tanh",)}
PASSING = {"Transpose", "Squeeze", "Unsqueeze", "Reshape", "Identity", "Dropout", "Cast"}
QUANTISED = {"DynamicQuantizeLSTM", "QLinearMatMul", "MatMulInteger", "DynamicQuantizeMatMul"}


@dataclass
class Net:
    """A recurrent node with its weights: W (D, G·H, F), R (D, G·H, H), B (D, 2·G·H) or none."""

    node: Node
    W: Array
    R: Array
    B: Array | None
    function: str  # of an RNN
    home: str = ""
    level: int = 0


def read(data: bytes, caps: Caps) -> Content:
    """Every recurrent node in it, with tables and linear layers; raises Unreadable."""
    content = Content("onnx", caps)
    graph = Reader(caps, content).read(data)
    makers = {output: node for node in graph.nodes for output in node.outputs if output}
    nets: dict[int, Net] = {}
    taken: set[int] = set()
    for node in graph.nodes:
        if node.op in QUANTISED:
            content.ignore(node.name or node.op, "upload.ignored.int8")
        if node.op not in GATES:
            continue
        found = _net(node, graph, makers)
        if isinstance(found, str):
            content.ignore(node.name or node.op, found)
            continue
        before = _before(node, makers, nets)
        if before is not None and id(before.node) not in taken and _alike(before, found):
            taken.add(id(before.node))
            found.home, found.level = before.home, before.level + 1
        else:
            found.home = _label(node, {net.home for net in nets.values()})
        nets[id(node)] = found
        _put(content, found)
    _tables(content, graph)
    _linears(content, graph)
    return content


def _net(node: Node, graph: Graph, makers: dict[str, Node]) -> Net | str:
    """The node's weights, or the key of the reason why they are none of PyTorch's."""
    inputs = [*node.inputs, "", "", "", "", "", "", "", ""]
    W, R, B, P = (_given(inputs[k], graph, makers) for k in (1, 2, 3, 7))
    if {inputs[1], inputs[2]} & graph.narrow or any(_is_narrow(inputs[k], graph, makers) for k in (1, 2)):
        return "upload.ignored.int8"
    asked = node.attributes
    if node.op == "LSTM" and inputs[7] and (P is None or P.any()):
        return "upload.ignored.peepholes"
    direction = asked.get("direction") or "forward"
    if direction not in ("forward", "bidirectional"):
        return "upload.ignored.backwards"
    D = 2 if direction == "bidirectional" else 1
    functions = [str(each).lower() for each in asked.get("activations") or FUNCTIONS[node.op] * D]
    if "hardsigmoid" in functions:
        return "upload.ignored.hard_sigmoid"
    function = functions[0] if node.op == "RNN" else ""
    wanted = (function,) if function in ("tanh", "relu") else FUNCTIONS[node.op]
    if functions != list(wanted * D) or asked.get("clip") or asked.get("input_forget"):
        return "upload.ignored.activation"
    if node.op == "GRU" and asked.get("linear_before_reset", 0) != 1:
        return "upload.ignored.reset_after"
    if W is None or R is None or (inputs[3] and B is None):
        return "upload.ignored.computed"
    G = len(GATES[node.op])
    if W.ndim != 3 or R.ndim != 3 or W.shape[0] != D or R.shape[0] != D or not R.shape[2]:
        return "upload.ignored.shapes"
    H = R.shape[2]
    if R.shape[1] != G * H or W.shape[1] != G * H or (B is not None and B.shape != (D, 2 * G * H)):
        return "upload.ignored.shapes"
    return Net(node, W, R, B, function)


def _given(name: str, graph: Graph, makers: dict[str, Node]) -> Array | None:
    """A given tensor, also behind nodes that hand it on."""
    for _ in range(8):
        if not name or name in graph.given:
            return graph.given.get(name)
        maker = makers.get(name)
        if maker is None or maker.op != "Identity" or not maker.inputs:
            return None
        name = maker.inputs[0]
    return None


def _is_narrow(name: str, graph: Graph, makers: dict[str, Node]) -> bool:
    maker = makers.get(name)
    return maker is not None and maker.op == "DequantizeLinear"


def _before(node: Node, makers: dict[str, Node], nets: dict[int, Net]) -> Net | None:
    """The recurrent node whose every step this one reads, through nodes that only turn or copy it."""
    name = node.inputs[0] if node.inputs else ""
    for _ in range(16):
        maker = makers.get(name)
        if maker is None:
            return None
        if maker.op in GATES:
            return nets.get(id(maker)) if maker.outputs[0] == name else None
        if maker.op not in PASSING or not maker.inputs:
            return None
        name = maker.inputs[0]
    return None


def _alike(one: Net, other: Net) -> bool:
    """Whether both can be layers of one module."""
    same = (one.node.op, one.R.shape, one.B is None, one.function)
    fits = other.W.shape[2] == one.R.shape[0] * one.R.shape[2]
    return fits and same == (other.node.op, other.R.shape, other.B is None, other.function)


def _label(node: Node, taken: set[str]) -> str:
    """ "/encoder/lstm/LSTM" → "encoder.lstm"."""
    name = re.sub(r"/?(?:LSTM|GRU|RNN)(?:_\d+)?$", "", node.name).strip("/").replace("/", ".") or node.op.lower()
    label, k = name, 1
    while label in taken:
        label, k = f"{name}_{k}", k + 1
    return label


def _put(content: Content, net: Net) -> None:
    order = GATES[net.node.op]

    def turned(x: Array) -> Array:
        blocks = np.split(x, len(order))
        return np.concatenate([blocks[g] for g in order])

    for d in range(net.W.shape[0]):
        end = f"_l{net.level}{'_reverse' if d else ''}"
        content.put(f"{net.home}.weight_ih{end}", turned(net.W[d]))
        content.put(f"{net.home}.weight_hh{end}", turned(net.R[d]))
        if net.B is not None:
            b_ih, b_hh = np.split(net.B[d], 2)
            content.put(f"{net.home}.bias_ih{end}", turned(b_ih))
            content.put(f"{net.home}.bias_hh{end}", turned(b_hh))
    if net.node.op == "RNN":
        content.facts[f"{net.home}."] = net.function


def _tables(content: Content, graph: Graph) -> None:
    for node in graph.nodes:
        name = node.inputs[0] if node.op == "Gather" and node.inputs else ""
        table = graph.given.get(name)
        if table is not None and table.ndim == 2 and (label := _weight(name)) not in content.arrays:
            content.put(label, table)


def _linears(content: Content, graph: Graph) -> None:
    """Gemm, or MatMul with an Add behind it."""
    adds = {each: node for node in graph.nodes if node.op == "Add" for each in node.inputs}
    for node in graph.nodes:
        weight = graph.given.get(node.inputs[1]) if len(node.inputs) > 1 else None
        if node.op not in ("Gemm", "MatMul") or weight is None or weight.ndim != 2:
            continue
        asked = node.attributes
        if node.op == "Gemm" and (asked.get("transA") or asked.get("alpha", 1.0) != 1 or asked.get("beta", 1.0) != 1):
            continue
        added = node.inputs[2] if node.op == "Gemm" and len(node.inputs) > 2 else ""
        if node.op == "MatMul" and node.outputs and (add := adds.get(node.outputs[0])) is not None:
            added = next((each for each in add.inputs if each != node.outputs[0]), "")
        bias = graph.given.get(added)
        if added and bias is None:
            continue
        label = _weight(added.removesuffix(".bias") if added.endswith(".bias") else node.inputs[1])
        if label in content.arrays:
            continue
        content.put(label, weight if node.op == "Gemm" and asked.get("transB") else weight.T)
        if bias is not None and bias.ndim == 1:
            content.put(re.sub(r"weight$", "bias", label), bias)


def _weight(name: str) -> str:
    return name if name.endswith(".weight") else f"{name}.weight"
