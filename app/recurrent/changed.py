"""What interventions changed: every tensor beside the same tensor of the run without them."""

from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from app.recurrent.answer import SMALL, listed
from app.recurrent.index import is_small, whole
from app.recurrent.shapes import Plan
from app.recurrent.spec import TraceRequest
from app.recurrent.trace import Trace

MOST_STEPS = 4096  # per tensor; above it `per_step` is left out


class Change(BaseModel):
    """One tensor beside itself without the interventions, Δ = now − original.

    `at` is where |Δ| is largest. `per_step` is max |Δ| at each step of the axis T and `first_step` the
    first where it is not 0; both null without that axis, `first_step` also where nothing differs.
    A Δ that is not finite is null.
    """

    name: str
    shape: list[int]
    max_abs_diff: float | None
    mean_abs_diff: float | None
    at: list[int]
    first_step: int | None
    per_step: list[float | None] | None


class PredictionChange(BaseModel):
    """The head's answer without the interventions and with them."""

    original: Any
    now: Any


class ChangedAnswer(BaseModel):
    """A run beside the same request without its interventions, whose id is `original`.

    `tensors` are all that both have in one shape; of gates and c only while the run is small.
    """

    id: str
    original: str
    same: bool
    tensors: list[Change]
    prediction: PredictionChange | None


def original(request: TraceRequest) -> TraceRequest:
    """The same request without interventions."""
    return request.model_copy(update={"interventions": None})


def changed(now: Trace, before: Trace, ids: tuple[str, str]) -> ChangedAnswer:
    """What differs between a run and the one without interventions; `ids` are theirs in this order."""
    gates = is_small(now.plan, SMALL)
    tensors = [
        _change(now.plan, name, whole(now, name).array, whole(before, name).array)
        for name, tensor in now.plan.tensors.items()
        if before.plan.tensors[name].shape == tensor.shape and (gates or "." not in name or name.endswith(".h"))
    ]
    prediction = None
    if "prediction" in now.plan.tensors:
        values = [listed(whole(trace, "prediction").array) for trace in (before, now)]
        prediction = PredictionChange(original=values[0], now=values[1])
    return ChangedAnswer(
        id=ids[0],
        original=ids[1],
        same=all(each.max_abs_diff == 0 for each in tensors),
        tensors=tensors,
        prediction=prediction,
    )


def _change(plan: Plan, name: str, now: npt.NDArray[Any], before: npt.NDArray[Any]) -> Change:
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.asarray(np.abs(now.astype(np.float64) - before.astype(np.float64)))  # a loss has no axes
    apart[(now == before) | (np.isnan(now) & np.isnan(before))] = 0.0  # infinities that agree
    apart[np.isnan(apart)] = np.inf
    at = np.unravel_index(int(apart.argmax()), apart.shape)
    axes = plan.tensors[name].axes
    steps = None
    if "T" in axes:
        time = axes.index("T")
        steps = apart.max(axis=tuple(axis for axis in range(apart.ndim) if axis != time)).tolist()
    return Change(
        name=name,
        shape=list(now.shape),
        max_abs_diff=_finite(float(apart[at])),
        mean_abs_diff=_finite(float(apart.mean())),
        at=[int(place) for place in at],
        first_step=None if steps is None else next((t for t, each in enumerate(steps) if each), None),
        per_step=None if steps is None or len(steps) > MOST_STEPS else [_finite(each) for each in steps],
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
