"""What a source came to: its modules in order, what the head reads, and what was not read with the reason."""

import ast
from dataclasses import dataclass, field
from typing import Any

from app.recurrent.code.values import ACTIVATIONS, LOSSES, Holds, Module, Unknown

MOST_SKIPPED = 50
MOST_TEXT = 400  # bytes of a line that is quoted
MOST_TEXT_LINES = 5
RECURRENT = ("LSTM", "GRU", "RNN", "SimpleRNN")
READS = {
    "output": "every_step",
    "flat": "every_step",
    "last_step": "last_step",
    "h_n": "h_n",
    "h_last": "h_n",
    "joined": "h_n",
    "mean": "mean",
}


@dataclass(frozen=True)
class Skipped:
    """A piece of the source that did not become part of the request; `why` is a key under code.unread."""

    what: str
    line: int
    why: str


@dataclass
class Record:
    """Filled while a source is followed."""

    source: str
    modules: list[Module] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    seed: int | None = None
    mode: str = "eval"
    dtype: str = "float32"
    embedding: Module | None = None  # the one that was called
    head: Module | None = None
    reads: str | None = None
    activation: str | None = None
    predicted: bool = False  # `prediction` has its value: an activation after it is the loss's
    loss: str | None = None
    target: Any = None
    entering: Holds | None = None
    state: Any = None
    lengths: tuple[int, ...] | None = None  # of a mean over true steps
    applied: set[int] = field(default_factory=set)  # id() of every module that was called
    held: dict[int, dict[str, Any]] = field(default_factory=dict)  # given weights by id() of their module

    def __post_init__(self) -> None:
        # the lines as Python's parser counts them
        text = self.source.replace("\r\n", "\n").replace("\r", "\n")
        self._lines = [line.encode("utf-8", "replace") for line in text.split("\n")]

    @property
    def recurrent(self) -> list[Module]:
        """The recurrent modules, Keras's wrapped ones as their wrapper."""
        return [each for each in self.modules if each.name in RECURRENT or each.name == "Bidirectional"]

    @property
    def main(self) -> Module | None:
        """PyTorch's first recurrent module, whose run is traced."""
        return next((each for each in self.modules if each.name in RECURRENT and not each.keras), None)

    @property
    def rows(self) -> int:
        """L·D of the main module, as far as the source says."""
        layers = self.main.arguments.get("num_layers", 1) if self.main else 1
        return (layers if type(layers) is int else 1) * (2 if self.both else 1)

    @property
    def both(self) -> bool:
        """Whether the main module reads from both ends."""
        return self.main is not None and self.main.arguments.get("bidirectional") is True

    def time_axis(self, output: Holds) -> int:
        """Where time runs in `output`: a sequence given without a batch has no other axis before it."""
        depth, data = 0, self.entering.data if self.entering is not None else None
        while isinstance(data, list) and data:
            depth, data = depth + 1, data[0]
        alone = depth == (1 if self.embedding is not None else 2)
        return 1 if self.first != output.turned and not alone else 0

    @property
    def first(self) -> bool:
        """batch_first of the main module."""
        return self.main is not None and self.main.arguments.get("batch_first") is True

    def text(self, node: ast.AST) -> str:
        """How the node begins in the source; all of it, where it is short."""
        first, last = getattr(node, "lineno", 0), getattr(node, "end_lineno", None) or 0
        if not 0 < first <= last <= len(self._lines):
            return ""
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)  # bytes of UTF-8
        held = self._lines[first - 1 : min(last, first + MOST_TEXT_LINES)]
        if last - first < MOST_TEXT_LINES:
            held[-1] = held[-1][:end]
        held[0] = held[0][start:]
        return b"\n".join(line[:MOST_TEXT] for line in held).decode("utf-8", "ignore")

    def skip(self, why: str, node: ast.AST, what: str | None = None) -> None:
        """Note what was not read, once."""
        if len(self.skipped) >= MOST_SKIPPED:
            return
        shown = " ".join((self.text(node) if what is None else what).split())
        found = Skipped(shown if len(shown) <= 100 else f"{shown[:99]}…", getattr(node, "lineno", 1), why)
        if found not in self.skipped:
            self.skipped.append(found)

    def add(self, module: Module) -> Module:
        """A module was constructed."""
        known = module.name in RECURRENT or module.name in ACTIVATIONS
        if module.keras:
            known = known or module.name in ("Bidirectional", "Dense", "Embedding", "Activation", "TimeDistributed")
            known = known or module.name in ("Input", "InputLayer", "Model")
            inner = module.arguments.get("layer")
            if isinstance(inner, Module) and inner in self.modules:
                self.modules.remove(inner)
        else:
            known = known or module.name in ("Embedding", "Linear") or module.name in LOSSES
        if not known:
            self._skip_module(module, "module")
        elif not module.keras and module.name in RECURRENT and self.main is not None:
            self._skip_module(module, "second")
        self.modules.append(module)
        return module

    def _skip_module(self, module: Module, why: str) -> None:
        self.skip(why, ast.Pass(lineno=module.line, col_offset=0), module.text)

    def skip_argument(self, why: str, module: Module | None, name: str | None, what: str | None = None) -> None:
        """Note an argument of a module (or the module itself) that was not read."""
        line = module.line if module else 1
        if what is None and module is not None:
            shown = module.arguments.get(name or "")
            shown = shown.text if isinstance(shown, Unknown) else repr(shown)
            what = module.text if name is None else f"{name}={shown}"
        self.skip(why, ast.Pass(lineno=line, col_offset=0), what)

    def hold(self, module: Module, weights: dict[str, Any]) -> None:
        """Weights were given to a module."""
        self.held[id(module)] = weights

    def apply(self, module: Module, given: list[Any], node: ast.AST) -> Any:
        """What calling a module gives."""
        value = given[0] if given else Unknown("")
        self.applied.add(id(module))
        if module.name == "Sequential":
            for part in module.parts:
                value = self.apply(part, [value], node)
            return value
        if module.keras:
            return value
        if module.name == "Embedding":
            if isinstance(value, Holds) and value.kind in ("input", "ids", "data"):
                self.entering, self.embedding = value, self.embedding or module
            return Holds("embedded")
        if module.name in RECURRENT:
            return self._recur(module, value, given[1:])
        if module.name == "Linear":
            return self._linear(module, value, node)
        if module.name in ACTIVATIONS:
            return self.activate(value, ACTIVATIONS[module.name], node)
        if module.name in LOSSES:
            return self.judge(LOSSES[module.name], given)
        return value

    def _recur(self, module: Module, value: Any, states: list[Any]) -> Any:
        other = Holds("other")
        if module is not self.main:
            return (other, (other, other)) if module.name == "LSTM" else (other, other)
        packed = False
        if isinstance(value, Holds):
            packed = value.packed
            if value.kind in ("noise", "data", "zeros") or (self.entering is None and value.kind == "input"):
                self.entering = value
            elif packed and self.entering is not None:
                self.entering = Holds(**vars(self.entering) | {"packed": True, "lengths": value.lengths})
        self.state = states[0] if states else None
        output, h_n = Holds("output", packed=packed), Holds("h_n")
        return (output, (h_n, Holds("c_n"))) if module.name == "LSTM" else (output, h_n)

    def _linear(self, module: Module, value: Any, node: ast.AST) -> Holds:
        kind = value.kind if isinstance(value, Holds) else "other"
        if self.head is not None or kind not in READS:
            self.skip("linear", node)
            return Holds("logits" if kind in ("logits", "activated") else "other")
        if kind == "h_last" and self.both:
            self.skip("half", node)
        self.head, self.reads = module, READS[kind]
        return Holds("logits")

    def activate(self, value: Any, name: str, node: ast.AST) -> Any:
        """An activation: the head's, when it stands after the head's linear layer."""
        if not isinstance(value, Holds):
            return value
        if self.predicted and name == "log_softmax":
            return Holds("log_probs")
        if value.kind == "logits" and self.activation is None and self.head is not None:
            self.activation = name
            return Holds("activated")
        self.skip("before", node)
        return value

    def judge(self, kind: str, given: list[Any]) -> Holds:
        """A loss of the head's answer; nll_loss of a log_softmax that is not the head's own is cross_entropy."""
        if self.loss is None:
            halves = kind == "nll" and given and isinstance(given[0], Holds) and given[0].kind == "log_probs"
            self.loss = "cross_entropy" if halves else kind
            self.target = given[1] if len(given) > 1 else None
        return Holds("losses")
