"""What torch's functions and a tensor's methods make of tensors, by what they hold."""

import ast
from dataclasses import replace
from typing import Any

from app.recurrent.code.record import Record
from app.recurrent.code.values import ACTIVATIONS, LOSSES, Holds, Seeded, Unknown, numbers, sizes

MADE = ("noise", "ids", "data", "zeros", "input", "embedded")
SAME = {
    "contiguous", "float", "long", "int", "double", "to", "cuda", "cpu", "detach", "clone", "requires_grad_", "type",
    "numpy", "requires_grad", "astype",
}  # fmt: skip
# what a script does around a forward pass and no trace has a place for
SILENT = {
    "print", "len", "range", "super", "__init__", "no_grad", "inference_mode", "set_grad_enabled", "tuple", "list",
    "isinstance", "int", "float", "str", "size", "dim", "device", "is_available", "setdefault", "equal", "all",
    "allclose", "parameters", "summary", "compile", "build", "fit", "randperm", "assert_close", "arange",
}  # fmt: skip


def picked(record: Record, value: Holds, places: list[Any], node: ast.AST) -> Holds:
    """value[places]; None in `places` is a whole axis."""
    while places and places[-1] is None:
        places = places[:-1]
    if value.kind in ("logits", "activated") or (value.kind == "data" and not places):
        return value
    if value.kind == "output" and places in ([-1], [None, -1]):
        if len(places) - 1 != record.time_axis(value):
            record.skip("layout", node, f"output[{record.text(node)}]")
        return Holds("last_step")
    if value.kind == "h_n" and len(places) == 1 and type(places[0]) is int:
        row = places[0] % record.rows
        if -record.rows <= places[0] < record.rows and row >= record.rows - (2 if record.both else 1):
            return Holds("h_last" if row == record.rows - 1 else "h_before")
    return Holds("other")


def method(record: Record, value: Holds, name: str, given: list[Any], named: dict[str, Any], node: ast.AST) -> Any:
    """value.name(given)."""
    if name in SAME or (value.kind in ("logits", "activated") and name not in ACTIVATIONS):
        return value
    if name in ACTIVATIONS:
        return record.activate(value, ACTIVATIONS[name], node)
    if name in ("size", "dim", "item", "tolist", "shape"):
        return Unknown(record.text(node))
    if name in ("t", "transpose", "swapaxes", "permute"):
        order = tuple(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else tuple(given)
        if value.kind in (*MADE, "output") and order in ((), (0, 1), (1, 0), (1, 0, 2)):
            return value.swapped()
    if name == "unsqueeze" and value.kind in MADE:
        place = given[0] if given and type(given[0]) is int else 0
        shape = value.shape
        return replace(value, shape=shape and (*shape[:place], 1, *shape[place:]) if place >= 0 else None, seed=None)
    if name == "squeeze":
        alone = value.kind == "h_n" and record.rows == 1
        return Holds("h_last") if alone else value
    if name == "mean" and value.kind == "output":
        dim = given[0] if given else named.get("dim", named.get("axis"))
        if dim == record.time_axis(value):
            return Holds("mean")
    if name == "sum" and value.kind == "masked":
        return Holds("summed")
    if name in ("view", "reshape", "flatten"):
        if value.kind == "output" and given[:1] == [-1] and len(given) == 2:
            return Holds("flat")
        if value.kind in ("h_last", "joined", "last_step", "flat"):
            return value
        if value.kind == "h_n":
            record.skip("mixed", node)
    return replace(value, kind="other")


def computed(record: Record, operator: ast.operator, left: Holds, right: Any) -> Holds:
    """left and right by an operator; (output * mask).sum(1) / lengths[:, None] is the mean over true steps."""
    if left.kind == "output" and isinstance(operator, ast.Mult):
        return Holds("masked")
    if left.kind == "summed" and isinstance(operator, ast.Div):
        held = right.data if isinstance(right, Holds) else None
        record.lengths = sizes(held) if isinstance(held, list) else None
        return Holds("mean")
    return left if left.kind in ("input", "noise") else Holds("other")


def torch_function(record: Record, name: str, given: list[Any], named: dict[str, Any], node: ast.Call) -> Any:
    """name(given), where it is neither a constructor nor a method."""
    last = name.rpartition(".")[2]
    value = given[0] if given else None
    if last == "manual_seed":
        record.seed = value if type(value) is int else record.seed
        return None
    if last == "Generator":
        return Seeded(0)
    if last == "set_default_dtype":
        record.dtype = "float64" if isinstance(value, Unknown) and value.text.endswith("float64") else record.dtype
        return None
    if last in ("randn", "rand", "zeros", "ones", "randint", "normal"):
        return _drawn(last, given, named)
    if last in ("tensor", "LongTensor", "FloatTensor", "Tensor", "as_tensor", "array"):
        return Holds("data", data=numbers(value))
    if last in ("cat", "concat", "concatenate") and isinstance(value, tuple | list):
        return _joined(record, list(value), node)
    if last == "pad_sequence" and isinstance(value, list):
        return _padded(value, named.get("batch_first", given[1] if len(given) > 1 else False))
    if last == "pack_padded_sequence" and isinstance(value, Holds):
        lengths = given[1] if len(given) > 1 else named.get("lengths")
        held = lengths.data if isinstance(lengths, Holds) else lengths
        known = sizes(list(held)) if isinstance(held, list | tuple) else None
        return replace(value, packed=True, lengths=known)
    if last == "pad_packed_sequence" and isinstance(value, Holds):
        return value, Unknown("lengths")
    if last in ACTIVATIONS:
        return record.activate(value, ACTIVATIONS[last], node)
    if last in LOSSES:
        return record.judge(LOSSES[last], [*given, *(named[each] for each in ("input", "target") if each in named)])
    if isinstance(value, Holds) and name.startswith(("torch.", "F.")) and last in (
        "mean", "squeeze", "transpose", "permute", "flatten", "reshape",
    ):  # fmt: skip
        return method(record, value, last, given[1:], named, node)
    if last in SILENT or name.startswith("os."):
        return Unknown(name)
    record.skip("call", node)
    return replace(value, kind="other") if isinstance(value, Holds) else Unknown(name)


def _drawn(last: str, given: list[Any], named: dict[str, Any]) -> Holds:
    generator = named.get("generator")
    seed = generator.seed if isinstance(generator, Seeded) else None
    if last == "randint":
        shape = named.get("size", given[-1] if given else None)
        return Holds("ids", sizes([shape]) if isinstance(shape, tuple | list) else None, seed)
    return Holds("zeros" if last == "zeros" else "noise", sizes(given), seed)


def _joined(record: Record, parts: list[Any], node: ast.AST) -> Holds:
    kinds = [each.kind for each in parts if isinstance(each, Holds)]
    if kinds == ["h_before", "h_last"]:
        return Holds("joined")
    if kinds == ["h_last", "h_before"]:
        record.skip("order", node)
        return Holds("joined")
    return Holds("other")


def _padded(rows: list[Any], first: Any) -> Holds:
    """pad_sequence of rows written as numbers: the numbers, padded with 0."""
    held = [each.data for each in rows if isinstance(each, Holds) and isinstance(each.data, list)]
    if len(held) < len(rows) or not held or any(isinstance(each, list) for row in held for each in row):
        return Holds("other")
    longest = max(map(len, held))
    if longest * len(held) > 100_000:
        return Holds("other")
    filled = [row + [0] * (longest - len(row)) for row in held]
    return Holds("data", data=filled if first is True else [list(column) for column in zip(*filled, strict=True)])
