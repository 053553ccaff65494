"""The names in the page's query: what each may be, and what it is when it is left out."""

import re
from dataclasses import dataclass

from app.recurrent.cost import Limits
from app.recurrent.spec import MOST_LAYERS
from app.web import hands, teaching
from app.web.i18n import plain
from app.zoo.trained import bundled_names
from app.zoo.uploads import IDS

Value = str | int | float | bool | list[str]

MOST_CHARACTERS = 2_000  # a sentence; the address has to hold them all
BIG = 1_000_000_000
_DECIMAL = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII)
PLACES = 6  # of a fraction: more than a field shows, and never an exponent


@dataclass(frozen=True)
class Key:
    """One name in the query: what it may be, and what it is when it is left out."""

    name: str
    default: Value
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = BIG
    view: bool = False  # says what is looked at, not what is run
    listed: bool = False  # whole numbers with commas between, as text
    changes: bool = False  # interventions, as JSON
    pattern: str = ""  # what its text must match; `sample` is one that does
    sample: str = ""
    among: tuple[str, ...] = ()  # names out of these, with commas between

    def read(self, text: str) -> Value | None:
        """The value that `text` stands for, None when it stands for nothing of this kind."""
        if isinstance(self.default, bool):
            return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
        if isinstance(self.default, int):
            if not text.isascii() or not text.lstrip("-").isdigit() or len(text) > 16:
                return None
            return int(text) if self.low <= int(text) <= self.high else None
        if isinstance(self.default, float):
            if len(text) > 16 or not _DECIMAL.fullmatch(text):
                return None
            return round(float(text), PLACES) if self.low <= float(text) <= self.high else None
        if self.choices:
            return text if text in self.choices else None
        if self.listed:
            return _listed(text)
        if self.changes:
            return hands.canonical(text)
        if self.pattern:
            return text if len(text) <= MOST_CHARACTERS and re.fullmatch(self.pattern, text, re.ASCII) else None
        if self.among:
            return teaching.canonical(text, self.among)
        return plain(text)[:MOST_CHARACTERS]

    def nearest(self, text: str) -> Value:
        """A number outside the range goes to its end; anything else to the default."""
        if isinstance(self.default, int) and not isinstance(self.default, bool):
            digits = text.lstrip("-")
            if text.isascii() and digits.isdigit():
                low = text.startswith("-") or (len(digits) <= 16 and int(text) < self.low)
                return self.low if low else self.high
        if isinstance(self.default, float) and _DECIMAL.fullmatch(text):
            return float(self.low if text.startswith("-") else self.high)
        if self.among:
            return teaching.known(text, self.among)
        return self.default

    def write(self, value: Value) -> str:
        """`value` as it stands in a query; a list stands there once per item."""
        if isinstance(value, bool):
            return str(value).lower()
        return f"{value:.{PLACES}f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)

    def expected(self, limits: Limits) -> str:
        """What would have been understood on this server, for the message."""
        if self.choices or self.among:
            return ", ".join(filter(None, self.choices or self.among))
        if isinstance(self.default, bool):
            return "true, false"
        if self.listed:
            return "5,3"
        if self.changes:
            return hands.EXPECTED
        if self.pattern:
            return self.sample
        limit = _LIMITS.get(self.name)
        return f"{self.low} … {getattr(limits, limit) if limit else self.high}"


def numbers_of(text: str) -> list[int]:
    """[5, 3] out of "5,3"; nothing at all is an empty list."""
    return [int(each) for each in text.split(",") if each]


def _listed(text: str) -> str | None:
    """ "5,3" out of "[5, 3]" as well; None where anything but whole numbers is listed."""
    parts = [each.strip() for each in text[:MOST_CHARACTERS].strip(" []").split(",")]
    kept = [each for each in parts if each]
    if not all(each.isascii() and each.isdigit() and len(each) < len(str(BIG)) for each in kept):
        return None
    return ",".join(str(int(each)) for each in kept)


# Which limit of the server bounds which number.
_LIMITS = {
    "input_size": "features",
    "hidden_size": "hidden",
    "num_layers": "layers",
    "proj_size": "hidden",
    "batch": "batch",
    "seq_len": "steps",
    "num_embeddings": "vocabulary",
    "out_features": "out_features",
}

_NAME = r"[\w.]{1,60}"
_CELL = rf"{_NAME}(-\d{{1,7}}(\.\d{{1,7}}){{0,3}})?"  # output-0.3.2; a scalar has no index
# how far the scene is gone into: level-tensor-index-block; n and t are the chosen sample and step
_ZOOM = rf"|(block|slice|cell|number)-{_NAME}(-[\dnt.]{{0,40}}(-{_NAME})?)?"

KEYS: tuple[Key, ...] = (
    Key("cell", "lstm", ("lstm", "gru", "rnn")),
    Key("input_size", 8, low=1),
    Key("hidden_size", 6, low=1),
    Key("num_layers", 1, low=1, high=MOST_LAYERS),
    Key("bias", True),
    Key("batch_first", True),
    Key("dropout", 0.0, high=1),
    Key("bidirectional", False),
    Key("proj_size", 0),
    Key("dtype", "float32", ("float32", "float64")),
    Key("nonlinearity", "tanh", ("tanh", "relu")),
    Key("mode", "eval", ("eval", "train")),
    Key("source", "text", ("text", "random", "weather")),
    Key("text", ["the film was not good", "i loved it"]),
    Key("batch", 2, low=1),
    Key("seq_len", 5, low=1),
    Key("lengths", "", listed=True),  # of random input; a text knows its own
    Key("packed", False),
    Key("first_day", "2015-07-01"),  # of the weather
    Key("days", 14, low=1, high=1461),
    Key("input_seed", 0, high=2**53 - 1),
    Key("num_embeddings", 0),  # 0: random values instead of random tokens
    Key("head", "h_n", ("none", "every_step", "last_step", "h_n", "mean")),
    Key("out_features", 1, low=1),
    Key("activation", "sigmoid", ("none", "sigmoid", "softmax", "log_softmax", "relu", "tanh")),
    Key("loss", "none", ("none", "cross_entropy", "nll", "bce", "mse")),
    Key("target_seed", 0, high=2**53 - 1),
    Key("seed", 0, high=2**53 - 1),
    Key("bundled", "", ("", *bundled_names())),  # trained weights instead of the seed's
    Key("upload", "", pattern=IDS.pattern, sample="0" * 32),  # weights of one's own
    Key("prefix", ""),  # which stack of them
    Key("task", "read", ("read", "caption", "translate")),
    Key("decode_steps", 4, low=1, high=MOST_LAYERS),
    Key("h0", "zeros", ("zeros", "random", "ones")),
    Key("interventions", "", changes=True),
    Key("p", -1.0, view=True),  # how far the computation is shown, in beats; left out: all of it
    Key("t", 0, view=True),
    Key("n", 0, view=True),
    Key("row", "", view=True),  # the top layer, forward
    Key("tensor", "output", view=True),
    Key("cut", "T", ("T", "N", "F"), view=True),  # F: the last axis, whatever it holds
    Key("pose", "cut", ("cut", "whole", "pull", "apart", "flat"), view=True),
    Key("unit", 0, view=True),  # where a cut along the last axis is
    Key("panel", "gates", ("gates", "ledger", "gradients", "wiring", "spread", "loss"), view=True),
    Key("zoom", "", pattern=_ZOOM, sample="cell-l0.c-n.t.2-output", view=True),
    Key("pin", "", pattern=rf"|{_CELL}", sample="output-0.3.2", view=True),
    Key("pins", "", pattern=rf"|{_CELL}(--{_CELL}){{0,11}}", sample="output-0.3.2--logits-1.0", view=True),
    Key("present", False, view=True),
    Key("hide", "", among=teaching.PARTS, view=True),
    Key("lock", "", among=(*teaching.GROUPS, *teaching.LOCKABLE), view=True),
    Key("lang", "", ("", "en", "zh"), view=True),
    Key("theme", "auto", ("auto", "light", "dark"), view=True),
)
BY_NAME = {key.name: key for key in KEYS}
