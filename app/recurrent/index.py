"""Read any tensor of a trace, or a part of it: "0,:,3:10" as numpy would index."""

import re
from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from app.recurrent.errors import Refusal, Say
from app.recurrent.shapes import Plan
from app.recurrent.tensors import TensorPlan
from app.recurrent.trace import Trace

ENCODER = "encoder."  # before the names of the encoder's tensors
_PART = re.compile(r"\s*(-?\d{1,12})?\s*(:)?\s*(-?\d{1,12})?\s*", re.ASCII)


@dataclass(frozen=True)
class Selection:
    """A checked index: per axis first, stop and whether the axis stays; the shape that results."""

    name: str
    bounds: tuple[tuple[int, int, bool], ...]
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    text: str

    @property
    def numbers(self) -> int:
        return prod(self.shape)


@dataclass(frozen=True)
class Reading:
    """A part of a tensor as PyTorch computed it."""

    name: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    index: str
    array: npt.NDArray[np.float32] | npt.NDArray[np.int64]


def select(plan: Plan, name: str, index: str | None) -> Selection:
    """Check a tensor's name and an index against its shape, without touching a number.

    "encoder.h_n" is the encoder's h_n, and so for each of its tensors and parameters.
    """
    if plan.encoder is not None and name.startswith(ENCODER):
        return replace(select(plan.encoder, name.removeprefix(ENCODER), index), name=name)
    tensor = plan.tensors.get(name) or _parameter(plan, name)
    if tensor is None:
        known = [key for key in plan.tensors if "." not in key]
        raise Refusal(
            "not-found",
            Say("problem.tensor_unknown", {"known": ", ".join(known)}),
            field="name",
            expected=", ".join(known),
        )
    parts = index.split(",") if index and index.strip() else []
    if len(parts) > len(tensor.shape):
        raise Refusal(
            "invalid-value",
            Say("problem.index_rank", {"got": len(parts), "expected": len(tensor.shape)}),
            field="index",
            got=len(parts),
            expected=len(tensor.shape),
        )
    parts += [":"] * (len(tensor.shape) - len(parts))
    bounds = tuple(_bounds(part, size, axis) for part, size, axis in zip(parts, tensor.shape, tensor.axes, strict=True))
    kept = [(stop - first, axis) for (first, stop, stays), axis in zip(bounds, tensor.axes, strict=True) if stays]
    text = ",".join(
        (":" if (first, stop) == (0, size) else f"{first}:{stop}") if stays else str(first)
        for (first, stop, stays), size in zip(bounds, tensor.shape, strict=True)
    )
    return Selection(name, bounds, tuple(size for size, _ in kept), tuple(axis for _, axis in kept), text)


def axes_of(plan: Plan, name: str) -> tuple[str, ...]:
    """The axes of a tensor or a parameter that select() has found."""
    held = plan.tensors.get(name) or _parameter(plan, name)
    assert held is not None
    return held.axes


def _parameter(plan: Plan, name: str) -> TensorPlan | None:
    """A parameter can be read as a tensor: the whole recurrent matrix is rnn.weight_hh_l0."""
    found = plan.parameters.get(name)
    if found is None:
        return None
    axes = ("out", "in") if len(found.shape) == 2 else ("out",)
    return TensorPlan(found.shape, axes, plan.request.dtype)


def _bounds(part: str, size: int, axis: str) -> tuple[int, int, bool]:
    match = _PART.fullmatch(part)
    first, colon, stop = match.groups() if match else (None, None, None)
    if match is None or (colon is None and (first is None or stop is not None)):
        raise Refusal("invalid-value", Say("problem.index_syntax"), field="index", expected="0,:,3:10")
    if colon:
        low, high, _ = slice(*(int(end) if end else None for end in (first, stop))).indices(size)
        if low >= high:
            raise Refusal("invalid-value", Say("problem.index_empty", {"axis": axis, "size": size}), field="index")
        return low, high, True
    assert first is not None
    place = int(first)
    if not -size <= place < size:
        raise Refusal(
            "invalid-value",
            Say("problem.index_range", {"got": place, "axis": axis, "size": size}),
            field="index",
            got=place,
            expected=f"-{size} … {size - 1}",
        )
    return place % size, place % size + 1, False


def read(trace: Trace, selection: Selection) -> Reading:
    """The numbers of a selection. Gates and c are derived here, for the samples asked for only."""
    if trace.encoder is not None and selection.name.startswith(ENCODER):
        inner = replace(selection, name=selection.name.removeprefix(ENCODER))
        return replace(read(trace.encoder, inner), name=selection.name)
    with torch.inference_mode():
        found = _derived(trace, selection) if selection.name in inside(trace.plan) else _stored(trace, selection)
        array = found.reshape(selection.shape).contiguous().numpy()
    return Reading(selection.name, selection.shape, selection.axes, selection.text, array)


def inside(plan: Plan) -> set[str]:
    """The tensors inside the rows: l0.i, l0_reverse.h and so on."""
    return {name for name in plan.tensors if "." in name}


def _slices(selection: Selection) -> tuple[slice, ...]:
    return tuple(slice(first, stop) for first, stop, _ in selection.bounds)


def _stored(trace: Trace, selection: Selection) -> Tensor:
    stored = trace.done.tensors.get(selection.name)
    whole = trace.done.modules.named()[selection.name] if stored is None else stored
    return whole[_slices(selection)]


def _derived(trace: Trace, selection: Selection) -> Tensor:
    """A tensor of one row, axes N, T, H."""
    suffix, quantity = selection.name.split(".")
    row = next(row for row in trace.plan.rows if row.suffix == suffix)
    samples, steps, units = _slices(selection)
    if quantity == "h":
        return trace.done.h[row.index].transpose(0, 1)[samples, steps, units]
    return trace.cells(row, range(samples.start, samples.stop), (quantity,))[quantity][:, steps, units]


def whole(trace: Trace, name: str) -> Reading:
    """Every number of one tensor."""
    return read(trace, select(trace.plan, name, None))


def is_small(plan: Plan, numbers: int) -> bool:
    """Whether every value of every tensor may travel with the trace."""
    return plan.numbers <= numbers
