"""Two runs side by side: what differs in the request, the code, the shapes, the parameters and the values."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from app.recurrent.answer import SMALL
from app.recurrent.difference import agree
from app.recurrent.errors import stop_if
from app.recurrent.index import is_small, whole
from app.recurrent.shapes import Plan
from app.recurrent.spec import Strict, TraceRequest
from app.recurrent.trace import Trace

MOST = 200  # differences listed of one kind
SHOWN = 8  # entries up to which a list of the request is shown itself


class CompareRequest(Strict):
    """Two runs to hold against each other."""

    a: TraceRequest
    b: TraceRequest


class Differs(BaseModel):
    """One thing by name that differs; None where one run does not have it."""

    name: str
    a: Any | None
    b: Any | None


class Apart(BaseModel):
    """A tensor or parameter that both have in one shape: max |a − b|, and where. None: not finite."""

    name: str
    shape: list[int]
    max_abs_diff: float | None
    at: list[int]


class CompareAnswer(BaseModel):
    """Lists of what differs, empty where nothing does; `values` and `weights` hold everything both have.

    Gates are compared when both runs are small.
    """

    a: str
    b: str
    request: list[Differs]
    code: list[Differs]
    shapes: list[Differs]
    parameters: list[Differs]
    parameter_count: tuple[int, int]
    multiply_adds: tuple[int, int]
    values: list[Apart]
    weights: list[Apart]
    same: bool


def compare(a: Trace, b: Trace, ids: tuple[str, str], cancelled: Callable[[], bool] = lambda: False) -> CompareAnswer:
    """What differs between two traces; `ids` are their names. Raises Cancelled between two tensors."""
    shapes = [_shapes(trace.plan) for trace in (a, b)]
    parameters = [{name: list(each.shape) for name, each in trace.plan.parameters.items()} for trace in (a, b)]
    asked = [_flat(trace.plan.request.model_dump(mode="json")) for trace in (a, b)]
    code = [{stage.name: stage.code for stage in trace.plan.stages} for trace in (a, b)]
    gates = is_small(a.plan, SMALL) and is_small(b.plan, SMALL)
    values = []
    for name, tensor in a.plan.tensors.items():
        other = b.plan.tensors.get(name)
        if other is not None and agree(tensor, other) and (gates or "." not in name):
            stop_if(cancelled)
            values.append(_apart(name, whole(a, name).array, whole(b, name).array))
    held = [trace.done.modules.named() for trace in (a, b)]
    weights = []
    for name, shape in parameters[0].items():
        if parameters[1].get(name) == shape:
            stop_if(cancelled)
            weights.append(_apart(name, held[0][name].detach().numpy(), held[1][name].detach().numpy()))
    found = {
        "request": _differing(*asked),
        "code": _differing(*code),
        "shapes": _differing(*shapes),
        "parameters": _differing(*parameters),
    }
    same = not any(found.values()) and all(each.max_abs_diff == 0 for each in (*values, *weights))
    return CompareAnswer(
        a=ids[0],
        b=ids[1],
        **found,
        parameter_count=(a.plan.parameter_count, b.plan.parameter_count),
        multiply_adds=(a.plan.cost.multiply_adds, b.plan.cost.multiply_adds),
        values=values,
        weights=weights,
        same=same,
    )


def _shapes(plan: Plan) -> dict[str, list[int]]:
    return {name: list(tensor.shape) for name, tensor in plan.tensors.items()}


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    """{"model.hidden_size": 6, …}; a long list counts as one value, shown by its length."""
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{name}.{key}" if name else key)
        return found
    return {name: value}


def _shown(value: Any) -> Any:
    if isinstance(value, list) and (len(value) > SHOWN or any(isinstance(each, list) for each in value)):
        return f"a list of {len(value)}"
    return value


def _differing(a: dict[str, Any], b: dict[str, Any]) -> list[Differs]:
    names = [name for name in dict.fromkeys([*a, *b]) if a.get(name) != b.get(name)]
    return [Differs(name=name, a=_shown(a.get(name)), b=_shown(b.get(name))) for name in names[:MOST]]


def _apart(name: str, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> Apart:
    with np.errstate(invalid="ignore"):
        difference = np.abs(a.astype(np.float64) - b.astype(np.float64))
    difference[(a == b) | (np.isnan(a) & np.isnan(b))] = 0.0  # infinities that agree
    difference[np.isnan(difference)] = np.inf
    at = np.unravel_index(int(difference.argmax()), difference.shape)
    worst = float(difference[at])
    return Apart(
        name=name,
        shape=list(a.shape),
        max_abs_diff=worst if np.isfinite(worst) else None,
        at=[int(place) for place in at],
    )


class Line(BaseModel):
    """One stage of either run, as a line of code; None where a run does not have it."""

    stage: str
    a: str | None
    b: str | None
    same: bool


def code_lines(a: Plan, b: Plan) -> list[Line]:
    """The two programs side by side, stage by stage, in the order in which they run."""
    code = [{stage.name: stage.code for stage in plan.stages} for plan in (a, b)]
    found = []
    for name in dict.fromkeys([*code[0], *code[1]]):
        left, right = code[0].get(name), code[1].get(name)
        if not left and not right:
            continue  # words become numbers without a line of torch
        found.append(Line(stage=name, a=left, b=right, same=left == right))
    return found
