"""The names in the page's query: what each may be, and what it is when it is left out."""

from dataclasses import dataclass

from app.recurrent.cost import Limits
from app.web.i18n import plain

Value = str | int | bool | list[str]

MOST_CHARACTERS = 2_000  # a sentence; the address has to hold them all
BIG = 1_000_000_000


@dataclass(frozen=True)
class Key:
    """One name in the query: what it may be, and what it is when it is left out."""

    name: str
    default: Value
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = BIG
    view: bool = False  # says what is looked at, not what is run

    def read(self, text: str) -> Value | None:
        """The value that `text` stands for, None when it stands for nothing of this kind."""
        if isinstance(self.default, bool):
            return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
        if isinstance(self.default, int):
            if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 16:
                return None
            return int(text) if self.low <= int(text) <= self.high else None
        if self.choices:
            return text if text in self.choices else None
        return plain(text)[:MOST_CHARACTERS]

    def nearest(self, text: str) -> Value:
        """A number outside the range goes to its end; anything else to the default."""
        if isinstance(self.default, int) and not isinstance(self.default, bool):
            digits = text.lstrip("-")
            if text.isascii() and digits.isdigit():
                low = text.startswith("-") or (len(digits) <= 16 and int(text) < self.low)
                return self.low if low else self.high
        return self.default

    def expected(self, limits: Limits) -> str:
        """What would have been understood on this server, for the message."""
        if self.choices:
            return ", ".join(filter(None, self.choices))
        if isinstance(self.default, bool):
            return "true, false"
        limit = _LIMITS.get(self.name)
        return f"{self.low} … {getattr(limits, limit) if limit else self.high}"


# Which limit of the server bounds which number.
_LIMITS = {
    "input_size": "features",
    "hidden_size": "hidden",
    "num_layers": "layers",
    "batch": "batch",
    "seq_len": "steps",
    "num_embeddings": "vocabulary",
    "out_features": "out_features",
}

KEYS: tuple[Key, ...] = (
    Key("cell", "lstm", ("lstm", "gru", "rnn")),
    Key("input_size", 8, low=1),
    Key("hidden_size", 6, low=1),
    Key("num_layers", 1, low=1, high=1000),
    Key("bias", True),
    Key("batch_first", True),
    Key("bidirectional", False),
    Key("nonlinearity", "tanh", ("tanh", "relu")),
    Key("source", "text", ("text", "random")),
    Key("text", ["the film was not good", "i loved it"]),
    Key("batch", 2, low=1),
    Key("seq_len", 5, low=1),
    Key("input_seed", 0, high=2**53 - 1),
    Key("num_embeddings", 0),  # 0: random values instead of random tokens
    Key("head", "h_n", ("none", "every_step", "last_step", "h_n")),
    Key("out_features", 1, low=1),
    Key("activation", "sigmoid", ("none", "sigmoid", "softmax", "log_softmax", "relu", "tanh")),
    Key("seed", 0, high=2**53 - 1),
    Key("task", "read", ("read", "caption", "translate")),
    Key("decode_steps", 4, low=1, high=1000),
    Key("h0", "zeros", ("zeros", "random")),
    Key("t", 0, view=True),
    Key("n", 0, view=True),
    Key("row", "", view=True),  # the top layer, forward
    Key("tensor", "output", view=True),
    Key("panel", "gates", ("gates", "ledger", "gradients", "wiring"), view=True),
    Key("lang", "", ("", "en", "zh"), view=True),
    Key("theme", "auto", ("auto", "light", "dark"), view=True),
)
BY_NAME = {key.name: key for key in KEYS}
