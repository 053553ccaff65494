"""The shapes a mistake is about, name and size of every axis, the one that does not fit marked."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from pydantic import BaseModel, Field

Request = dict[str, Any]
Sizes = dict[str, int]  # what is known of N, T, F, H, L, D; and batch_first, 0 or 1


class MarkedAxis(BaseModel):
    """One axis of a shape."""

    axis: str = Field(description="N, T, F, H, L·D, or a product such as 2·H; ? for one without a meaning.")
    size: int | str | None = Field(description="Its length, or what is allowed; null where nothing says it.")
    fault: bool


class MarkedShape(BaseModel):
    """A tensor's shape, or (`argument`) the one argument that is held against it."""

    name: str
    role: Literal["got", "expected"]
    argument: bool
    axes: list[MarkedAxis]


def sizes_of(raw: Request) -> Sizes:
    """What a request says of its own sizes, also a broken one."""
    model, given = _dict(raw.get("model")), _dict(raw.get("input"))
    found: dict[str, Any] = {"F": model.get("input_size"), "H": model.get("hidden_size")}
    layers, both = model.get("num_layers", 1), model.get("bidirectional", False)
    found |= {"L": layers, "D": 2 if both is True else 1, "batch_first": int(model.get("batch_first") is True)}
    random, text = _dict(given.get("random")), given.get("text")
    if random:
        found |= {"N": random.get("batch"), "T": random.get("seq_len")}
    if isinstance(text, list):
        found["N"] = len(text)
    for name, rank in (("values", 3), ("tokens", 2)):
        lengths = _lengths(given.get(name))
        if len(lengths) == rank:
            first = ("N", "T") if model.get("batch_first") is True else ("T", "N")
            found |= dict(zip((*first, "F"), lengths, strict=False))
        elif len(lengths) == rank - 1 and lengths:
            found |= dict(zip(("T", "F"), lengths, strict=False))
    return {name: size for name, size in found.items() if type(size) is int and size >= 0}


def shapes(
    kind: str, got: Any, expected: Any, at: str | None, params: dict[str, Any], sizes: Sizes
) -> list[MarkedShape]:
    """The shapes for a mistake of this kind; none where it is not about a shape."""
    maker = SHAPES.get(kind)
    return maker(_About(got, expected, at or "", params, sizes)) if maker is not None else []


class _About:
    """What a finding says, for the functions below."""

    def __init__(self, got: Any, expected: Any, at: str, params: dict[str, Any], sizes: Sizes) -> None:
        self.got, self.expected, self.at, self.params, self.sizes = got, expected, at, params, sizes

    def shape(
        self,
        name: str,
        axes: Sequence[str],
        faults: Sequence[int] = (),
        *,
        expected: bool = False,
        turns: bool = True,
        **sizes: Any,
    ) -> MarkedShape:
        """A tensor, its axes named as with batch_first, which the request may turn (`turns`); `sizes` go first."""
        known: dict[str, Any] = self.sizes | {
            "L·D": self.sizes["L"] * self.sizes["D"] if {"L", "D"} <= self.sizes.keys() else None,
            "D·H": self.sizes["D"] * self.sizes["H"] if {"D", "H"} <= self.sizes.keys() else None,
        }
        known |= sizes
        if turns and self.sizes.get("batch_first") == 0 and tuple(axes[:2]) == ("N", "T"):
            axes = ("T", "N", *axes[2:])
            faults = [{0: 1, 1: 0}.get(k, k) for k in faults]
        marked = [MarkedAxis(axis=axis, size=known.get(axis), fault=k in faults) for k, axis in enumerate(axes)]
        return MarkedShape(name=name, role="expected" if expected else "got", argument=False, axes=marked)

    def numbered(
        self,
        name: str,
        axes: Sequence[str],
        numbers: Sequence[int | None],
        faults: Sequence[int],
        *,
        expected: bool = False,
    ) -> MarkedShape:
        """A tensor whose sizes the message says."""
        pairs = zip(axes, numbers, strict=True)
        marked = [MarkedAxis(axis=axis, size=size, fault=k in faults) for k, (axis, size) in enumerate(pairs)]
        return MarkedShape(name=name, role="expected" if expected else "got", argument=False, axes=marked)


def _argument(name: str, axis: str, size: Any, *, expected: bool = True) -> MarkedShape:
    whole = size if isinstance(size, int | str) and not isinstance(size, bool) else None
    marked = [MarkedAxis(axis=axis, size=whole, fault=True)]
    return MarkedShape(name=name, role="expected" if expected else "got", argument=True, axes=marked)


def _state(about: _About) -> list[MarkedShape]:
    """(L·D, N, H): the places where the two differ."""
    name = about.at.removeprefix("state.") if about.at.startswith("state.") else "h_0"
    got, expected = about.got, about.expected
    right = ("L·D", "N", "H")
    if not (_is_shape(got, 3) and _is_shape(expected, 3)):
        return [about.shape(name, right, (1,))]
    turned = got == [expected[1], expected[0], expected[2]]
    wrong = [k for k in range(3) if got[k] != expected[k]]
    return [
        about.numbered(name, ("N", "L·D", "H") if turned else right, got, wrong),
        about.numbered(name, right, expected, wrong, expected=True),
    ]


def _state_turned(about: _About) -> list[MarkedShape]:
    """A state that is batch-first; code may not say its sizes."""
    if _is_shape(about.got, 3):
        return _state(about)
    return [
        about.shape("h_0", ("N", "L·D", "H"), (0, 1)),
        about.shape("h_0", ("L·D", "N", "H"), (0, 1), expected=True),
    ]


def _width(about: _About) -> list[MarkedShape]:
    name = "embedding" if about.at.startswith("embedding") else "input"
    return [about.shape(name, ("N", "T", "F"), (2,), F=about.got), _argument("input_size", "F", about.expected)]


def _turned_axes(about: _About) -> list[MarkedShape]:
    return [
        about.shape("input", ("N", "F", "T"), (1, 2), F=about.expected, T=about.got),
        about.shape("input", ("N", "T", "F"), (1, 2), F=about.expected, T=about.got, expected=True, turns=False),
    ]


def _rank(about: _About) -> list[MarkedShape]:
    right = about.shape("input", ("N", "T", "F"), expected=True)
    if not isinstance(about.got, int) or not 0 < about.got < 9:
        return [right]
    more = max(0, about.got - 3)
    axes = ("?",) * more + ("N", "T", "F")[-min(3, about.got) :]
    return [about.shape("input", axes, range(more or about.got), N=None, T=None, F=None), right]


def _state_without_batch(about: _About) -> list[MarkedShape]:
    return [about.shape("input", ("T", "F")), about.shape("h_0", ("L·D", "N", "H"), (1,), N=None)]


def _batch_without_state(about: _About) -> list[MarkedShape]:
    return [
        about.shape("h_0", ("N", "H"), N=None),
        about.shape("h_0", ("L·D", "N", "H"), (0,), N=None, expected=True),
    ]


def _linear(axis: str) -> Callable[[_About], list[MarkedShape]]:
    def made(about: _About) -> list[MarkedShape]:
        if not isinstance(about.got, int):
            return []
        entering = about.numbered("x", ("…", axis), (None, about.got), (1,))
        return [entering, _argument("in_features", "H", about.expected)]

    return made


def _target(about: _About) -> list[MarkedShape]:
    if not (_is_shape(about.got, 2) and _is_shape(about.expected, 2)):
        return []
    wrong = [k for k in range(2) if about.got[k] != about.expected[k]]
    return [
        about.numbered("target", ("N", "T"), about.got, wrong),
        about.numbered("target", ("N", "T"), about.expected, wrong, expected=True),
    ]


def _batches(got: str, expected: str) -> Callable[[_About], list[MarkedShape]]:
    def made(about: _About) -> list[MarkedShape]:
        if not (isinstance(about.got, int) and isinstance(about.expected, int)):
            return []
        return [
            about.shape(got, ("N",), (0,), N=about.got),
            about.shape(expected, ("N",), (0,), N=about.expected, expected=True),
        ]

    return made


def _layout(about: _About) -> list[MarkedShape]:
    first, second = about.params["first"], about.params["second"]
    F = about.sizes.get("F")
    return [
        about.shape("input", ("T", "N", "F"), (0, 1), T=first, N=second, F=F),
        about.shape("input", ("N", "T", "F"), (0, 1), N=first, T=second, F=F, expected=True, turns=False),
    ]


def _last_sample(about: _About) -> list[MarkedShape]:
    """`got` and `expected` are places of axes: the one indexed and that of time."""
    axes = ("N", "T", "H") if about.expected == 1 else ("T", "N", "H")
    return [about.shape("output", axes, (about.got,)), about.shape("output", axes, (about.expected,), expected=True)]


def _mixed(about: _About) -> list[MarkedShape]:
    return [
        about.shape("h_n", ("L·D", "N", "H"), (0, 1)),
        about.shape("h_n.transpose(0, 1)", ("N", "L·D", "H"), (0, 1), expected=True),
    ]


def _one_of(name: str, axes: Sequence[str], fault: int) -> Callable[[_About], list[MarkedShape]]:
    return lambda about: [about.shape(name, axes, (fault,))]


SHAPES: dict[str, Callable[[_About], list[MarkedShape]]] = {
    **dict.fromkeys(("hidden-size", "hidden-batch", "hidden-rows", "hidden-width"), _state),
    "hidden-batch-first": _state_turned,
    "hidden-square": _one_of("h_0", ("L·D", "N", "H"), 1),
    "input-width": _width,
    "input-axes": _turned_axes,
    "input-rank": _rank,
    "input-unbatched": lambda about: [
        about.shape("input", ("T", "F")),
        about.shape("input", ("N", "T", "F"), (0,), N=None, expected=True),
    ],
    "unbatched-state": _state_without_batch,
    "batched-state": _batch_without_state,
    "linear-size": _linear("H"),
    "linear-both": _linear("2·H"),
    "linear-flattened": _linear("T·H"),
    "target-size": _target,
    "target-batch": _batches("prediction", "target"),
    "lengths-count": _batches("lengths", "input"),
    "layout": _layout,
    **dict.fromkeys(("padding-drift", "packed-last"), _one_of("output", ("N", "T", "D·H"), 1)),
    **dict.fromkeys(("bidirectional-last", "code-bidirectional-last"), _one_of("output", ("N", "T", "2·H"), 1)),
    "one-step": _one_of("input", ("N", "T", "F"), 1),
    "empty-sequence": lambda about: [about.shape("input", ("N", "T", "F"), (1,), T=0)],
    "last-sample": _last_sample,
    "reshape-mixes": _mixed,
    "dropout-one-layer": lambda _: [_argument("num_layers", "L·D", 1, expected=False)],
    "proj-large": lambda about: (
        [_argument("proj_size", "H", about.got, expected=False), _argument("hidden_size", "H", about.sizes.get("H"))]
        if isinstance(about.got, int)
        else []
    ),
}


def _is_shape(value: Any, rank: int) -> bool:
    return isinstance(value, list) and len(value) == rank and all(type(size) is int for size in value)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _lengths(value: Any) -> list[int]:
    """The lengths of nested lists, by the first entry of each."""
    found: list[int] = []
    while isinstance(value, list) and value and len(found) < 8:
        found.append(len(value))
        value = value[0]
    return found
