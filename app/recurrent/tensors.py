"""Every tensor of a run by name: its shape with named axes, laid out as torch lays it out."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

from app.recurrent.dropout import drops
from app.recurrent.positions import Row, rows
from app.recurrent.settle import Settled

# What a cell holds at each step, in the order the page shows it.
CELL_TENSORS: dict[str, tuple[str, ...]] = {
    "lstm": ("i", "f", "g", "o", "c", "h"),
    "gru": ("r", "z", "n", "h"),
    "rnn": ("h",),
}


@dataclass(frozen=True)
class TensorPlan:
    """A tensor's shape with named axes, e.g. (2, 5, 8) as ("N", "T", "F")."""

    shape: tuple[int, ...]
    axes: tuple[str, ...]
    dtype: str = "float32"

    @cached_property
    def numbers(self) -> int:
        return prod(self.shape)


@lru_cache(maxsize=64)
def inside_names(cell: str, L: int, D: int) -> tuple[str, ...]:
    """The tensors inside the rows, row by row: l0.i, l0.f, …, l1_reverse.h."""
    return tuple(f"{row.suffix}.{name}" for row in rows(L, D) for name in CELL_TENSORS[cell])


def tensor_plans(settled: Settled, F: int, H: int, P: int, all_rows: tuple[Row, ...]) -> dict[str, TensorPlan]:
    """The tensors before the head. Those inside a row are always N, T, H; the others as torch returns them."""
    asked, model = settled.request, settled.request.model
    N, T, D = settled.batch, settled.steps, 2 if model.bidirectional else 1
    leading = ("N", "T") if model.batch_first else ("T", "N")
    sizes = {"N": N, "T": T}
    hidden = "P" if model.proj_size else "H"

    def made(axes: tuple[str, ...], size: int = 0, dtype: str = asked.dtype) -> TensorPlan:
        """A tensor with these axes, the last of this size; without a batch there is no N."""
        known = {axes[-1]: size} | sizes | {"L·D": len(all_rows)}
        axes = axes if settled.batched else tuple(axis for axis in axes if axis != "N")
        return TensorPlan(tuple(known[axis] for axis in axes), axes, dtype)

    found: dict[str, TensorPlan] = {}
    if asked.input.decode is not None:
        if asked.input.decode.first is not None:
            found["first"] = made(("N", "F"), F)
    elif asked.embedding is not None:
        found["tokens"] = made(leading, dtype="int64")
        found["embedding"] = made((*leading, "F"), F)
    found["input"] = made((*leading, "F"), F)
    if asked.packed and settled.lengths:
        found["packed"] = TensorPlan((sum(settled.lengths), F), ("ΣT", "F"), asked.dtype)
        found["batch_sizes"] = TensorPlan((max(settled.lengths),), ("T",), "int64")
    widths = {"h": (hidden, P), "c": ("H", H)} if model.cell == "lstm" else {"h": (hidden, P)}
    for state, (axis, size) in widths.items():
        found[f"{state}_0"] = made(("L·D", "N", axis), size)
    joined = f"D·{hidden}" if D == 2 else hidden
    for layer in range(model.num_layers - 1 if drops(asked) else 0):
        for name in ("dropout", "dropped"):  # the mask behind a layer, and what the layer above reads
            found[f"{name}_l{layer}"] = made((*leading, joined), D * P)
    found["output"] = made((*leading, joined), D * P)
    for state, (axis, size) in widths.items():
        found[f"{state}_n"] = made(("L·D", "N", axis), size)
    c_like, h_like = (TensorPlan((N, T, size), ("N", "T", axis), asked.dtype) for axis, size in (("H", H), (hidden, P)))
    of_a_row = [h_like if name == "h" else c_like for name in CELL_TENSORS[model.cell]]
    found |= zip(inside_names(model.cell, model.num_layers, D), of_a_row * len(all_rows), strict=True)
    if asked.input.decode is not None:
        found["decoded"] = made(leading, dtype="int64")
    return found
