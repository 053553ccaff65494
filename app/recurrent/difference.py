"""One run minus another: the tensors that both have in one shape, and of every other the axis that does not agree."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from app.recurrent.answer import SMALL, TensorAnswer, listed
from app.recurrent.errors import Refusal, Say, stop_if
from app.recurrent.index import Reading, Selection, is_small, read, select
from app.recurrent.shapes import Plan
from app.recurrent.tensors import TensorPlan
from app.recurrent.trace import Trace


class Disagreement(BaseModel):
    """A tensor that both have and that can't be subtracted: its shape and axes in either, and the place of the first
    axis that is another or has another size."""

    name: str
    a: list[int]
    a_axes: list[str]
    b: list[int]
    b_axes: list[str]
    place: int


class DifferenceAnswer(BaseModel):
    """a − b. `tensors` are those of one shape and one order of axes; `values` stand there when both runs are small.

    `apart` are those that agree in name only, `only_a` and `only_b` those that the other run does not have. The
    range of a gate of a large run is null: it is derived when it is asked for.
    """

    a: str
    b: str
    small: bool
    tensors: dict[str, TensorAnswer]
    apart: list[Disagreement]
    only_a: list[str]
    only_b: list[str]


def difference(a: Trace, b: Trace, ids: tuple[str, str], cancelled: Callable[[], bool]) -> DifferenceAnswer:
    """Every number of `a` minus the same number of `b`. Raises Cancelled between two tensors."""
    small = is_small(a.plan, SMALL) and is_small(b.plan, SMALL)
    tensors: dict[str, TensorAnswer] = {}
    apart: list[Disagreement] = []
    for name, planned in a.plan.tensors.items():
        other = b.plan.tensors.get(name)
        if other is None:
            continue
        stop_if(cancelled)
        if not agree(planned, other):
            apart.append(_disagreement(name, planned, other))
        else:
            tensors[name] = _described(a, b, name, small)
    return DifferenceAnswer(
        a=ids[0],
        b=ids[1],
        small=small,
        tensors=tensors,
        apart=apart,
        only_a=[name for name in a.plan.tensors if name not in b.plan.tensors],
        only_b=[name for name in b.plan.tensors if name not in a.plan.tensors],
    )


def agree(one: TensorPlan, other: TensorPlan) -> bool:
    """Whether numbers at one place mean the same: one shape, and the axes in one order, (N, T, H) not (T, N, H)."""
    return one.shape == other.shape and _order(one) == _order(other)


def _order(tensor: TensorPlan) -> list[str]:
    """An h that was projected is still an h."""
    return [axis.replace("P", "H") for axis in tensor.axes]


def both(a: Plan, b: Plan, name: str, at: str | None) -> Selection:
    """A part of a tensor that can be subtracted, checked from the plans alone; raises Refusal."""
    wanted = select(a, name, at)
    other = b.tensors.get(name)
    mine = a.tensors.get(name)
    if other is None or mine is None:
        known = ", ".join(each for each in a.tensors if each in b.tensors and "." not in each)
        raise Refusal("not-found", Say("problem.tensor_unknown", {"known": known}), field="name", expected=known)
    if not agree(mine, other):
        texts = [f"({', '.join(map(str, each.shape))})" for each in (mine, other)]
        orders = [f"({', '.join(each.axes)})" for each in (mine, other)]
        say = Say("problem.difference_shape", {"a": f"{texts[0]} {orders[0]}", "b": f"{texts[1]} {orders[1]}"})
        raise Refusal("shape-mismatch", say, field="minus", got=list(other.shape), expected=list(mine.shape))
    return wanted


def minus(a: Trace, b: Trace, wanted: Selection) -> Reading:
    """The part `wanted` of a, minus the same part of b, in the type that torch would give it."""
    one = read(a, wanted)
    return replace(one, array=subtracted(one.array, read(b, wanted).array))


def subtracted(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """a − b; what is equal, infinite or not, is 0 apart."""
    with np.errstate(invalid="ignore", over="ignore"):
        found: npt.NDArray[Any] = np.asarray(a - b)
    return np.where(a == b, np.zeros((), found.dtype), found)


def _described(a: Trace, b: Trace, name: str, small: bool) -> TensorAnswer:
    planned = a.plan.tensors[name]
    dtype = str(np.result_type(planned.dtype, b.plan.tensors[name].dtype))
    found = TensorAnswer(shape=list(planned.shape), axes=list(planned.axes), dtype=dtype)
    if not small and "." in name:
        return found
    array = minus(a, b, select(a.plan, name, None)).array
    finite = array[np.isfinite(array)]
    if finite.size:
        found.min, found.max = float(finite.min()), float(finite.max())
        found.mean = float(finite.mean(dtype=np.float64))
    if small:
        found.values = listed(array)
    return found


def _disagreement(name: str, a: TensorPlan, b: TensorPlan) -> Disagreement:
    pairs = [list(zip(_order(each), each.shape, strict=True)) for each in (a, b)]
    place = next((k for k, (one, other) in enumerate(zip(*pairs, strict=False)) if one != other), min(map(len, pairs)))
    return Disagreement(
        name=name, a=list(a.shape), a_axes=list(a.axes), b=list(b.shape), b_axes=list(b.axes), place=place
    )
