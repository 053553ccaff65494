"""How far a value reaches back: ‖∂ of / ∂ input[t]‖ and ‖∂ of / ∂ h[t]‖ for every step and row, by autograd.

One sample is run again step by step, and the run is compared with the trace.
"""

from collections.abc import Callable
from dataclasses import replace
from math import isnan, prod

import torch
from pydantic import BaseModel

from app.recurrent.build import build, feed
from app.recurrent.cost import Limits
from app.recurrent.errors import Refusal, Say
from app.recurrent.explain.backward import Ask, own_part, run_again, target_of
from app.recurrent.explain.places import index_of, length, row_of
from app.recurrent.forward import Pass
from app.recurrent.losses import aim_of, ignored_in
from app.recurrent.nested import within
from app.recurrent.shapes import Plan
from app.recurrent.shapes import plan as plan_of
from app.recurrent.spec import Cell, TraceRequest
from app.recurrent.trace import Trace

MOST_STEPS = 20_000  # cell steps of all rows together: each costs about 0.15 ms, there and back
TOLERANCE = 1e-5


class RowGradients(BaseModel):
    """‖∂ of / ∂ h[t]‖ for each step of the sequence, and the same for c of an LSTM."""

    h: list[float | None]
    c: list[float | None] | None


class GradientsAnswer(BaseModel):
    """Norms by step of the sequence. `value` is what was differentiated, `max_abs_diff` its distance from the trace.

    of=loss: this sample's part of the mean, its own losses over the count of all; samples do not touch each
    other, so its gradient is that of the whole loss.

    `cell_steps` and `multiply_adds` are what this answer cost.
    """

    cell: str
    sample: int
    of: str
    step: int | None
    row: str | None
    unit: int | None
    how: str
    truncate: int | None
    detach: str
    value: float | None
    max_abs_diff: float | None
    input: list[float | None]
    rows: dict[str, RowGradients]
    cell_steps: int
    multiply_adds: int


class CellsAnswer(BaseModel):
    """The same question to an LSTM, a GRU and an RNN of the same sizes, from the same seed."""

    cells: list[GradientsAnswer]


def gradients(trace: Trace, ask: Ask, limits: Limits, cancelled: Callable[[], bool] = lambda: False) -> GradientsAnswer:
    """The norms for one value of a trace; raises Refusal, also over the limits."""
    ask = checked(trace.plan, ask, limits)
    found = _measure(trace.done, ask, cancelled)
    traced = _traced(trace, ask)
    value = found.value or 0.0
    apart = 0.0 if value == traced or (isnan(value) and isnan(traced)) else abs(traced - value)
    allowed = TOLERANCE * max(1.0, abs(traced)) * trace.plan.P
    if not apart <= allowed:
        raise Refusal(
            "proof-failed",
            Say("problem.explain_failed", {"name": ask.of, "got": f"{apart:.3g}", "expected": f"{allowed:.3g}"}),
            field="of",
            got=apart,
            expected=allowed,
        )
    return found.model_copy(update={"max_abs_diff": apart})


def cells(trace: Trace, ask: Ask, limits: Limits, cancelled: Callable[[], bool] = lambda: False) -> CellsAnswer:
    """LSTM, GRU and RNN beside each other: same sizes, same seed, same input. Raises Refusal."""
    asked = trace.plan.request
    if asked.weights.seed is None:
        raise Refusal("invalid-value", Say("problem.cells_need_seed"), field="weights", expected="seed")
    if asked.interventions is not None:  # a clamped f has no meaning in a GRU
        raise Refusal("invalid-value", Say("problem.cells_changed"), field="interventions")
    if ask.of == "c_n" or ask.detach in ("h", "c"):
        field, got = ("of", ask.of) if ask.of == "c_n" else ("detach", ask.detach)
        raise Refusal("invalid-value", Say("problem.cells_without_c"), field=field, got=got)
    kinds: tuple[Cell, ...] = ("lstm", "gru", "rnn")
    plans = [plan_of(_as(asked, cell), limits) for cell in kinds]
    asks = [checked(plan, ask, limits) for plan in plans]
    found = []
    for plan, each in zip(plans, asks, strict=True):
        with torch.inference_mode():
            # the embedding is drawn before the cell, so every cell reads the same numbers
            done = Pass(plan, build(plan), feed(plan), trace.done.reads[:1], [], {})
        found.append(_measure(done, each, cancelled))
    return CellsAnswer(cells=found)


def _as(asked: TraceRequest, cell: Cell) -> TraceRequest:
    """The same request with another cell; what only one cell has is left out."""
    model = asked.model.model_copy(update={"cell": cell, "proj_size": 0})
    state = asked.state
    if state is not None and cell != "lstm":
        state = state.model_copy(update={"c_0": None})
    return asked.model_copy(update={"model": model, "state": state})


def checked(plan: Plan, ask: Ask, limits: Limits) -> Ask:
    """`ask` with every place counted from the front; raises Refusal, also when it would cost too much."""
    sample = within(ask.sample, plan.N, "sample", "N")
    steps = length(plan, sample)
    if ask.of not in plan.tensors:
        known = ", ".join(name for name in ("output", "h_n", "c_n", "prediction", "loss") if name in plan.tensors)
        raise Refusal(
            "invalid-value", Say("problem.gradients_of", {"known": known}), field="of", got=ask.of, expected=known
        )
    if ask.detach in ("h", "c") and plan.request.model.cell != "lstm":
        raise Refusal("invalid-value", Say("problem.cells_without_c"), field="detach", got=ask.detach)
    width = _width(plan, ask.of)
    unit = None if ask.unit is None else within(ask.unit, width, "unit", "H")
    row = row_of(plan, ask.row or plan.rows[-1].suffix).suffix if ask.of in ("h_n", "c_n") else None
    copies = width if ask.how == "jacobian" and unit is None else 1
    cell_steps, work = _cost(plan, steps, copies)
    if cell_steps > MOST_STEPS:
        raise Refusal(
            "over-limit",
            Say("problem.gradients_steps", {"got": cell_steps, "expected": MOST_STEPS}),
            field="input",
            got=cell_steps,
            expected=MOST_STEPS,
        )
    limits.check("multiply_adds", work, "how" if copies > 1 else "model")
    step = within(ask.step, plan.T if ask.step >= 0 else steps, "step", "T") if ask.of == "output" else 0
    return replace(ask, sample=sample, step=step, unit=unit, row=row)


def _width(plan: Plan, of: str) -> int:
    if of == "loss":
        return 1
    if of == "prediction":
        assert plan.request.head is not None
        return plan.request.head.out_features
    return plan.tensors[of].shape[-1]


def _cost(plan: Plan, steps: int, copies: int) -> tuple[int, int]:
    """Steps of all rows together, and multiply-adds there and back for so many copies."""
    stacked = {"lstm": 4, "gru": 3, "rnn": 1}[plan.request.model.cell] * plan.H
    reads = sum(plan.F if row.layer == 0 else plan.D * plan.P for row in plan.rows)
    return len(plan.rows) * steps, 2 * copies * steps * stacked * (reads + len(plan.rows) * plan.P)


def _measure(done: Pass, ask: Ask, cancelled: Callable[[], bool]) -> GradientsAnswer:
    plan = done.plan
    width, steps = _width(plan, ask.of), length(plan, ask.sample)
    copies = width if ask.how == "jacobian" and ask.unit is None else 1
    with torch.enable_grad():
        walk = run_again(done, ask, copies, cancelled)
        target = target_of(done, walk, ask).reshape(copies, -1)  # (B, units)
        if copies > 1:  # each copy stands for one unit of its own
            target = target.diagonal()
        scalar = target.sum() if ask.unit is None else target[0, ask.unit]
        named = [walk.x, *(h for row in walk.h for h in row), *(c for row in walk.c for c in row)]
        known = scalar.requires_grad  # not beyond the end of a packed sequence
        found = torch.autograd.grad(scalar, named, allow_unused=True) if known else [None] * len(named)
    norms: list[float | None] = [0.0 if each is None else float(each.norm()) for each in found[1:]]
    by_row = [norms[k * steps : (k + 1) * steps] + [0.0] * (plan.T - steps) for k in range(len(norms) // steps)]
    into = found[0]
    entering = [0.0] * steps if into is None else into.flatten(1).norm(dim=1).tolist()
    cell_steps, work = _cost(plan, steps, copies)
    return GradientsAnswer(
        cell=plan.request.model.cell,
        sample=ask.sample,
        of=ask.of,
        step=ask.step if ask.of == "output" else None,
        row=ask.row,
        unit=ask.unit,
        how=ask.how,
        truncate=ask.truncate,
        detach=ask.detach,
        value=float(scalar.detach()),
        max_abs_diff=None,
        input=entering + [0.0] * (plan.T - steps),
        rows={
            row.suffix: RowGradients(h=by_row[row.index], c=by_row[len(plan.rows) + row.index] if walk.c else None)
            for row in plan.rows
        },
        cell_steps=cell_steps,
        multiply_adds=work,
    )


def _traced(trace: Trace, ask: Ask) -> float:
    """The same value as it stands in the trace."""
    plan = trace.plan
    if ask.of == "loss":
        with torch.inference_mode():
            own = own_part(plan, trace.done.tensors["losses"], ask.sample).double().sum()
            count = prod(aim_of(plan.settled).target) - ignored_in(plan.settled)
            return float(own / count)  # 0 / 0 is NaN, as torch's mean of nothing is
    row = None if ask.row is None else row_of(plan, ask.row)
    where = index_of(plan, ask.of, ask.sample, ask.step, ask.unit, row)
    with torch.inference_mode():
        found = trace.done.tensors[ask.of][tuple(slice(None) if place is None else place for place in where)]
        return float(found.double().sum())
