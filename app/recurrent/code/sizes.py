"""Sizes and options of a request from what the source says; what it does not say is assumed, and listed."""

from dataclasses import dataclass, field
from typing import Any

from app.recurrent.code.values import Unknown

STAND_IN = {
    "input_size": 8,
    "hidden_size": 6,
    "num_embeddings": 100,
    "embedding_dim": 8,
    "out_features": 1,
    "num_layers": 1,
    "proj_size": 0,
    "dropout": 0.0,
    "nonlinearity": "tanh",
    "bias": True,
    "batch_first": False,
    "bidirectional": False,
}


@dataclass(frozen=True)
class Assumed:
    """A field of the request that the source leaves open, what stands there now, and why (a catalogue key)."""

    what: str
    value: Any
    why: str


@dataclass
class Sizes:
    """Reads sizes, and keeps what it had to assume."""

    assumed: list[Assumed] = field(default_factory=list)

    def assume(self, what: str, value: Any, why: str) -> None:
        """Note that `value` stands in for what the source leaves open."""
        self.assumed.append(Assumed(what, value, why))

    def size(self, name: str, value: Any, known: int | None = None) -> Any:
        """A whole number; `known` is what must be there when the source does not say it."""
        if type(value) is int:
            return value
        stands = known if known is not None else STAND_IN[name]
        if known is None or isinstance(value, Unknown):
            self.assume(value.text if isinstance(value, Unknown) else name, stands, "code.assumed.value")
        return stands

    def option(self, name: str, value: Any) -> Any:
        """An argument with a default, of the default's kind."""
        default = STAND_IN[name]
        if isinstance(default, bool) and type(value) in (bool, int):
            return bool(value)
        if isinstance(default, float) and type(value) in (int, float):
            return float(value)
        if type(value) is type(default):
            return value
        self.assume(value.text if isinstance(value, Unknown) else name, default, "code.assumed.value")
        return default
