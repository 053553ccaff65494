"""What an expression of the source may stand for: plain values, modules, tensors by what they hold."""

import ast
from dataclasses import dataclass, field, replace
from typing import Any

MOST = 10**12  # sizes beyond it mean nothing here

# PyTorch's own order of positional arguments.
TORCH = {
    "LSTM": ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"),
    "GRU": ("input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"),
    "RNN": (
        "input_size",
        "hidden_size",
        "num_layers",
        "nonlinearity",
        "bias",
        "batch_first",
        "dropout",
        "bidirectional",
    ),
    "Embedding": ("num_embeddings", "embedding_dim", "padding_idx"),
    "Linear": ("in_features", "out_features", "bias"),
    "CrossEntropyLoss": ("weight", "size_average", "ignore_index", "reduce", "reduction", "label_smoothing"),
    "NLLLoss": ("weight", "size_average", "ignore_index", "reduce", "reduction"),
    "BCELoss": ("weight", "size_average", "reduce", "reduction"),
    "MSELoss": ("size_average", "reduce", "reduction"),
}
# modules and functions that judge the head's answer
LOSSES = {
    "CrossEntropyLoss": "cross_entropy",
    "NLLLoss": "nll",
    "BCELoss": "bce",
    "MSELoss": "mse",
    "cross_entropy": "cross_entropy",
    "nll_loss": "nll",
    "binary_cross_entropy": "bce",
    "mse_loss": "mse",
}
KERAS = {
    "LSTM": ("units", "activation", "recurrent_activation", "use_bias"),
    "GRU": ("units", "activation", "recurrent_activation", "use_bias"),
    "SimpleRNN": ("units", "activation", "use_bias"),
    "Embedding": ("input_dim", "output_dim"),
    "Dense": ("units", "activation", "use_bias"),
    "Bidirectional": ("layer", "merge_mode"),
    "TimeDistributed": ("layer",),
    "Activation": ("activation",),
    "Input": ("shape",),
    "InputLayer": ("shape",),
}
ACTIVATIONS = {
    "Sigmoid": "sigmoid",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "ReLU": "relu",
    "Tanh": "tanh",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "relu": "relu",
    "tanh": "tanh",
}


@dataclass(frozen=True)
class Unknown:
    """A name or expression whose value the source does not say."""

    text: str


@dataclass(eq=False)
class Module:
    """A module or layer as constructed: its name (LSTM, Dense, …) and its arguments."""

    name: str
    keras: bool
    arguments: dict[str, Any]
    line: int
    text: str
    parts: list["Module"] = field(default_factory=list)  # of a Sequential


@dataclass(frozen=True)
class Holds:
    """A tensor by what it holds.

    kind    "noise", "ids", "data", "zeros" (made in the source), "input" (a parameter of forward), "embedded",
            "output", "h_n", "c_n", "last_step", "h_last", "h_before", "joined", "mean", "flat", "logits", "activated",
            "log_probs" (a log_softmax that belongs to the loss), "other"
    shape   where the source says it; seed: of its generator; data: its numbers
    turned  whether its first two axes were swapped
    """

    kind: str
    shape: tuple[int, ...] | None = None
    seed: int | None = None
    data: Any = None
    turned: bool = False
    lengths: tuple[int, ...] | None = None
    packed: bool = False

    def swapped(self) -> "Holds":
        """With the first two axes swapped."""
        shape = self.shape and (self.shape[1], self.shape[0], *self.shape[2:]) if len(self.shape or ()) > 1 else None
        return replace(self, shape=shape, turned=not self.turned)


@dataclass(frozen=True)
class Seeded:
    """A torch.Generator with its seed."""

    seed: int


def is_keras(name: str, given: int, named: dict[str, Any], imported: bool) -> bool:
    """Whether a constructor is Keras's: by its dotted name, its arguments, else by what the source imports."""
    *before, last = name.split(".")
    if last in ("SimpleRNN", "Dense", "Bidirectional", "TimeDistributed", "InputLayer"):
        return True
    known = last in KERAS or last == "Sequential"
    if {"keras", "layers", "tf", "tensorflow", "tfl"} & set(before):
        return known or "layers" in before
    if {"torch", "nn"} & set(before) or not known:
        return False
    if {"units", "return_sequences", "return_state", "input_dim", "output_dim"} & set(named):
        return True
    # PyTorch's need two sizes
    alone = last in ("LSTM", "GRU") and given == 1 and "hidden_size" not in named
    return imported or alone or last in ("Input", "Activation")


def arithmetic(operator: ast.operator, left: Any, right: Any) -> int | float | None:
    """+ - * / // on bounded numbers; None for anything else."""
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return None
    if abs(left) > MOST or abs(right) > MOST:
        return None
    match operator:
        case ast.Add():
            found = left + right
        case ast.Sub():
            found = left - right
        case ast.Mult():
            found = left * right
        case ast.FloorDiv() if right:
            found = left // right
        case ast.Div() if right:
            found = left / right
        case _:
            return None
    return found if abs(found) <= MOST else None


def compared(operator: ast.cmpop, left: Any, right: Any) -> bool | None:
    """== != < > is on plain values; None for anything else."""
    plain = (int, float, str, bool, type(None))
    if not isinstance(left, plain) or not isinstance(right, plain):
        return None
    match operator:
        case ast.Eq() | ast.Is():
            return left == right
        case ast.NotEq() | ast.IsNot():
            return left != right
    if isinstance(left, str) or isinstance(right, str) or left is None or right is None:
        return None
    match operator:
        case ast.Lt():
            return left < right
        case ast.Gt():
            return left > right
        case ast.LtE():
            return left <= right
        case ast.GtE():
            return left >= right
    return None


def sizes(values: list[Any]) -> tuple[int, ...] | None:
    """(5, 3, 10) from randn(5, 3, 10) or randn((5, 3, 10)); None when a size is not known."""
    if len(values) == 1 and isinstance(values[0], tuple | list):
        values = list(values[0])
    if all(type(value) is int for value in values) and values:
        return tuple(values)
    return None


def numbers(value: Any) -> Any:
    """Nested lists of numbers, the same with tuples as lists; None when anything else is in them."""
    if isinstance(value, list | tuple):
        found = [numbers(each) for each in value]
        return None if any(each is None for each in found) else found
    return value if type(value) in (int, float) else None
