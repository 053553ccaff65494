"""What a Keras model says of its layers, as data: which cell, which functions inside, which layer follows which."""

import json
import re
from dataclasses import dataclass
from typing import Any

RECURRENT = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "rnn", "CuDNNLSTM": "lstm", "CuDNNGRU": "gru"}
PASSING = {"Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "Masking", "ActivityRegularization"}
DEEPEST = 12


@dataclass(frozen=True)
class Layer:
    """One layer as its configuration says it; of a Bidirectional, what it wraps."""

    name: str
    kind: str
    config: dict[str, Any]
    both: bool
    concat: bool
    reads: tuple[str, ...]  # names of the layers before it
    stored: str  # how Keras 3 calls its group in a file of weights

    def fault(self) -> str | None:
        """Why its numbers can't be PyTorch's: the key of a reason."""
        if self.kind not in RECURRENT:
            return "upload.ignored.custom_cell"
        config = self.config
        if self.kind in ("LSTM", "GRU"):
            inner = _name_of(config.get("recurrent_activation", "sigmoid"))
            if inner == "hard_sigmoid":
                return "upload.ignored.hard_sigmoid"
            if inner != "sigmoid" or _name_of(config.get("activation", "tanh")) != "tanh":
                return "upload.ignored.activation"
        if self.kind == "SimpleRNN" and self.activation not in ("tanh", "relu"):
            return "upload.ignored.activation"
        if self.kind == "GRU" and config.get("reset_after") is False:
            return "upload.ignored.reset_after"
        if config.get("go_backwards") is True:
            return "upload.ignored.backwards"
        return None

    @property
    def activation(self) -> str:
        return _name_of(self.config.get("activation", "tanh" if self.kind in RECURRENT else "linear"))


def layers_of(text: str | bytes) -> list[Layer]:
    """The layers in the order of the configuration; [] for what is none."""
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found: list[Layer] = []
    _walk(config, found, 0)
    return found


def _walk(config: Any, found: list[Layer], depth: int) -> None:
    if not isinstance(config, dict) or depth > DEEPEST:
        return
    inner = config.get("config", config)
    listed = inner.get("layers") if isinstance(inner, dict) else inner if isinstance(inner, list) else None
    if not isinstance(listed, list):
        return
    sequential = config.get("class_name") == "Sequential"
    before: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    for each in listed[:2000]:
        if not isinstance(each, dict) or not isinstance(each.get("config"), dict):
            continue
        own = each["config"]
        kind = str(each.get("class_name"))[:80]
        stored = _snake(kind)
        counts[stored] = counts.get(stored, 0) + 1
        stored = stored if counts[stored] == 1 else f"{stored}_{counts[stored] - 1}"
        name = str(own.get("name") or each.get("name") or stored)[:200]
        if isinstance(own.get("layers"), list):
            _walk(each, found, depth + 1)
            before = ()
            continue
        both = kind == "Bidirectional"
        wrapped = own.get("layer") if both else None
        if isinstance(wrapped, dict) and isinstance(wrapped.get("config"), dict):
            kind, inside = str(wrapped.get("class_name"))[:80], wrapped["config"]
        else:
            inside = own
        if kind == "InputLayer":
            continue
        reads = before if sequential else tuple(_names_in(each.get("inbound_nodes"), 0))
        concat = own.get("merge_mode", "concat") == "concat"
        found.append(Layer(name, kind, inside, both, concat, reads, stored))
        before = (name,)


def _names_in(nodes: Any, depth: int) -> list[str]:
    """Names of layers in inbound_nodes: ["name", 0, 0, …], in Keras 3 below keras_history."""
    if depth > DEEPEST:
        return []
    if isinstance(nodes, dict):
        return [name for each in nodes.values() for name in _names_in(each, depth + 1)]
    if not isinstance(nodes, list):
        return []
    if len(nodes) >= 3 and isinstance(nodes[0], str) and type(nodes[1]) is int and type(nodes[2]) is int:
        return [nodes[0]]
    return [name for each in nodes[:2000] for name in _names_in(each, depth + 1)]


def follows(layer: Layer, layers: dict[str, Layer]) -> Layer | None:
    """The recurrent layer whose every step this one reads, through layers that change nothing when they run."""
    reads = layer.reads
    for _ in range(len(layers)):
        before = layers.get(reads[0]) if len(reads) == 1 else None
        if before is None:
            return None
        if before.kind not in PASSING:
            joined = before.config.get("return_sequences") is True and (not before.both or before.concat)
            return before if before.kind in RECURRENT and joined else None
        reads = before.reads
    return None


def _name_of(activation: Any) -> str:
    if isinstance(activation, dict):  # a registered function
        activation = activation.get("config") or activation.get("class_name")
    return activation if isinstance(activation, str) else "?"


def _snake(name: str) -> str:
    """ "SimpleRNN" → "simple_rnn", as Keras 3 names the groups."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()
