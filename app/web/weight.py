"""What traces and requests take in memory and on the wire, so that both can be bounded."""

from typing import Any

from app.recurrent import index, trace
from app.recurrent.shapes import Plan

ITEM_BYTES = {"float32": 4, "float64": 8, "int64": 8}
# Python objects: the plan, the modules and the claims of a small trace; a number in a nested list.
TRACE_BYTES = 64 << 10
LISTED_BYTES = 40


def weight(held: trace.Trace) -> int:
    """Bytes that a trace takes in the cache at most, also later, with all the slices it may keep."""
    plan = held.plan
    inside = sum(plan.tensors[name].numbers * ITEM_BYTES[plan.tensors[name].dtype] for name in index.inside(plan))
    own = held.nbytes + TRACE_BYTES + listed_bytes(plan) + min(trace.SLICES_KEPT, inside)
    # an encoder may be kept once more under its own id, which counts it again
    return own if held.encoder is None else own + weight(held.encoder) - held.encoder.nbytes


def listed_bytes(plan: Plan) -> int:
    """Bytes of the nested lists and the words that a request brought along."""
    asked = plan.request
    given: list[Any] = [asked.input.values, asked.input.tokens, asked.lengths, *(asked.weights.values or {}).values()]
    if asked.state is not None:
        given += [asked.state.h_0, asked.state.c_0]
    if asked.input.decode is not None and isinstance(asked.input.decode.first, list):
        given.append(asked.input.decode.first)
    encoder = 0 if plan.encoder is None else listed_bytes(plan.encoder)
    for each in asked.interventions or []:
        given += [each.input and each.input.values, each.state and each.state.h_0, each.state and each.state.c_0]
        given += [each.clamp and each.clamp.units, each.clamp and each.clamp.samples]
    words = sum(map(len, plan.text.rows)) if plan.text is not None else 0
    return LISTED_BYTES * (sum(_listed(each) for each in given) + 3 * words) + encoder


def _listed(value: list[Any] | None) -> int:
    """How many numbers and lists a nested list holds."""
    if not value:
        return 0
    return 1 + (sum(map(_listed, value)) if isinstance(value[0], list) else len(value))


def item_bytes(plan: Plan, name: str, form: str) -> int:
    """Of one number as it is sent: npy keeps the type, f32 and f64 have one."""
    if form in ("f32", "f64"):
        return 4 if form == "f32" else 8
    if plan.encoder is not None and name.startswith(index.ENCODER):
        return item_bytes(plan.encoder, name.removeprefix(index.ENCODER), form)
    return ITEM_BYTES[plan.tensors[name].dtype if name in plan.tensors else plan.request.dtype]
