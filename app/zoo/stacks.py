"""Every recurrent stack among named tensors, found by its keys and shapes, with the embedding and linear that fit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

Shape = tuple[int, ...]

_PART = re.compile(
    r"(?P<prefix>.*?)(?P<kind>(?:weight|bias)_(?:ih|hh|hr))(?P<layer>_l\d{1,3})?(?P<back>_reverse)?(?:_raw)?"
)
_PEEPHOLE = re.compile(r"(?:weight|w)_?(?:c[ifoh]|p[ifo])(?:_l\d+)?(?:_reverse)?|peep.*", re.IGNORECASE)
_NORM = re.compile(r"(?:layer_?norm|ln|norm)[^/]*", re.IGNORECASE)
_SPLIT = re.compile(r"(?:weight|bias)_(?:ih|hh)(?:_l\d+)?(?:_reverse)?(?:_[gv])|parametrizations\..*")
_TABLE = re.compile(r"emb|vocab|lookup|wte|word|token", re.IGNORECASE)
_LAST = re.compile(r"head|fc|linear|out|dense|class|decod|proj|logit|predict", re.IGNORECASE)
CELLS = {4: "lstm", 3: "gru", 1: "rnn"}


@dataclass(frozen=True)
class Stack:
    """One recurrent module. `names`: the API's name of each parameter → the file's; bias "" is one of zeros."""

    prefix: str
    cell: str
    input_size: int
    hidden_size: int
    num_layers: int
    bias: bool
    bidirectional: bool
    proj_size: int
    nonlinearity: str | None  # where the file says it
    names: dict[str, str]
    embedding: tuple[int, int] | None = None  # (V, F)
    head: tuple[int, int] | None = None  # (out, D·P)

    @property
    def width(self) -> int:
        """Features of `output`: D·P."""
        return (2 if self.bidirectional else 1) * (self.proj_size or self.hidden_size)


@dataclass
class Found:
    """What a file turned out to hold; `ignored`: name and key of the reason."""

    stacks: list[Stack] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


class _Unfit(Exception):
    """A group of tensors that is no stack we can show; the text is the key of the reason."""


def find(shapes: Mapping[str, Shape], finite: Mapping[str, bool], facts: Mapping[str, str]) -> Found:
    """The stacks among tensors of these shapes, in the order of the file."""
    groups: dict[str, dict[tuple[int, bool, str], str]] = {}
    bare: set[str] = set()  # prefixes whose names carry no layer, as nn.LSTMCell's
    split: dict[str, str] = {}
    for name in shapes:
        part = _PART.fullmatch(name)
        if part is not None:
            prefix = re.sub(r"(^|\.)module\.$", r"\1", part["prefix"])
            if part["layer"] is None:
                bare.add(prefix)
            layer = int((part["layer"] or "_l0")[2:])
            groups.setdefault(prefix, {}).setdefault((layer, part["back"] is not None, part["kind"]), name)
        elif (at := _SPLIT.search(name)) is not None and at.end() == len(name):
            split.setdefault(name[: at.start()], name)
    found, used = Found(), set()  # type: tuple[Found, set[str]]
    for prefix, parts in groups.items():
        used |= set(parts.values())
        try:
            if any(not finite[name] for name in parts.values()):
                raise _Unfit("upload.ignored.nonfinite")
            if prefix in split:
                raise _Unfit("upload.ignored.weight_norm")
            _check_beside(prefix, shapes, cell=prefix in bare)
            found.stacks.append(_stack(prefix, parts, shapes, facts.get(prefix)))
        except _Unfit as unfit:
            found.ignored.append((prefix or next(iter(parts.values())), str(unfit)))
    for prefix, name in split.items():
        if prefix not in groups:
            found.ignored.append((prefix or name, "upload.ignored.weight_norm"))
    left = {name: shape for name, shape in shapes.items() if name not in used and finite[name]}
    found.stacks = [_furnished(stack, left) for stack in found.stacks]
    for stack in found.stacks:
        used |= set(stack.names.values())
    found.ignored += [(name, "upload.ignored.other") for name in shapes if name not in used]
    return found


def _check_beside(prefix: str, shapes: Mapping[str, Shape], *, cell: bool) -> None:
    """Other parameters of the same module say that its cell is another one."""
    for name in shapes:
        rest = name[len(prefix) :] if name.startswith(prefix) else ""
        if _PEEPHOLE.fullmatch(rest):
            raise _Unfit("upload.ignored.peepholes")
        if cell and _NORM.fullmatch(rest.split(".")[0]) and rest:
            raise _Unfit("upload.ignored.layer_norm")


def _stack(
    prefix: str, parts: dict[tuple[int, bool, str], str], shapes: Mapping[str, Shape], fact: str | None
) -> Stack:
    layers = 1 + max(layer for layer, _, _ in parts)
    both = any(back for _, back, _ in parts)
    bias = any(kind.startswith("bias") for _, _, kind in parts)
    projected = any(kind == "weight_hr" for _, _, kind in parts)
    kinds = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else []), *(["weight_hr"] if projected else [])]
    wanted = [(k, back, kind) for k in range(layers) for back in ([False, True] if both else [False]) for kind in kinds]
    if set(wanted) != set(parts):
        raise _Unfit("upload.ignored.incomplete")
    recurrent = shapes[parts[0, False, "weight_hh"]]
    first = shapes[parts[0, False, "weight_ih"]]
    if len(recurrent) != 2 or len(first) != 2 or 0 in recurrent or 0 in first:
        raise _Unfit("upload.ignored.shapes")
    P = recurrent[1]
    H = P
    if projected:
        H = (shapes[parts[0, False, "weight_hr"]] + (0, 0))[1]
    gates, rest = divmod(recurrent[0], max(H, 1))
    if rest or gates not in CELLS or (projected and (gates != 4 or not P < H)):
        raise _Unfit("upload.ignored.shapes")
    F, D = first[1], 2 if both else 1
    for layer, _, kind in wanted:
        reads = F if layer == 0 else D * P
        expected = {"weight_ih": (gates * H, reads), "weight_hh": (gates * H, P), "weight_hr": (P, H)}
        if shapes[parts[layer, _, kind]] != expected.get(kind, (gates * H,)):
            raise _Unfit("upload.ignored.shapes")
    names = {
        f"rnn.{kind}_l{layer}{'_reverse' if back else ''}": parts[layer, back, kind] for layer, back, kind in wanted
    }
    return Stack(prefix, CELLS[gates], F, H, layers, bias, both, P if projected else 0, fact, names)


def _furnished(stack: Stack, left: Mapping[str, Shape]) -> Stack:
    """The stack with the embedding table before it and the linear layer after it, where some fit."""
    names, embedding, head = dict(stack.names), None, None
    table = _best(stack.prefix, [n for n, s in left.items() if _is_table(n, s, stack, left)], _TABLE)
    if table is not None:
        names["embedding.weight"] = table
        embedding = (left[table][0], left[table][1])
    linear = _best(
        stack.prefix,
        [n for n, s in left.items() if n != table and _is_linear(n, s, stack, left)],
        _LAST,
    )
    if linear is not None:
        names["head.weight"] = linear
        names["head.bias"] = _bias(linear) if _bias(linear) in left else ""
        head = (left[linear][0], left[linear][1])
    return Stack(**{**vars(stack), "names": names, "embedding": embedding, "head": head})


def _bias(name: str) -> str:
    return re.sub(r"weight$", "bias", name)


def _is_table(name: str, shape: Shape, stack: Stack, left: Mapping[str, Shape]) -> bool:
    if len(shape) != 2 or shape[1] != stack.input_size or shape[0] < 1 or not name.endswith("weight"):
        return False
    return _TABLE.search(name) is not None or (_bias(name) not in left and not _LAST.search(name))


def _is_linear(name: str, shape: Shape, stack: Stack, left: Mapping[str, Shape]) -> bool:
    if len(shape) != 2 or shape[1] != stack.width or shape[0] < 1 or not name.endswith("weight"):
        return False
    return left.get(_bias(name), (shape[0],)) == (shape[0],) and _TABLE.search(name) is None


def _best(prefix: str, names: list[str], likely: re.Pattern[str]) -> str | None:
    """The name that stands nearest to the stack; of equals one that is called so, else the first."""

    def rank(name: str) -> tuple[int, bool]:
        ours, theirs = prefix.split("."), name.split(".")
        shared = next((k for k, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), 0)
        return -shared, likely.search(name) is None

    return min(names, key=rank) if names else None
